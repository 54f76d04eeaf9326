"""A charged particle on its momentum, to any Lorentz factor."""
