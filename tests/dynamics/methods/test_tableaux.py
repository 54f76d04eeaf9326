"""The coefficients of the explicit methods against Butcher's order conditions."""

import math
from functools import cache
from itertools import combinations_with_replacement

import numpy as np
import pytest

from suite.core import Step
from suite.dynamics.equation import EPS, Equation, Flow, Tolerance
from suite.dynamics.methods.explicit import dop853, dormand_prince

SCHEMES = pytest.mark.parametrize("scheme", [dormand_prince, dop853])
# Slopes, then those of the polynomial alone; its order.
FACTS = {dormand_prince: (7, 0, 4), dop853: (13, 3, 7)}


def equation_of(fun):
    return Equation(fun, Tolerance(0.0, 1.0), 100.0)


def value(coefficients, theta):
    """Σ c[k] θ^(k+1)."""
    return sum(row * theta**power for power, row in enumerate(coefficients, 1))


@cache
def trees(order):
    """The rooted trees of an order, as sorted tuples of their branches."""
    if order == 1:
        return [()]
    found = set()

    def grow(left, most, branches):
        if left == 0:
            found.add(tuple(sorted(branches)))
        for size in range(min(left, most), 0, -1):
            for count in range(1, left // size + 1):
                for some in combinations_with_replacement(trees(size), count):
                    grow(left - count * size, size - 1, branches + some)

    grow(order - 1, order - 1, ())
    return sorted(found)


def vertices(tree):
    return 1 + sum(vertices(branch) for branch in tree)


def density(tree):
    """γ(t) of Butcher's theory."""
    return vertices(tree) * math.prod(density(branch) for branch in tree)


def elementary(tree, weights):
    """The elementary weights of all slopes [s]."""
    found = np.ones(len(weights))
    for branch in tree:
        found = found * (weights @ elementary(branch, weights))
    return found


def tableau_of(scheme):
    """Weights, nodes and polynomial of a method, seen by a function that answers unit vectors.

    The k-th slope is the k-th unit vector, so that every state which the method asks for, and its
    polynomial too, is the row of its coefficients.
    """
    first, extra, _ = FACTS[scheme]
    units = np.eye(first + extra)
    weights, nodes, count = np.zeros((first + extra,) * 2), np.zeros(first + extra), [1]

    def fun(time, y):
        k = count[0]
        weights[k], nodes[k] = y, time
        count[0] += 1
        return units[k]

    method = scheme(equation_of(fun))
    before = Flow(0.0, np.zeros(first + extra), units[0])
    after = method.attempt(before, Step(1.0)).state
    polynomial, cost = method.dense(before, after)
    assert cost == extra
    return weights, nodes, after.y, polynomial


@SCHEMES
def test_the_order_conditions_hold(scheme):
    weights, nodes, new, polynomial = tableau_of(scheme)
    _, _, dense_order = FACTS[scheme]
    order = scheme(equation_of(None)).order
    assert [len(trees(k)) for k in range(1, 9)] == [1, 1, 2, 4, 9, 20, 48, 115]
    # What sums of coefficients known to a unit in the last place leave: some rounding of terms.
    np.testing.assert_allclose(weights.sum(1), nodes, atol=16 * EPS * abs(weights).sum(1).max())
    for tree in (tree for k in range(1, order + 1) for tree in trees(k)):
        terms, size = elementary(tree, weights), elementary(tree, abs(weights))
        wrong = new @ terms - 1.0 / density(tree)
        assert abs(wrong) < 8 * EPS * (abs(new) @ size)
        if vertices(tree) > dense_order:
            continue
        for theta in (0.1, 0.35, 0.5, 0.8, 1.0):
            row, sizes = value(polynomial, theta), value(abs(polynomial), theta)
            wrong = row @ terms - theta ** vertices(tree) / density(tree)
            assert abs(wrong) < 8 * EPS * (sizes @ size)


@SCHEMES
def test_no_order_is_hidden(scheme):
    # The conditions of the next order fail, so the test of those that hold can fail too.
    weights, _, new, _ = tableau_of(scheme)
    order = scheme(equation_of(None)).order
    wrong = [new @ elementary(t, weights) - 1.0 / density(t) for t in trees(order + 1)]
    assert max(map(abs, wrong)) > 1e-7
