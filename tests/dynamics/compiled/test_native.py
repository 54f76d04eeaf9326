"""What numba takes, what it compiles in, and that nothing else is touched."""

import subprocess
import sys

import numpy as np
import pytest

from suite.dynamics import solve
from suite.dynamics.compiled import (
    ahead_of,
    is_compiled,
    kernel,
    layout,
    numba_takes,
)
from suite.dynamics.compiled.bursts import _measure_of
from suite.dynamics.compiled.native import native_rate
from suite.dynamics.equation import (
    EPS,
    Equation,
    Tolerance,
)
from suite.errors import InputError, MissingPackage
from tests.dynamics.compiled.functions import (
    kepler,
    lorenz,
    made_ahead,
    prepared,
    pushed,
    square,
)


def test_parameters_that_are_floats_need_no_other_compilation():
    run = prepared(pushed, [0.0], 50.0, 1e-9, args=(2.0, 3.0))
    assert made_ahead(run)[-1].after.state.y[0] == pytest.approx(1.5, rel=1e-8)
    assert native_rate(pushed, (2.0, 3.0)).rate is native_rate(pushed, (4.0, 1.0)).rate


def test_other_parameters_are_compiled_in():
    rates = np.array([1.0, 2.0])
    run = prepared(pushed, [0.0, 0.0], 50.0, 1e-9, args=(rates, 2))
    np.testing.assert_allclose(made_ahead(run)[-1].after.state.y, [2.0, 1.0], rtol=1e-8)
    assert native_rate(pushed, (rates.copy(), 2)).rate is run.ahead.native.rate
    assert native_rate(pushed, (rates, 2.0)).rate is not run.ahead.native.rate


def test_a_plain_function_is_compiled_on_request_or_refused():
    run = prepared(lambda t, y: -y, [1.0], 1.0, 1e-9)
    assert made_ahead(run)[-1].after.state.y[0] == pytest.approx(np.exp(-1.0), rel=1e-8)
    equation = Equation(lambda t, y: y, Tolerance(1e-6))
    for refused in (lambda t, y: sorted(vars(y)), lambda t, y: 1.0):
        assert not numba_takes(refused)
        with pytest.raises(InputError, match="numba cannot compile fun"):
            ahead_of(refused, equation)
    assert numba_takes(square)
    with pytest.raises(InputError, match="plain functions only"):
        ahead_of(np.negative, equation)
    with pytest.raises(InputError, match="DOP853 and RK45"):
        ahead_of(square, equation, "Radau")


def test_numba_is_not_loaded_to_find_out():
    code = (
        "import sys, suite.dynamics; from suite.dynamics.compiled import is_compiled; "
        "assert not is_compiled(lambda t, y: y); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert is_compiled(kepler)


@pytest.mark.parametrize("method", ["DOP853", "RK45"])
def test_machine_code_is_the_kernel_to_the_bit(method):
    """Nothing is fused or reordered: a step of plain Python gives the same bits. Only log and exp
    of the law are another library's."""

    def rate(time, y, out, parameters):
        out[:] = lorenz.py_func(time, y)
        return 0

    run = prepared(lorenz, [1.0, 2.0, 3.0], 1.0, 1e-9, method)
    burst = run.ahead.burst(run.first.after, 1)
    rows = run.ahead._rows(run.first.after, 1, True)
    ahead, tolerance = run.ahead, _measure_of(run.equation.tolerance, 3)
    kernel.burst(rate, np.zeros(0), ahead._method, ahead._constants, ahead._bounds, tolerance, rows)
    assert np.array_equal(burst.y, rows.y)
    assert np.array_equal(burst.slopes[1], rows.slopes[1])
    assert np.array_equal(burst.codes, rows.codes)
    exact = [layout.TIME, layout.SIZE, layout.VALUE, layout.NOISE, layout.STABILITY]
    assert np.array_equal(burst.numbers[1, exact], rows.numbers[1, exact])
    np.testing.assert_allclose(burst.numbers[1], rows.numbers[1], rtol=20 * EPS)


def test_without_numba_the_package_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not is_compiled(lambda t, y: y)
    with pytest.raises(MissingPackage, match=r"suite-adaptive\[compiled\]"):
        native_rate(lambda t, y: y)


RATE = 1.0


def test_what_a_plain_function_takes_from_outside_may_change(monkeypatch):
    step, rates = 1.0, np.array([1.0])

    def globally(t, y):
        return -RATE * y

    def within(t, y):
        return -step * y

    def by_array(t, y):
        return -rates * y

    def end(fun):
        return solve(fun, (0.0, 1.0), [1.0], compiled=True, rtol=1e-9).y[0, -1]

    kept = [native_rate(fun).rate for fun in (globally, within, by_array)]
    assert [native_rate(fun).rate for fun in (globally, within, by_array)] == kept
    assert [end(fun) for fun in (globally, within, by_array)] == pytest.approx([np.exp(-1.0)] * 3)
    monkeypatch.setitem(globals(), "RATE", 2.0)
    step, rates[0] = 2.0, 2.0
    assert [end(fun) for fun in (globally, within, by_array)] == pytest.approx([np.exp(-2.0)] * 3)
