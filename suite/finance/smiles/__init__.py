"""Smiles of a solved table: SVI slices, arbitrage between quotes, and what a picture needs."""
