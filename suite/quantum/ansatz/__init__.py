"""Parametrised circuits to search in: built by name, read from files, drawn."""
