"""The state that searches for stationary points carry, in Cartesian coordinates."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.stationary.modes import internal_basis
from suite.chemistry.surfaces import Measured, Surface
from suite.core import Attempt, Fixed, begin
from suite.errors import InputError

__all__ = ["Stationary", "arrive", "internal_eigen", "notes_of", "steepest"]

Vector = NDArray[np.float64]


class Stationary(NamedTuple):
    """A geometry on its way to a stationary point, all in Cartesian coordinates.

    `x` [n] bohr, `energy` hartree, `gradient` [n] hartree/bohr, `hessian` [n, n] of the model
    there, hartree/bohr², `guess` what the next calculation starts from. `drift` is the distance
    (bohr) gone since the Hessian was measured: 0 where it is exact, infinite where it never was;
    `hessians` is how often it was. `mode` [n] is what is followed uphill (zeros: the lowest),
    `lost` says that it no longer bends down. `trusted` bounds the next step (bohr) where the model
    was poor though the step was kept. `columns` [k, n] are the displaced gradients of a
    Hessian that is being measured. `base` [n, n] is the Hessian last measured (or the model that
    the search began with), `seen` the geometries [k, n] and gradients [k, n] met since.
    """

    x: Vector
    energy: float
    gradient: Vector
    hessian: Vector
    guess: Any
    drift: float
    hessians: int
    mode: Vector
    lost: bool
    trusted: float
    columns: Vector
    base: Vector
    seen: tuple[Vector, Vector]


def arrive(
    x: Vector,
    found: Measured,
    phase: str,
    size: float,
    *,
    hessian: Vector | None = None,
    paid: int = 1,
) -> Attempt:
    """Attempt 0 of a search, which begins in `phase`: what was `found` at x for `paid` gradients.

    `size` is the first step's wish, bohr; `hessian` is a model where there is one. Raises
    `InputError` where the numbers are not finite.
    """
    if not np.isfinite(found.energy + np.sum(found.gradient)):
        raise InputError("The surface answers NaN or infinity at the starting geometry.")
    nothing = np.zeros(x.size)
    place = Stationary(
        np.array(x, float),
        float(found.energy),
        np.array(found.gradient, float),
        np.zeros((x.size, x.size)) if hessian is None else hessian,
        found.guess,
        np.inf,
        0,
        nothing,
        False,
        np.inf,
        np.zeros((0, x.size)),
        np.zeros((x.size, x.size)) if hessian is None else hessian,
        (np.zeros((0, x.size)), np.zeros((0, x.size))),
    )
    cost = {"gradients": paid} if paid else {}
    return begin(place, Fixed(), size, cost=cost, notes=notes_of(place), phase=phase)


def steepest(place: Stationary) -> float:
    """The largest component of the gradient, hartree/bohr."""
    return float(np.max(np.abs(place.gradient)))


def internal_eigen(surface: Surface, place: Stationary) -> tuple[Vector, Vector]:
    """Eigenvalues [v] and Cartesian eigenvectors [n, v] of the model, without rigid motion."""
    basis = internal_basis(place.x, np.ones(len(surface.masses)))
    values, vectors = np.linalg.eigh(basis.T @ place.hessian @ basis)
    return values, basis @ vectors


def notes_of(place: Stationary) -> dict[str, Any]:
    """The domain's columns of the record; `x` in bohr."""
    return {
        "energy": place.energy,
        "max_gradient": steepest(place),
        "rms_gradient": float(np.sqrt(np.mean(place.gradient**2))),
        "x": place.x,
    }
