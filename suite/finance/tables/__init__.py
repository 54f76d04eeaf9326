"""Quote tables as vendors write them, brought to one frame of fields.

`sources` opens files, frames and databases (`texts` the text files), `layouts` finds the fields by
the columns that `vendors` write, `fields` reads them with `cells`, `moments`, `symbols` and
`daycount`; `suspicion` and `market` say what is wrong with a row, `notes` put it into words, and
`alike` gives the answers back in the kind of table that was given.
"""
