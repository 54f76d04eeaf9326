"""Molecules: symbols, coordinates, charge and spin, read from XYZ files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError

__all__ = ["BOHR", "Molecule", "read_xyz", "xyz_frame"]

BOHR = 0.529177210903
"""One bohr in angstrom, CODATA 2018."""

CLOSEST = 0.3
"""Atoms nearer than this (angstrom) are taken for a mistake in the file."""
LOOSE = 1.45
"""Share of the sum of two covalent radii beyond which even a bond of a transition state is long."""

# Covalent radii in angstrom, Cordero et al., Dalton Trans. 2832 (2008), of the elements that make
# ordinary bonds; hydrogen's a little larger, so that H2 and a stretched H3 count as bonded.
_RADII = {
    "H": 0.35, "B": 0.84, "C": 0.76, "N": 0.71, "O": 0.66, "F": 0.57, "Si": 1.11, "P": 1.07,
    "S": 1.05, "Cl": 1.02, "Se": 1.20, "Br": 1.20, "I": 1.39,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Molecule:
    """A molecule in one geometry.

    `symbols` the elements, `coordinates` [atoms, 3] in angstrom, `charge` in e, `spin` the number
    of unpaired electrons (2S, as PySCF counts).
    """

    symbols: tuple[str, ...]
    coordinates: NDArray[np.float64]
    charge: int = 0
    spin: int = 0

    def __post_init__(self) -> None:
        shape, found = (len(self.symbols), 3), np.shape(self.coordinates)
        if found != shape:
            raise InputError(f"coordinates must be {shape}. Got {found}.")
        object.__setattr__(self, "symbols", tuple(self.symbols))
        object.__setattr__(self, "coordinates", np.asarray(self.coordinates, float))
        if not np.all(np.isfinite(self.coordinates)):
            raise InputError("coordinates must be finite numbers. Got NaN or infinity.")
        if not self.symbols:
            raise InputError("A molecule must have an atom. Got none.")
        apart = np.linalg.norm(self.coordinates[:, None] - self.coordinates, axis=2)
        apart[np.diag_indices(len(apart))] = np.inf
        i, j = np.unravel_index(np.argmin(apart), apart.shape)
        if not apart[i, j] > CLOSEST:
            raise InputError(
                f"Atoms {i + 1} ({self.symbols[i]}) and {j + 1} ({self.symbols[j]}) are "
                f"{apart[i, j]:.3f} angstrom apart; is the file in other units than angstrom?"
            )


def read_xyz(
    path: str | Path,
    *,
    charge: int | None = None,
    spin: int | None = None,
    units: str | None = None,
) -> Molecule:
    """Read an XYZ file of one geometry; `charge=` and `spin=` are read from its comment line too.

    Arguments win over the comment line. `units` is angstrom or bohr; if it is not given the file is
    taken to be in angstrom, and refused where every bond is as long as if it were in bohr. Raises
    `InputError` naming the line that is wrong.
    """
    path = Path(path)
    if units not in (None, "angstrom", "bohr"):
        raise InputError(f"units must be angstrom or bohr. Got {units!r}.")
    lines = _lines(path)
    count = int(lines[0])
    body = lines[2 : 2 + count]
    if len(body) < count:
        raise InputError(f"{path} announces {count} atoms in line 1 and has {len(body)}.")
    atoms = [_atom(path, number, line) for number, line in enumerate(body, 3)]
    _check_rest(path, count, lines[2 + count :])
    symbols = tuple(symbol for symbol, _ in atoms)
    coordinates = np.array([row for _, row in atoms]) * (BOHR if units == "bohr" else 1.0)
    if units is None and _looks_like_bohr(symbols, coordinates):
        raise InputError(
            f"{path} seems to be in bohr: every bond is too long in angstrom and right in bohr; "
            "say units=bohr, or units=angstrom if it is right as it stands."
        )
    return Molecule(
        symbols,
        coordinates,
        _from_comment(lines[1], "charge") if charge is None else charge,
        _from_comment(lines[1], "spin") if spin is None else spin,
    )


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as an XYZ file: {error}") from error
    if not lines or not re.fullmatch(r"\s*[1-9][0-9]*\s*", lines[0]):
        first = lines[0].strip() if lines else ""
        raise InputError(f"{path} line 1 must hold the number of atoms. Got {first!r}.")
    return lines if len(lines) > 1 else [*lines, ""]


def _atom(path: Path, number: int, line: str) -> tuple[str, list[float]]:
    words = line.split()
    try:
        symbol, row = _symbol(words[0]), [float(word) for word in words[1:4]]
    except (ValueError, IndexError):
        symbol, row = "", []
    if len(row) != 3 or not np.all(np.isfinite(row)):
        raise InputError(
            f"{path} line {number} must hold an element and three numbers. Got {line.strip()!r}."
        )
    return symbol, row


def _check_rest(path: Path, count: int, rest: list[str]) -> None:
    for number, line in enumerate(rest, 3 + count):
        if line.strip():
            raise InputError(
                f"{path} announces {count} atoms in line 1, but line {number} holds "
                f"{line.strip()!r}: one geometry a file, and nothing after it."
            )


def _looks_like_bohr(symbols: tuple[str, ...], coordinates: NDArray[np.float64]) -> bool:
    """Whether no two atoms are bonded as the numbers stand, and most are if they are bohr.

    Two atoms may be stretched at will, and elements of clusters and salts have no covalent bonds.
    """
    if len(symbols) < 3 or not set(symbols) <= set(_RADII):
        return False
    radii = np.array([_RADII[symbol] for symbol in symbols])
    share = np.linalg.norm(coordinates[:, None] - coordinates, axis=2) / (radii[:, None] + radii)
    share[np.diag_indices(len(share))] = np.inf
    nearest = share.min(axis=1)
    return bool(nearest.min() > LOOSE and np.median(nearest) * BOHR < LOOSE)


def _symbol(word: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{1,2}", word):
        raise ValueError(word)
    return word.capitalize()


def _from_comment(comment: str, key: str) -> int:
    found = re.search(rf"(?<![\w-]){key}\s*=\s*([+-]?[\w.]+)", comment, re.IGNORECASE)
    if found is None:
        return 0
    if not re.fullmatch(r"[+-]?\d+", found[1]):
        raise InputError(f"{key}= in the comment line must be a whole number. Got {found[1]!r}.")
    return int(found[1])


def xyz_frame(symbols: tuple[str, ...], coordinates: NDArray[np.float64], comment: str) -> str:
    """One frame of an XYZ file; coordinates [atoms, 3] in angstrom.

    >>> xyz_frame(("H",), np.zeros((1, 3)), "s=0").splitlines()[2].split()
    ['H', '0.00000000', '0.00000000', '0.00000000']
    """
    rows = [
        f"{symbol:2s} {x:15.8f}{y:14.8f}{z:14.8f}".replace("-0.00000000", " 0.00000000")
        for symbol, (x, y, z) in zip(symbols, coordinates, strict=True)
    ]
    return "\n".join([str(len(symbols)), comment, *rows]) + "\n"
