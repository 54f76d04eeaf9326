"""Tables larger than memory, a part at a time.

`stream` runs the job; `header` and `batches` read parts, `arrow` solves one, `collect` finds
forwards in a first pass, `checkpoint` keeps what is finished, `summary` adds it up.
"""
