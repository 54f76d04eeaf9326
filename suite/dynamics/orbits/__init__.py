"""Bodies under their gravity."""
