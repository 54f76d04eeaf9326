"""Traced functions give the bits that NumPy gives, for any operation and any number of rows."""

import numpy as np
import pytest

from suite.finance.kernel import native
from suite.finance.kernel.elementary import bits, number, select
from suite.finance.kernel.passes import Job, run
from suite.finance.kernel.vectors import Fork, Plan, Stage

RNG = np.random.default_rng(3)


def everything(a, b):
    """Each operation that a stage may use."""
    c = select((a < b) & (b <= 2.0) | (a == 1.0), a / b, -np.sqrt(a) + 3.0 * b - 1.0)
    k = (bits(a) >> 52) - 1023
    return c, 2.0 / (1.0 + number((k + 1023) << 52)), select(a < b, 1.0, -1.0)


def positive(sign, a):
    return (sign * a,)


def negative(sign, a):
    return (sign - a,)


PLAN = Plan(
    (Stage("everything", everything, (0, 1), (2, 3, 5)),),
    (),
    Fork(5, Stage("positive", positive, (5, 0), (4,)), Stage("negative", negative, (5, 0), (4,))),
    chunk=64,
    tile=16,
    table=5,
    work=1,
)


@pytest.mark.parametrize("rows", [1, 7, 8, 16, 17, 63, 64, 65, 1000])
def test_compiled_and_not_give_the_same_bits(rows, monkeypatch, tmp_path):
    monkeypatch.setenv("SUITE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(native, "_loaded", {})
    monkeypatch.setattr("suite.finance.kernel.passes.SMALL", 0)
    inputs = RNG.uniform(0.1, 3.0, rows), RNG.uniform(0.1, 3.0, rows)
    found = {column: np.empty(rows) for column in (2, 3, 4)}
    run(Job("test", PLAN, True), inputs, found, rows, threads=2)
    monkeypatch.setattr(native, "load", lambda name, plan: None)
    expected = {column: np.empty(rows) for column in (2, 3, 4)}
    run(Job("test", PLAN, True), inputs, expected, rows, threads=1)
    for column, values in expected.items():
        np.testing.assert_array_equal(found[column], values)
    a, b = inputs
    np.testing.assert_array_equal(expected[4], np.where(a < b, a, -1.0 - a))


def test_one_number_serves_for_all_rows():
    found = {2: np.empty(3)}
    run(Job("test", PLAN, True), (np.float64(1.0), np.arange(1.0, 4.0)), found, 3, threads=1)
    np.testing.assert_array_equal(found[2], everything(np.ones(3), np.arange(1.0, 4.0))[0])
