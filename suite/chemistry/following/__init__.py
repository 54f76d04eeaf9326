"""The path itself: steps on a surrogate surface that true gradients correct, and their check."""
