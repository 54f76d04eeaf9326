"""Tests of suite.finance.smiles."""
