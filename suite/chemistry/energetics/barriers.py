"""Barriers with their thermochemistry and rates, from both ends of a path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.ends.both import End
from suite.chemistry.energetics.rates import rate
from suite.chemistry.energetics.symmetry import rotational_symmetry_number
from suite.chemistry.energetics.thermochemistry import Thermochemistry, thermochemistry, together
from suite.chemistry.stationary.modes import displacement
from suite.chemistry.stationary.saddle import Saddle
from suite.chemistry.surfaces import Surface
from suite.errors import InputError
from suite.molecule import BOHR

__all__ = ["KCAL", "Conditions", "thermal_barriers"]

Vector = NDArray[np.float64]

KCAL = 627.5094740631
"""One hartree in kcal/mol."""
CAPTURE = (
    "No rate: the saddle lies below the fragments apart; how often they meet is what limits it."
)
LARGE = 100.0
"""A tunnelling factor above which a one-dimensional barrier no longer says how large it is."""
Conditions = tuple[float, float]
"""Temperature (K) and pressure (Pa)."""


def thermal_barriers(
    surface: Surface,
    saddle: tuple[Vector, float, Saddle],
    ends: dict[str, End],
    conditions: Conditions,
) -> dict[str, Any]:
    """What `summary.json` holds under `thermochemistry`; both barriers are up to the saddle.

    `saddle` is its geometry [n] (bohr), energy (hartree) and modes. A side that was not optimised
    has none. Fragments count as separate molecules, which makes a rate one of the second order; a
    complex counts as one molecule, with what its fragments alone give under `separate`. `reaction`
    is the forward end less the reverse one. Quasi-harmonic entropies as in `thermochemistry`;
    symmetry numbers are found from the geometries. Of electronic degeneracy that of spin counts,
    that of orbitals (atoms in P states, linear radicals) does not.
    """
    told: dict[str, Any] = {"temperature_K": conditions[0], "pressure_Pa": conditions[1]}
    try:
        top = _top(surface, saddle, conditions)
        apart = {side: _apart(end, conditions) for side, end in ends.items()}
        whole = {side: _whole(surface, end, conditions) for side, end in ends.items()}
        near = {side: whole[side] or apart[side] for side in ends}
        far = {side: apart[side] or whole[side] for side in ends}
        for side, other in (("reverse", "forward"), ("forward", "reverse")):
            told |= {side: found} if (found := _side(top, near[side], near[other])) else {}
            if whole[side] and apart[side]:
                told[side]["separate"] = _side(top, far[side], far[other])
        told |= _reactions(near, far)
    except InputError as error:
        told["sentence"] = f"No thermochemistry: {error}"
    return told


def _top(
    surface: Surface, saddle: tuple[Vector, float, Saddle], conditions: Conditions
) -> Thermochemistry:
    x, energy, modes = saddle
    return _at(surface, x, energy, modes.wavenumbers, conditions, mode=modes.mode)


def _whole(surface: Surface, end: End, conditions: Conditions) -> Thermochemistry | None:
    """An end as one molecule."""
    if end.kind != "minimum" or end.vibrations is None:
        return None
    return _at(surface, end.x, end.energy, end.vibrations.wavenumbers, conditions)


def _apart(end: End, conditions: Conditions) -> Thermochemistry | None:
    """The fragments of an end as molecules of their own."""
    if end.separate is None:
        return None
    parts = end.separate.parts
    modes = [np.zeros(0) if p.vibrations is None else p.vibrations.wavenumbers for p in parts]
    return together(
        [_at(p.surface, p.x, p.energy, m, conditions) for p, m in zip(parts, modes, strict=True)]
    )


def _at(
    surface: Surface,
    x: Vector,
    energy: float,
    wavenumbers: Vector,
    conditions: Conditions,
    mode: Vector | None = None,
) -> Thermochemistry:
    """Thermochemistry of a minimum, or of a saddle with its `mode` [n] (mass-weighted)."""
    place = x.reshape(-1, 3)
    # A rotation that turns the mode round exchanges the two sides: no symmetry of a reaction.
    swing = None if mode is None else displacement(mode, surface.masses)
    return thermochemistry(
        energy,
        surface.masses,
        place,
        wavenumbers,
        temperature=conditions[0],
        pressure=conditions[1],
        spin=int(surface.about().get("spin", 0)),
        symmetry_number=rotational_symmetry_number(surface.symbols, place * BOHR, mode=swing),
        order=0 if mode is None else 1,
    )


def _side(
    top: Thermochemistry, end: Thermochemistry | None, other: Thermochemistry | None
) -> dict[str, Any]:
    """The barriers from an end, and the rate where the other end is known too."""
    if end is None:
        return {}
    barriers = {f"barrier_{name}_kcal_mol": value for name, value in _above(top, end).items()}
    told = {**barriers, "molecules": end.molecules}
    if end.molecules > 1 and barriers["barrier_zero_point_kcal_mol"] <= 0.0:
        return told | {"rate_sentence": CAPTURE}
    return told if other is None else told | _rate(end, top, other)


def _reactions(
    near: Mapping[str, Thermochemistry | None], far: Mapping[str, Thermochemistry | None]
) -> dict[str, Any]:
    """From the reverse to the forward end, and between the fragments apart where these differ."""
    told = {}
    for name, sides in (("reaction", near), ("reaction_separate", far)):
        start, end = sides["reverse"], sides["forward"]
        if start is None or end is None or (name == "reaction_separate" and far == near):
            continue
        told[name] = {f"{what}_kcal_mol": value for what, value in _above(end, start).items()}
    return told


def _above(high: Thermochemistry, low: Thermochemistry) -> dict[str, float]:
    """Differences in kcal/mol."""
    return {
        "electronic": (high.energy - low.energy) * KCAL,
        "zero_point": (high.energy + high.zero_point - low.energy - low.zero_point) * KCAL,
        "enthalpy": (high.enthalpy - low.enthalpy) * KCAL,
        "gibbs": (high.gibbs - low.gibbs) * KCAL,
    }


def _rate(end: Thermochemistry, top: Thermochemistry, other: Thermochemistry) -> dict[str, Any]:
    found = rate(end, top, other)
    eckart = found.eckart is not None
    factor = found.wigner if found.eckart is None else found.eckart
    told: dict[str, Any] = {
        "rate": found.constant,
        "rate_unit": found.unit,
        "tunnelling": "Eckart" if eckart else "Wigner",
        "tunnelling_factor": factor,
    }
    if factor > LARGE:
        told["rate_sentence"] = (
            f"Tunnelling carries this reaction at {end.temperature:g} K: a factor of {factor:.0e} "
            "from a one-dimensional barrier is no more than an order of magnitude."
        )
    return told
