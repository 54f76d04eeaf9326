"""Forwards and discount factors of a quote table.

`parity` fits lines through calls less puts, `curve` reads rate curves, `fitted` joins both with
what a table says itself.
"""
