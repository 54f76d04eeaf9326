"""What a stored run is told by: whatever a function reads, and nothing that changes by itself."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from suite.core import Status
from suite.dynamics import solve
from suite.dynamics.about import told
from suite.errors import StoreMismatch

RATES = {"rate": 1.0}
HELD = SimpleNamespace(rate=1.0, inner=SimpleNamespace(rate=1.0))
HELD.itself = HELD


class Fixed:
    rate = 1.0


@dataclass(slots=True)
class Slotted:
    rate: float = 1.0


SLOTTED = Slotted()


def slower(y):
    return -y


def faster(y):
    return -2.0 * y


def closed():
    held = SimpleNamespace(rate=1.0)
    return held, lambda t, y: -held.rate * y


def set_rate(held, value):
    if isinstance(held, dict):
        held["rate"] = value
    else:
        held.rate = value


OF_CLOSURE, BY_CLOSURE = closed()
READERS = {
    "dict": (RATES, lambda t, y: -RATES["rate"] * y),
    "object": (HELD, lambda t, y: -HELD.rate * y),
    "object within": (HELD.inner, lambda t, y: -HELD.inner.rate * y),
    "slots": (SLOTTED, lambda t, y: -SLOTTED.rate * y),
    "class": (Fixed, lambda t, y: -Fixed.rate * y),
    "closure": (OF_CLOSURE, BY_CLOSURE),
}


@pytest.mark.parametrize("name", READERS)
def test_a_parameter_is_seen_wherever_it_is_held(name):
    held, fun = READERS[name]
    before = told(fun)
    assert told(fun) == before
    set_rate(held, 2.0)
    try:
        assert told(fun) != before
    finally:
        set_rate(held, 1.0)
    assert told(fun) == before


def test_a_function_that_is_called_is_seen(monkeypatch):
    fun = lambda t, y: slower(y) * np.cos(t)  # noqa: E731
    before = told(fun)
    monkeypatch.setitem(globals(), "slower", faster)
    assert told(fun) != before


def test_a_run_does_not_go_on_with_another_parameter(tmp_path):
    held, fun = READERS["dict"]
    first = solve(fun, (0.0, 10.0), [1.0], store=tmp_path / "run", max_evaluations=30)
    assert first.status is Status.OUT_OF_BUDGET
    set_rate(held, 2.0)
    try:
        with pytest.raises(StoreMismatch):
            solve(fun, (0.0, 10.0), [1.0], store=tmp_path / "run")
    finally:
        set_rate(held, 1.0)
    assert solve(fun, (0.0, 10.0), [1.0], store=tmp_path / "run").success
