"""A pendulum that almost turns over: y = (angle, angular velocity), length and gravity 1.

suite dynamics solve examples/dynamics/pendulum.py --project
"""

import math

t_span = (0.0, 60.0)
y0 = [0.0, 1.999]  # 2 is the separatrix: it stands still on its head
names = ["angle", "velocity"]
rtol = 1e-8


def fun(t, y):
    """The rate of change of angle and velocity."""
    return [y[1], -math.sin(y[0])]


def jac(t, y):
    """The derivative of the rates by angle and velocity."""
    return [[0.0, 1.0], [-math.cos(y[0]), 0.0]]


def energy(t, y):
    """Energy per mass: kinetic and potential, 0 at the lowest point."""
    return 0.5 * y[1] ** 2 + 1.0 - math.cos(y[0])


def lowest(t, y):
    """Zero where the pendulum passes its lowest point."""
    return math.sin(0.5 * y[0])


invariants = {"energy": energy}
events = [lowest]
