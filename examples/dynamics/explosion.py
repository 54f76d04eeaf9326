"""A thermal explosion: heat is made faster by what it has heated, and some of it is lost.

Semenov's equation with the exponential law of Frank-Kamenetskii, y' = δ exp(y) - y: for δ > 1/e the
temperature y becomes infinite at a finite time, as the logarithm of the time that is left.

suite dynamics singularity examples/dynamics/explosion.py --rtol 1e-10
"""

import math

HEATING = 0.5  # δ; nothing explodes below 1/e = 0.368

t_span = (0.0, 20.0)
y0 = [0.0]
names = ["temperature"]


def fun(t, y):
    """The rate of the temperature: heat made less heat lost."""
    return [HEATING * math.exp(y[0]) - y[0]]
