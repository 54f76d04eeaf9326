"""The methods by which VQE goes down, by name."""

from __future__ import annotations

from collections.abc import Callable

from suite.quantum.steps.baselines import adam, fixed_natural_gradient, gradient_descent
from suite.quantum.steps.course import Course, Method
from suite.quantum.steps.gauss_newton import gauss_newton
from suite.quantum.steps.lbfgs import lbfgs
from suite.quantum.steps.natural import natural

__all__ = ["Course", "Method", "methods"]

methods: dict[str, Callable[[Course], Method]] = {
    "gauss-newton": gauss_newton,
    "natural": natural,
    "qng": fixed_natural_gradient,
    "gradient-descent": gradient_descent,
    "adam": adam,
    "l-bfgs": lbfgs,
}
