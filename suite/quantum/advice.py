"""What a run that ended short of the ground state says about it."""

from __future__ import annotations

import numpy as np

from suite.core import Record, Status
from suite.quantum.steps.bursts import BURST
from suite.quantum.steps.gauss_newton import EIGENSTATE

__all__ = ["advice"]

SHORT = 1e-4
"""Share of the bound on |H| above the exact energy at which it has not been found."""
CHEMICAL = 1.6e-3
"""Chemical accuracy, hartree: the same of a molecule, whose core makes |H| large."""
ALONE = 0.1
"""Spread of an eigenstate as a share of what it lies above the exact energy: a state that mixes
with lower ones spreads about as far as it lies above them."""


def advice(
    record: Record,
    status: Status,
    energy: float,
    exact: float | None,
    spread: float,
    scale: float,
    molecule: bool = False,
) -> str:
    """A sentence for a state that is not the ground state, else nothing.

    `spread` is the standard deviation of the energy in that state, `scale` a bound on |H|;
    energies of a `molecule` are in hartree. An eigenvalue lies within `spread` of the energy.
    """
    gap = np.inf if exact is None else energy - exact
    found = gap <= (CHEMICAL if molecule else SHORT * scale)
    if status not in (Status.CONVERGED, Status.STALLED):
        short = exact is not None and not found
        return f"The energy is {gap:.2g} above the exact one." if short else ""
    eigenstate = spread <= min(EIGENSTATE * scale, ALONE * gap)
    if eigenstate if exact is None else found:
        return ""
    above = "" if exact is None else f", {energy - exact:.2g} above the exact energy"
    if eigenstate:
        return (
            f"The gradient is zero at an eigenstate{above}: no step leaves it. Take another ansatz "
            "or start: this one may keep a symmetry that the ground state does not have."
        )
    kicks = _kicks(record)
    tried = f"; {kicks} kick{'s' * (kicks != 1)} found nothing better" if kicks else ""
    return (
        "The gradient is zero, but the state is no eigenstate (its energy spreads by "
        f"{spread:.2g}){above}: it is caught in a basin or at the limit of its ansatz{tried}. "
        "Another start, more repetitions or another ansatz tell which."
    )


def _kicks(record: Record) -> int:
    """The kicks after the one that last found something better."""
    best, since, burst = np.inf, 0, False
    for row in record:
        since += row["phase"] == BURST and not burst
        burst = row["phase"] == BURST
        if row["accepted"] and row["notes"]["energy"] < best:
            # What is lower by rounding is not better.
            since = 0 if row["notes"]["energy"] < best - 1e-9 * abs(best) else since
            best = row["notes"]["energy"]
    return since
