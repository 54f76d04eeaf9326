"""Differential equations on the core."""
