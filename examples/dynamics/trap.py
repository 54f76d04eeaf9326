"""A charged particle in a magnetic mirror: it turns where the field grows, and comes back.

The field of a bottle near its axis, B = (-x z, -y z, L² + z²) / L²: no divergence, no work.

suite dynamics particle examples/dynamics/trap.py
"""

LENGTH = 5.0

t_span = (0.0, 200.0)
momentum = (0.6, 0.0, 0.5)
position = (0.0, 0.6, 0.0)


def electric(t, x):
    """No electric field: γ must not change."""
    return (0.0, 0.0, 0.0)


def magnetic(t, x):
    """The magnetic field at the place x [3]."""
    share = x[2] / LENGTH**2
    return (-x[0] * share, -x[1] * share, 1.0 + x[2] * share)
