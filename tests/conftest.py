"""How hypothesis runs here: no deadline, because a loaded machine is no failure."""

from hypothesis import settings

settings.register_profile("suite", deadline=None, max_examples=50)
settings.load_profile("suite")
