"""The cases of these benchmarks: problems of the package, where they end, what is true there."""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np

from suite.dynamics.problems import ODEProblem, problem

REFERENCE = Path(__file__).parents[2] / "tests" / "reference" / "dynamics.json"

# Test Set for IVP Solvers, release 2.4: the ends of the two that the file does not have.
_HIRES = [
    0.7371312573325668e-3,
    0.1442485726316185e-3,
    0.5888729740967575e-4,
    0.1175651343283149e-2,
    0.2386356198831331e-2,
    0.6238968252742796e-2,
    0.2849998395185769e-2,
    0.2850001604814231e-2,
]
_OREGONATOR = [0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3]


class Case(NamedTuple):
    """A problem until `end`, the true state there, and atol over rtol."""

    name: str
    problem: ODEProblem
    end: float
    true: Any
    atol: float = 1.0
    worst_component: bool = False

    def error(self, y):
        """max |y - true| / max |true|, or the worst relative error of a component."""
        apart = np.abs(np.asarray(y) - self.true)
        if self.worst_component:
            return float((apart / np.abs(self.true)).max())
        return float(apart.max() / np.abs(self.true).max())

    @property
    def span(self):
        return (self.problem.t_span[0], self.end)


class Counted:
    """A function that counts its calls, whoever makes them and why."""

    def __init__(self, fun):
        self.fun = fun
        self.calls = 0

    def __call__(self, t, y):
        self.calls += 1
        return self.fun(t, y)


def reference(identity, time):
    """The stored state of a case at a time."""
    cases = {c["id"]: c for c in json.loads(REFERENCE.read_text())["cases"]}
    for row in cases[identity]["states"]:
        if math.isclose(float(row["t"]), time, rel_tol=1e-12):
            return np.array([float(x) for x in row["state"]])
    raise KeyError((identity, time))


def smooth():
    """Kepler 0.6 and 0.9, Arenstorf, Pleiades and Lorenz, as the literature runs them."""
    period = problem("arenstorf").t_span[1]
    return [
        Case(
            "Kepler 0.6", problem("kepler", eccentricity=0.6), 100.0, reference("kepler_e0.6", 100)
        ),
        Case(
            "Kepler 0.9", problem("kepler", eccentricity=0.9), 100.0, reference("kepler_e0.9", 100)
        ),
        Case("Arenstorf", problem("arenstorf"), period, reference("arenstorf", period)),
        Case("Pleiades", problem("pleiades"), 3.0, reference("pleiades", 3)),
        Case("Lorenz", problem("lorenz"), 10.0, reference("lorenz", 10)),
    ]


def stiff():
    """Robertson, van der Pol 1000, HIRES and the Oregonator, with tolerances as usual for them."""
    end = 321.8122
    van_der_pol = problem("van_der_pol")
    return [
        Case("Robertson 1e5", problem("robertson"), 1e5, reference("robertson", 1e5), 1e-8, True),
        Case(
            "Robertson 1e11", problem("robertson"), 1e11, reference("robertson", 1e11), 1e-8, True
        ),
        Case("van der Pol 1000", van_der_pol, 2000.0, reference("van_der_pol_mu1000", 2000), 1e-6),
        Case("HIRES", problem("hires"), end, np.array(_HIRES), 1e-4),
        Case("Oregonator", problem("oregonator"), 360.0, np.array(_OREGONATOR), 1e-4),
    ]


def kepler_state(y0, time, digits=40):
    """Where the planar Kepler orbit (GM = 1) from exactly these numbers is at exactly this time.

    Kepler's equation in the eccentric anomaly by mpmath, from pericentre on the x axis. `y0` may be
    of doubles or of mpmath's numbers.
    """
    with mpmath.workdps(digits):
        radius, speed = mpmath.mpf(y0[0]), mpmath.mpf(y0[3])
        axis = 1 / (2 / radius - speed**2)
        e = 1 - radius / axis
        motion = axis ** mpmath.mpf("-1.5")
        mean = mpmath.fmod(motion * mpmath.mpf(time), 2 * mpmath.pi)
        anomaly = mpmath.findroot(
            lambda E: E - e * mpmath.sin(E) - mean, (mean - e, mean + e), solver="anderson"
        )
        minor = axis * mpmath.sqrt(1 - e * e)
        rate = motion / (1 - e * mpmath.cos(anomaly))
        found = (
            axis * (mpmath.cos(anomaly) - e),
            minor * mpmath.sin(anomaly),
            -axis * mpmath.sin(anomaly) * rate,
            minor * mpmath.cos(anomaly) * rate,
        )
        return np.array([float(x) for x in found])


def kepler_true(eccentricity, time):
    """The same from the start that a decimal eccentricity names, which doubles only approach."""
    with mpmath.workdps(40):
        e = mpmath.mpf(eccentricity)
        return kepler_state((1 - e, 0, 0, mpmath.sqrt((1 + e) / (1 - e))), time)


def kepler_energy_error(y):
    """|E - E0| / |E0| of a state of the orbit with semi-major axis 1, without rounding."""
    with mpmath.workdps(40):
        x, z, u, v = (mpmath.mpf(float(part)) for part in y)
        return float(abs((u * u + v * v) - 2 / mpmath.sqrt(x * x + z * z) + 1))
