"""Barriers with their thermochemistry and rates, from both ends of a path."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.ends import End
from suite.chemistry.rates import rate
from suite.chemistry.saddle import Saddle
from suite.chemistry.surfaces import Surface
from suite.chemistry.symmetry import rotational_symmetry_number
from suite.chemistry.thermochemistry import Thermochemistry, thermochemistry
from suite.errors import InputError
from suite.molecule import BOHR

__all__ = ["KCAL", "Conditions", "thermal_barriers"]

Vector = NDArray[np.float64]

KCAL = 627.5094740631
"""One hartree in kcal/mol."""
ALIKE = 1e-5
"""Two ends that differ by less (hartree) are one molecule."""
Conditions = tuple[float, float]
"""Temperature (K) and pressure (Pa)."""


def thermal_barriers(
    surface: Surface,
    saddle: tuple[Vector, float, Saddle],
    ends: dict[str, End],
    conditions: Conditions,
) -> dict[str, Any]:
    """What `summary.json` holds under `thermochemistry`; both barriers are up to the saddle.

    `saddle` is its geometry [n] (bohr), energy (hartree) and modes. A side whose end was not
    optimised has none. Quasi-harmonic entropies as in `thermochemistry`; symmetry numbers are
    found from the geometries.
    """
    x, energy, modes = saddle
    told: dict[str, Any] = {"temperature_K": conditions[0], "pressure_Pa": conditions[1]}
    try:
        mirrored = abs(ends["reverse"].energy - ends["forward"].energy) < ALIKE
        top = _at(surface, x, energy, modes.wavenumbers, conditions, order=1, mirrored=mirrored)
        found = {
            side: _at(surface, end.x, end.energy, end.vibrations.wavenumbers, conditions)
            for side, end in ends.items()
            if end.kind == "minimum" and end.vibrations is not None
        }
        told |= {side: _barrier(known, top) for side, known in found.items()}
        for side, other in (("reverse", "forward"), ("forward", "reverse")):
            if len(found) == 2:
                told[side] |= _rate(found[side], top, found[other])
    except InputError as error:
        told["sentence"] = f"No thermochemistry: {error}"
    return told


def _at(
    surface: Surface,
    x: Vector,
    energy: float,
    wavenumbers: Vector,
    conditions: Conditions,
    order: int = 0,
    mirrored: bool = False,
) -> Thermochemistry:
    place = x.reshape(-1, 3)
    symmetry = rotational_symmetry_number(surface.symbols, place * BOHR)
    if mirrored and symmetry % 2 == 0:
        # The rotation that exchanges two equal sides is no symmetry of a reaction.
        symmetry //= 2
    return thermochemistry(
        energy,
        surface.masses,
        place,
        wavenumbers,
        temperature=conditions[0],
        pressure=conditions[1],
        spin=int(surface.about().get("spin", 0)),
        symmetry_number=symmetry,
        order=order,
    )


def _barrier(end: Thermochemistry, top: Thermochemistry) -> dict[str, float]:
    return {
        "barrier_electronic_kcal_mol": (top.energy - end.energy) * KCAL,
        "barrier_zero_point_kcal_mol": (top.energy + top.zero_point - end.energy - end.zero_point)
        * KCAL,
        "barrier_enthalpy_kcal_mol": (top.enthalpy - end.enthalpy) * KCAL,
        "barrier_gibbs_kcal_mol": (top.gibbs - end.gibbs) * KCAL,
    }


def _rate(end: Thermochemistry, top: Thermochemistry, other: Thermochemistry) -> dict[str, Any]:
    found = rate(end, top, other)
    eckart = found.eckart is not None
    return {
        "rate": found.constant,
        "rate_unit": found.unit,
        "tunnelling": "Eckart" if eckart else "Wigner",
        "tunnelling_factor": found.eckart if eckart else found.wigner,
    }
