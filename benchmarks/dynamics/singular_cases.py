"""Equations whose solutions end at a known time, and others that only seem to."""

import math
from typing import Any, NamedTuple

import numpy as np

from suite.dynamics.problems import problem


class Pole(NamedTuple):
    """y' = fun(t, y) from y0 at `start`, singular at `time` with this exponent (0: a logarithm)."""

    name: str
    fun: Any
    y0: Any
    time: float
    exponent: float
    start: float = 0.0


class Decoy(NamedTuple):
    """y' = fun(t, y) over the span, with no singularity in it."""

    name: str
    fun: Any
    y0: Any
    span: tuple[float, float]


def power(p, factor=1.0, start=1.0):
    found = problem("blow_up", p=p, factor=factor, start=start)
    name = f"y^{p:g}" if (factor, start) == (1.0, 1.0) else f"{factor:g} y^{p:g} from {start:g}"
    return Pole(name, found.fun, found.y0, found.singular_time, 1.0 / (p - 1.0))


def named(name, exponent, label):
    found = problem(name)
    return Pole(label, found.fun, found.y0, found.singular_time, exponent)


def beside(t, y):
    """tan t beside an oscillator a thousand times as large."""
    return np.array([1.0 + y[0] * y[0], y[2], -9.0 * y[1]])


def coupled(t, y):
    """u' = u v, v' = u² keeps u² - v²; from u = v = 1 both are 1/(1 - t)."""
    return np.array([y[0] * y[1], y[0] * y[0]])


def offset(t, y):
    """y = 100 + (1 - t)^(-1/2): the growth begins late."""
    return 0.5 * (y - 100.0) ** 3


def fifty(t, y):
    """Forty-nine that decay and one that ends."""
    rates = -0.1 * np.arange(50.0) * y
    rates[0] = y[0] * y[0]
    return rates


def poles():
    return [
        *(power(p) for p in (1.2, 1.5, 2.0, 3.0, 4.0, 6.0)),
        power(3.0, 2.5, 0.3),
        named("riccati", 1.0, "y² + t²"),
        named("tangent", 1.0, "1 + y²"),
        named("exponential_blow_up", 0.0, "e^y"),
        named("weierstrass", 2.0, "y'' = 6 y²"),
        Pole("u' = u v, v' = u²", coupled, (1.0, 1.0), 1.0, 1.0),
        Pole("tan beside an oscillator", beside, (0.0, 1e3, 0.0), math.pi / 2, 1.0),
        Pole("100 + (1-t)^-1/2", offset, (101.0,), 1.0, 0.5),
        Pole("-y² downwards", lambda t, y: -y * y, (-1.0,), 1.0, 1.0),
        Pole("backward in time", lambda t, y: -y * y, (1.0,), -1.0, 1.0),
        Pole("t_s = 1e-6", lambda t, y: 1e6 * y * y, (1.0,), 1e-6, 1.0),
        Pole("t_s = 1e6", lambda t, y: 1e-6 * y * y, (1.0,), 1e6, 1.0),
        Pole("from t = 100", lambda t, y: y * y, (1.0,), 101.0, 1.0, 100.0),
        Pole("one of fifty", fifty, (1.0,) * 50, 1.0, 1.0),
    ]


def near_misses():
    found = []
    for k in range(2, 13, 2):
        # near_miss counts the distance of the poles, whose square is the eps of the literature.
        p = problem("near_miss", distance=10.0 ** (-k / 2))
        found.append(Decoy(f"near miss, eps 1e-{k}", p.fun, p.y0, p.t_span))
    return found


def built_in(name, label=None, **parameters):
    p = problem(name, **parameters)
    return Decoy(label or name, p.fun, p.y0, p.t_span)


def stiff_linear(t, y):
    return np.array([-1e6 * (y[0] - math.cos(t))])


def decoys():
    return [
        built_in("exponential_growth", "e^t to 1e43"),
        Decoy("e^(300 t)", lambda t, y: 300.0 * y, (1.0,), (0.0, 2.0)),
        Decoy("double exponential", lambda t, y: y * math.exp(t), (1.0,), (0.0, 6.0)),
        Decoy("y log y", lambda t, y: y * np.log(y), (2.0,), (0.0, 6.0)),
        Decoy("logistic", lambda t, y: y * (1.0 - y), (1e-6,), (0.0, 40.0)),
        Decoy("steep logistic", lambda t, y: 100.0 * y * (1.0 - y), (1e-9,), (0.0, 1.0)),
        Decoy(
            "growing oscillation",
            lambda t, y: np.array([y[1], -y[0] + y[1]]),
            (1.0, 0.0),
            (0.0, 60.0),
        ),
        Decoy("Gaussian rise", lambda t, y: 2.0 * t * y, (1.0,), (0.0, 15.0)),
        Decoy("t^20", lambda t, y: 20.0 * t**19 + 0.0 * y, (0.0,), (0.0, 10.0)),
        Decoy("pole behind", lambda t, y: -y * y, (1e6,), (0.0, 10.0)),
        Decoy("stiff, forced", stiff_linear, (0.0,), (0.0, 1.0)),
        *near_misses(),
        built_in("kepler", "Kepler 0.6", eccentricity=0.6),
        built_in("kepler", "Kepler 0.99", eccentricity=0.99),
        built_in("arenstorf"),
        built_in("pleiades"),
        built_in("lorenz"),
        built_in("brusselator"),
        built_in("van_der_pol", "van der Pol 5", mu=5.0),
        built_in("van_der_pol", "van der Pol 50", mu=50.0),
        built_in("van_der_pol", "van der Pol 1000"),
        built_in("hires"),
        built_in("oregonator"),
        built_in("robertson"),
    ]
