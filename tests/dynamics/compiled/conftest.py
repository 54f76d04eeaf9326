"""A run that many tests look at."""

import pytest


@pytest.fixture(scope="module")
def orbit():
    from tests.dynamics.compiled.functions import ORBIT, kepler, made_ahead, prepared

    run = prepared(kepler, ORBIT, 40.0, 1e-7)
    return run, made_ahead(run)
