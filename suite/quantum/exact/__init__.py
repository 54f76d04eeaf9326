"""Exact engines: energy, gradient, metric and Gauss-Newton matrix from one sweep of derivatives."""
