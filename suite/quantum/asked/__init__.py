"""What a run is asked: the problem file, its settings as a value, the task they make."""
