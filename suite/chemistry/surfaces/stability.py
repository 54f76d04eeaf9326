"""Whether the wave function found is the lowest near it, and the lower one if it is not."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.chemistry.surfaces.electronic import PySCFSurface
from suite.chemistry.surfaces.protocol import Surface, Vector
from suite.chemistry.surfaces.rescue import orbitals_of

__all__ = ["Stability", "stability"]

ROUNDS = 5
"""How many instabilities one after the other are followed."""
LOWER = 1e-7
"""Energy (hartree) by which a solution must be lower to be another one."""


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """What a stability analysis found.

    `stable` of the wave function that was given (None where PySCF cannot tell), `guess` to go on
    with (the stable solution's, if it was not), `lowered` by how much energy in hartree, `external`
    stability of a restricted wave function against unrestricted ones (None if not asked), and a
    `sentence` for the user, "" where there is nothing to say.
    """

    stable: bool | None
    guess: Any
    lowered: float = 0.0
    external: bool | None = None
    sentence: str = ""


def stability(surface: Surface, x: Vector, guess: Any = None) -> Stability:
    """Analyse the wave function at x [3 atoms] in bohr, and follow an instability to its end.

    Seeger and Pople, J. Chem. Phys. 66, 3045 (1977), by PySCF. Only mean fields by PySCF have one;
    other surfaces answer `stable=None`. Raises `AttemptFailed` where the SCF does not converge.

    >>> from suite.chemistry.surfaces import MullerBrown
    >>> stability(MullerBrown(), np.zeros(2)).stable is None
    True
    """
    if not isinstance(surface, PySCFSurface):
        return Stability(None, guess)
    found = surface.solve(x, guess)
    mean_field = found.mean_field
    if hasattr(found.calculation, "ncas"):
        return Stability(None, found.guess)
    try:
        turned, internal, external = _analysed(mean_field)
    except NotImplementedError:
        return Stability(None, found.guess)
    start, guess, settled = float(mean_field.e_tot), found.guess, internal
    for _ in range(ROUNDS):
        if settled:
            break
        again = surface.solve(x, _rotated(mean_field, turned))
        mean_field, guess = again.mean_field, again.guess
        turned, settled, _ = _analysed(mean_field)
    lowered = start - float(mean_field.e_tot)
    return Stability(
        internal, guess, lowered, external, _sentence(internal, settled, lowered, external)
    )


def _analysed(mean_field: Any) -> tuple[Any, bool, bool | None]:
    """Turned orbitals, internal stability, and external where the wave function is restricted."""
    from pyscf import scf

    if isinstance(mean_field, scf.uhf.UHF):
        if _spin_symmetric(mean_field):
            # PySCF's search keeps the symmetry of spin it starts with: what breaks it is found as
            # an external instability of the restricted wave function.
            turned, broken, internal, external = _searched(mean_field.to_rhf(), True)
            return (turned if external else broken), internal and external, None
        turned, _, internal, _ = _searched(mean_field, False)
        return turned, internal, None
    restricted = not isinstance(mean_field, scf.rohf.ROHF)
    turned, _, internal, external = _searched(mean_field, restricted)
    return turned, internal, external if restricted else None


def _searched(mean_field: Any, external: bool) -> tuple[Any, Any, bool, bool]:
    mean_field.verbose = 0
    # PySCF reports on standard output too, whatever its verbosity.
    with contextlib.redirect_stdout(io.StringIO()):
        turned, broken, inner, outer = mean_field.stability(
            internal=True, external=external, return_status=True, verbose=0
        )
    return turned, broken, bool(inner), bool(outer) if external else True


def _spin_symmetric(mean_field: Any) -> bool:
    alpha, beta = mean_field.make_rdm1()
    return bool(np.allclose(alpha, beta, atol=1e-4))


def _rotated(mean_field: Any, turned: Any) -> dict[str, Any]:
    """A start from orbitals turned along an instability, in the form of any other guess."""
    coefficients = np.asarray(turned)
    if np.ndim(mean_field.mo_occ) == 2 and coefficients.ndim == 2:
        coefficients = np.array([coefficients] * 2)
    turned_field = mean_field.copy()
    turned_field.mo_coeff = coefficients
    return orbitals_of(turned_field)


def _sentence(internal: bool, settled: bool, lowered: float, external: bool | None) -> str:
    said = []
    if not internal and lowered > LOWER:
        said.append(
            f"The wave function was unstable; one that is lower by {lowered:.6f} hartree is used."
        )
    if not settled:
        said.append(
            f"The wave function is still unstable after {ROUNDS} rounds of following it down: "
            "do not trust this surface."
        )
    elif not internal and lowered <= LOWER:
        said.append("The wave function is unstable, but no lower one was found.")
    if external is False:
        said.append(
            "A spin-unrestricted wave function lies lower here (an open-shell singlet): try the "
            "method with a leading u, as in ub3lyp."
        )
    return " ".join(said)
