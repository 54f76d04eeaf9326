"""What a path ends in: minima, or fragments told apart."""
