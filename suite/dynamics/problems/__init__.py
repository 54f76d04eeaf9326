"""Named problems y' = f(t, y) of the literature: smooth, stiff, singular and nearly singular ones.

Each is a function of its parameters that answers an `ODEProblem`; `problem` finds it by its name.
Functions of a few components work on plain floats, since NumPy's scalars cost several times as
much.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType

from suite.dynamics.problems.described import ODEProblem
from suite.dynamics.problems.orbits import arenstorf, figure_eight, kepler, pleiades
from suite.dynamics.problems.singular import (
    blow_up,
    collision,
    exponential_blow_up,
    exponential_growth,
    near_miss,
    riccati,
    tangent,
    weierstrass,
)
from suite.dynamics.problems.smooth import (
    brusselator,
    harmonic_oscillator,
    lorenz,
    lotka_volterra,
    rigid_body,
)
from suite.dynamics.problems.stiff import hires, oregonator, robertson, van_der_pol
from suite.errors import InputError

__all__ = [
    "PROBLEMS",
    "ODEProblem",
    "arenstorf",
    "blow_up",
    "brusselator",
    "collision",
    "exponential_blow_up",
    "exponential_growth",
    "figure_eight",
    "harmonic_oscillator",
    "hires",
    "kepler",
    "lorenz",
    "lotka_volterra",
    "near_miss",
    "oregonator",
    "pleiades",
    "problem",
    "riccati",
    "rigid_body",
    "robertson",
    "tangent",
    "van_der_pol",
    "weierstrass",
]

PROBLEMS: Mapping[str, Callable[..., ODEProblem]] = MappingProxyType(
    {
        make.__name__: make
        for make in (
            kepler,
            arenstorf,
            figure_eight,
            pleiades,
            harmonic_oscillator,
            lorenz,
            brusselator,
            lotka_volterra,
            rigid_body,
            robertson,
            van_der_pol,
            hires,
            oregonator,
            blow_up,
            exponential_blow_up,
            tangent,
            riccati,
            weierstrass,
            collision,
            near_miss,
            exponential_growth,
        )
    }
)
"""The problems by name, in the order of the documentation."""


def problem(name: str, **parameters: float) -> ODEProblem:
    """The problem of that name, with its parameters; hyphens, blanks and capitals do not matter.

    Raises `InputError` for a name or a parameter that does not exist, with the nearest that do.

    >>> problem("Van-der-Pol", mu=5.0).t_span
    (0.0, 20.0)
    >>> problem("keplar")
    Traceback (most recent call last):
    ...
    suite.errors.InputError: There is no problem named 'keplar'. The nearest: kepler.
    """
    if not isinstance(name, str):
        raise InputError(f"A problem is asked for by its name, such as 'kepler'. Got {name!r}.")
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    if key not in PROBLEMS:
        near = difflib.get_close_matches(key, PROBLEMS, 3) or list(PROBLEMS)
        raise InputError(f"There is no problem named {name!r}. The nearest: {', '.join(near)}.")
    known = list(inspect.signature(PROBLEMS[key]).parameters)
    for given in parameters:
        if given not in known:
            has = f"It has {', '.join(known)}." if known else "It has none."
            raise InputError(f"The problem {key} has no parameter {given!r}. {has}")
    return PROBLEMS[key](**parameters)
