"""Implied volatility of whole quote tables."""
