"""The inversion of option prices as vector code.

From the bottom up: `elementary` (functions written out), `normalised` (one quote without units),
`inversion` (Black) and `normal` (Bachelier) with their steps, `stages` (columns and what is done
with them); `trace`, `vectors` and `native` make machine code of the same functions; `passes` runs
whole arrays through them, `careful` takes the rows that are refused, and `engine` joins the two.
"""
