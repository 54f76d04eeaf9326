"""Equations that are stiff and that are not, and the runs that are handed over between methods."""

import numpy as np
from scipy.integrate import solve_ivp

from suite.core import begin, march, relay
from suite.dynamics.equation import Equation, Tolerance, first_size, smallest_step, start
from suite.dynamics.methods import explicit
from suite.dynamics.methods.explicit import dop853
from suite.dynamics.methods.radau import LAW, newton_limits, radau
from suite.dynamics.watch.hand_over import EXPLICIT, STIFF, hand_over
from suite.dynamics.watch.stiffness import measured


class Counted:
    """A right-hand side that counts its calls, those for Jacobians too."""

    def __init__(self, fun):
        self.fun, self.calls = fun, 0

    def __call__(self, t, y):
        self.calls += 1
        return self.fun(t, y)


def radau_of_scipy(fun, end, y0, rtol, atol):
    """Where SciPy's Radau arrives [n], and the calls it takes."""
    counted = Counted(fun)
    done = solve_ivp(counted, (0.0, end), y0, "Radau", rtol=rtol, atol=atol, t_eval=[end])
    return done.y[:, -1], counted.calls


def robertson(t, y):
    slow, fast, back = 0.04 * y[0], 3e7 * y[1] * y[1], 1e4 * y[1] * y[2]
    return np.array([back - slow, slow - back - fast, fast])


def van_der_pol(t, y):
    return np.array([y[1], 1000.0 * (1.0 - y[0] * y[0]) * y[1] - y[0]])


def oregonator(t, y):
    a, b, c = y
    first = 77.27 * (b + a * (1.0 - 8.375e-6 * a - b))
    return np.array([first, (c - (1.0 + a) * b) / 77.27, 0.161 * (a - c)])


def relaxation(t, y):
    """Prothero and Robinson's equation, whose solution is cos t."""
    return -1e3 * (y - np.cos(t)) - np.sin(t)


def damped(t, y):
    """A damped mode that turns, beside a slow one."""
    return np.array([-500.0 * y[0] - 800.0 * y[1], 800.0 * y[0] - 500.0 * y[1], -y[2]])


STIFF_CASES = {
    "robertson": (robertson, 1e5, [1.0, 0.0, 0.0], 1e-8),
    "van der pol": (van_der_pol, 2000.0, [2.0, 0.0], 1e-6),
    "oregonator": (oregonator, 360.0, [1.0, 2.0, 3.0], 1e-4),
    "relaxation": (relaxation, 10.0, [2.0], 1.0),
    "damped": (damped, 10.0, [1.0, 0.0, 1.0], 1e-3),
}


def kepler(t, y):
    return np.concatenate([y[2:], -y[:2] / np.hypot(y[0], y[1]) ** 3])


def arenstorf(t, s):
    m, (x, y, u, v) = 0.012277471, s
    near, far = np.hypot(x + m, y) ** 3, np.hypot(x - 1 + m, y) ** 3
    return np.array(
        [
            u,
            v,
            x + 2 * v - (1 - m) * (x + m) / near - m * (x - 1 + m) / far,
            y - 2 * u - (1 - m) * y / near - m * y / far,
        ]
    )


def lorenz(t, y):
    return np.array([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])


def pleiades(t, s):
    masses, (x, y) = np.arange(1.0, 8.0), s[:14].reshape(2, 7)
    across, up = x - x[:, None], y - y[:, None]
    cubes = np.hypot(across, up) ** 3 + np.eye(7)
    return np.concatenate([s[14:], (across / cubes) @ masses, (up / cubes) @ masses])


def roessler(t, y):
    return np.array([-y[1] - y[2], y[0] + 0.2 * y[1], 0.2 + y[2] * (y[0] - 5.7)])


def oscillator(frequency, damping=0.0, force=0.0):
    """y'' + 2 damping frequency y' + frequency^2 y, driven at its own frequency, and a slow one."""

    def fun(t, y):
        driven = force * np.cos(frequency * t) - frequency**2 * y[0]
        return np.array([y[1], driven - 2.0 * damping * frequency * y[1], np.cos(t) - y[2]])

    return fun


PLACES = [3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4]
SPEEDS = [0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0]
OTHERS = {
    "kepler 0.6": (kepler, 20.0, [0.4, 0.0, 0.0, 2.0]),
    "kepler 0.99": (kepler, 20.0, [0.01, 0.0, 0.0, 199.0**0.5]),
    "arenstorf": (arenstorf, 17.0652165601579625, [0.994, 0.0, 0.0, -2.00158510637908252]),
    "lorenz": (lorenz, 20.0, [1.0, 1.0, 1.0]),
    "pleiades": (pleiades, 3.0, [*PLACES, *SPEEDS]),
    "roessler": (roessler, 60.0, [1.0, 1.0, 0.0]),
    "undamped": (oscillator(100.0), 2.0, [1.0, 0.0, 1.0]),
    "lightly damped": (oscillator(100.0, 0.01), 2.0, [1.0, 0.0, 1.0]),
    "damped and driven": (oscillator(100.0, 0.1, 1e3), 2.0, [1.0, 0.0, 1.0]),
}


def watched(equation, scheme):
    """A march of the watched scheme, with the time in its notes as a run keeps it."""
    attempt = measured(scheme.attempt, equation, scheme)

    def timed(flow, step):
        trial = attempt(flow, step)
        trial.notes["time"] = trial.state.time
        return trial

    def limits(flow):
        return {**equation.limits(flow), **newton_limits(flow)}

    law = LAW if scheme.name == "Radau" else explicit.LAW
    return lambda where: march(
        timed, where, law, equation.until, limits, floor=smallest_step, most=20_000
    )


def handed_over(equation, y0=None, *, point=None):
    """The attempts of a relay of an explicit method and Radau."""
    phases = {
        EXPLICIT: watched(equation, dop853(equation)),
        STIFF: watched(equation, radau(equation)),
    }
    with np.errstate(all="ignore"):
        if point is None:
            flow = start(equation.fun, 0.0, y0)
            size, spent = first_size(equation, flow, 8)
            cost, notes = {"evaluations": 1 + spent}, {"time": 0.0}
            point = begin(flow, LAW, size, cost=cost, notes=notes, phase=EXPLICIT)
        yield from relay(phases, point, hand_over)


def stiff_alone(equation, y0):
    """The attempts of Radau by itself."""
    flow = start(equation.fun, 0.0, y0)
    size, spent = first_size(equation, flow, 5)
    point = begin(flow, LAW, size, cost={"evaluations": 1 + spent}, phase=STIFF)
    with np.errstate(all="ignore"):
        yield from watched(equation, radau(equation))(point)


def equation_of(case, rtol):
    fun, end, y0, share = STIFF_CASES[case]
    return Equation(fun, Tolerance(rtol, share * rtol), end), y0
