"""Stationary points of a surface: minima and saddles, found and proved."""
