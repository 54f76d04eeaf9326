"""Explicit Runge-Kutta methods of orders 5 and 8, as attempts of the core."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from suite.core import ErrorControl, Signal, Step, Trial
from suite.core.control import Filter
from suite.dynamics.equation import Equation, Flow, Rate, Scheme, Tolerance, Vector
from suite.dynamics.methods.tableaux import DOP853, DORMAND_PRINCE, Tableau, to_powers
from suite.errors import AttemptFailed

__all__ = ["LAW", "dop853", "dormand_prince"]

Measure: TypeAlias = Callable[[Vector, Vector, Vector], tuple[float, float, float, float, float]]
"""From error estimates and the differences of the last two stages [m + 2, n], and the states at
both ends of a step [n], to sums of squares of the first and of the last estimate over the
tolerance, the lengths of these differences, and the rounding of the step over the tolerance."""
Value: TypeAlias = Callable[[float, float, int], float]
"""From these two sums and the number of components to the error over its tolerance."""

LAW = ErrorControl("error", Filter(1.3, -0.3, -0.3), safety=0.65)
"""The law that serves these methods best: the elementary controller with 0.3 of the predictive
correction (`suite.core.PREDICTIVE` has all of it), aimed below the tolerance.

A refused attempt wastes all of its evaluations, a smaller step of order 8 few. Gain and safety lie
on a wide plateau of evaluations at equal error over Kepler, Arenstorf, Pleiades and Lorenz.
"""

# Up to this many components plain floats are quicker than arrays.
_FEW = 12
# Up to this many it is quicker to sum all slopes, those to come being zero, than to cut them.
_SHORT = 1000
# Makes a named tuple at a third of the time that its own constructor takes.
_new = tuple.__new__


def dormand_prince(equation: Equation) -> Scheme:
    """The embedded Runge-Kutta pair of orders 5(4) of Dormand and Prince.

    Shows the signal `error` of order 5, and notes `h_lambda`. Costs six evaluations (the seventh is
    the next step's first); its polynomial, of degree and order 4, costs none. Source:
    `tableaux.DORMAND_PRINCE`.

    >>> from suite.dynamics.equation import start
    >>> equation = Equation(lambda t, y: -y, Tolerance(1e-6), end=1.0)
    >>> flow = start(equation.fun, 0.0, [1.0])
    >>> trial = dormand_prince(equation).attempt(flow, Step(0.1))
    >>> abs(trial.state.y[0] - np.exp(-0.1)) < 1e-9
    np.True_
    """

    def value(fourth: float, _: float, size: int) -> float:
        return math.sqrt(fourth / size)

    return _scheme("RK45", 5, equation, DORMAND_PRINCE, value)


def dop853(equation: Equation) -> Scheme:
    """The explicit Runge-Kutta method of order 8 of Dormand, Prince and Hairer.

    Shows the signal `error` of order 8, made of estimates of orders 5 and 3 (Hairer, Nørsett and
    Wanner, Solving ODEs I, II.10, eq. 10.17), and notes `h_lambda`. Costs twelve evaluations; its
    polynomial, of degree and order 7, costs three more. Source: `tableaux.DOP853`.

    >>> from suite.dynamics.equation import start
    >>> equation = Equation(lambda t, y: -y, Tolerance(1e-6), end=1.0)
    >>> flow = start(equation.fun, 0.0, [1.0])
    >>> trial = dop853(equation).attempt(flow, Step(0.5))
    >>> abs(trial.state.y[0] - np.exp(-0.5)) < 1e-9
    np.True_
    """

    def value(fifth: float, third: float, size: int) -> float:
        both = fifth + 0.01 * third
        return fifth / math.sqrt(both * size) if both != 0.0 else 0.0

    return _scheme("DOP853", 8, equation, DOP853, value)


def _scheme(name: str, order: int, equation: Equation, tableau: Tableau, value: Value) -> Scheme:
    """The method of a tableau.

    Its last two slopes share their time: h |Δf| / |Δy| between them is h |λ| of the mode that a
    step excites most, noted as "h_lambda" (Hairer and Wanner, Solving ODEs II, IV.2).
    """
    # The bare function is guarded once a step, not once a stage.
    bare, arrive = equation.bare or equation.fun, equation.arrive
    last = len(tableau.nodes)
    # A stage takes y as the last of its sum, so that it is rounded once; the update adds it.
    coefficients = np.ones((last, last + 2))
    coefficients[:, :-1] = tableau.weights
    coefficients[-1, -1] = 0.0
    looks = _looks(tableau)
    measure = _measure(equation.tolerance)
    spare: list[_Weights] = []

    def attempt(flow: Flow, step: Step, fun: Rate = bare) -> Trial:
        time, y, rate, _, memory = flow
        # Between the two times as they are, or else their rounding walks away over many steps.
        after = arrive(time, step.size)
        h = after - time
        weights = spare.pop() if spare else _weights(tableau)
        table, units, sizes, stages, update = weights
        sizes.fill(h)
        np.multiply(coefficients, units, table)
        # Zeros, so that weights of zero meet no NaN in slopes that are still to come; last comes y.
        slopes = np.zeros((last + 2, y.size), y.dtype)
        slopes[0] = rate
        slopes[-1] = y
        made, short = 0, y.size <= _SHORT
        try:
            for made, node, row in stages:
                y_stage = row.dot(slopes) if short else y + row[:made].dot(slopes[:made])
                slopes[made] = fun(time + node * h, y_stage)
            made = last
            y_new = y + update.dot(slopes)
            slopes[last] = fun(after, y_new.copy())  # fun may write into what it is given
        except (ArithmeticError, ValueError) as failure:
            raise _failed(failure, made) from failure
        except TypeError:
            if fun is equation.fun:
                raise
            return attempt(flow, step, equation.fun)  # whose guard knows what is wrong
        first, second, apart, change, noise = measure(looks.dot(slopes), y, y_new)
        spare.append(weights)
        error = abs(h) * value(first, second, y.size)
        signal = _new(Signal, (error if error < math.inf else math.nan, noise, order))
        state = _new(Flow, (after, y_new, slopes[last], slopes[:-1], {**memory}))
        cost = {"evaluations": last}
        notes = {"h_lambda": change / apart if apart > 0.0 else 0.0}
        return _new(Trial, (state, {"error": signal}, cost, None, None, notes, ""))

    def dense(before: Flow, after: Flow) -> tuple[Vector, int]:
        return _polynomial(equation, tableau, before, after)

    return Scheme(name, order, attempt, dense)


def _failed(failure: Exception, made: int) -> AttemptFailed:
    """The refusal of an attempt whose last evaluation of `made` raised, as `guarded` words it."""
    sentence = f"The function raised {type(failure).__name__} ({failure})."
    if isinstance(failure, AttemptFailed):
        sentence = str(failure)
    return AttemptFailed(sentence, {"evaluations": made})


class _Weights(NamedTuple):
    """The weights of a step's size, made in place in `table`: `stages` are numbers, nodes and rows
    over the slopes and y, `update` is the last row. `units` is what it is multiplied by: the
    `sizes` of the step, a view, and in the last column one.

    One attempt at a time holds such a place, so that attempts may run beside each other.
    """

    table: Vector
    units: Vector
    sizes: Vector
    stages: list[tuple[int, float, Vector]]
    update: Vector


def _weights(tableau: Tableau) -> _Weights:
    count = len(tableau.nodes)
    # A table of its own is multiplied quicker than a number or a row.
    table, units = np.zeros((count, count + 2)), np.ones((count, count + 2))
    *stages, update = table
    places = list(zip(range(1, count), tableau.nodes, stages, strict=False))
    return _Weights(table, units, units[:, :-1], places, update)


def _looks(tableau: Tableau) -> Vector:
    """What is looked at in the slopes and y of a step: the error estimates, and what the last two
    stages differ by in y, over h, and in f."""
    estimates, slopes = tableau.errors.shape
    looks = np.zeros((estimates + 2, slopes + 1))
    looks[:-2, :-1] = tableau.errors
    looks[-2, :-1] = tableau.weights[-1] - tableau.weights[-2]
    looks[-1, -3:-1] = -1.0, 1.0
    return looks


def _measure(tolerance: Tolerance) -> Measure:
    # A common tolerance answers the same rounding for every state, one near rounding its own.
    nowhere = np.array([math.nan])
    common = tolerance.rounding(nowhere, nowhere)
    floats = tolerance.blocks is None and not math.isnan(common)
    relative, absolute = _listed(tolerance.relative), _listed(tolerance.absolute)

    def measure(
        looks: Vector, y: Vector, y_new: Vector
    ) -> tuple[float, float, float, float, float]:
        if not floats or y.size > _FEW or y.dtype.kind != "f":
            return _many(tolerance, looks, y, y_new)
        *errors, apart, change = looks.tolist()
        before, after, sums = y.tolist(), y_new.tolist(), []
        try:
            for error in errors:
                total = 0.0
                # To name `strict` takes as long as a component.
                for one, old, new, share, least in zip(error, before, after, relative, absolute):  # noqa: B905
                    size = new if new >= 0.0 else -new
                    other = old if old >= 0.0 else -old
                    # The last term is NaN where the new state is infinite.
                    one /= share * (other if other > size else size) + least + 0.0 * new
                    total += one * one
                sums.append(total)
        except ZeroDivisionError:
            return _many(tolerance, looks, y, y_new)
        return sums[0], sums[-1], math.hypot(*apart), math.hypot(*change), common

    return measure


def _listed(bound: float | Vector) -> list[float]:
    """A tolerance by component, as far as a measure by floats may ask."""
    return bound.tolist() if isinstance(bound, np.ndarray) and bound.ndim else [float(bound)] * _FEW


def _many(
    tolerance: Tolerance, looks: Vector, y: Vector, y_new: Vector
) -> tuple[float, float, float, float, float]:
    """A measure by arrays, for whatever state and tolerance."""
    *errors, apart, change = looks
    scale = tolerance.scale(y, y_new)
    noise = tolerance.rounding(scale, y_new)
    first = last = math.nan
    if np.isfinite(y_new).all():
        first, last = _square(errors[0] / scale), _square(errors[-1] / scale)
    return first, last, math.sqrt(_square(apart)), math.sqrt(_square(change)), noise


def _square(vector: Vector) -> float:
    return float(np.vdot(vector, vector).real)


def _polynomial(
    equation: Equation, tableau: Tableau, before: Flow, after: Flow
) -> tuple[Vector, int]:
    """Powers of θ [d, n] of the polynomial over a step, and the evaluations it took.

    It meets the state and the rate after the step, also where a projection has moved them.
    """
    h = after.time - before.time
    first, extras = len(tableau.nodes) + 1, len(tableau.extra_nodes)
    slopes = np.zeros((first + extras, before.y.size), before.y.dtype)
    slopes[:first] = after.stages
    slopes[first - 1] = after.rate
    for row, (node, weights) in enumerate(zip(tableau.extra_nodes, tableau.extra, strict=True)):
        slopes[first + row] = equation.fun(
            before.time + node * h, before.y + h * weights.dot(slopes)
        )
    change = after.y - before.y
    bend = h * slopes[0] - change
    twist = change - h * after.rate - bend
    rows = np.vstack([change, bend, twist, h * tableau.dense.dot(slopes)])
    return to_powers(len(rows)).dot(rows), extras
