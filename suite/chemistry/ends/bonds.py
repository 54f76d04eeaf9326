"""Who is bonded to whom: bonds from distances, fragments, their names, and what a reaction changed.

A bond is a distance below 1.3 times the sum of the covalent radii, or below that sum plus 0.3
angstrom where this is more: hydrogen's radius is that of H2 at rest, and 1.3 times it leaves no
room for a vibration. Radii: Cordero et al., Dalton Trans. 2832 (2008), table 2 (carbon sp3,
low-spin manganese, iron and cobalt).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError

__all__ = [
    "ELEMENTS",
    "bonds",
    "changed",
    "changes",
    "formula",
    "fragments",
    "label",
    "name_of",
    "smiles",
]

Vector = NDArray[np.float64]
Pair = tuple[int, int]

_TABLE = re.findall(
    "([A-Z][a-z]?) ([0-9.]+)",
    """
H 0.31 He 0.28 Li 1.28 Be 0.96 B 0.84 C 0.76 N 0.71 O 0.66 F 0.57 Ne 0.58 Na 1.66 Mg 1.41 Al 1.21
Si 1.11 P 1.07 S 1.05 Cl 1.02 Ar 1.06 K 2.03 Ca 1.76 Sc 1.70 Ti 1.60 V 1.53 Cr 1.39 Mn 1.39 Fe 1.32
Co 1.26 Ni 1.24 Cu 1.32 Zn 1.22 Ga 1.22 Ge 1.20 As 1.19 Se 1.20 Br 1.20 Kr 1.16 Rb 2.20 Sr 1.95
Y 1.90 Zr 1.75 Nb 1.64 Mo 1.54 Tc 1.47 Ru 1.46 Rh 1.42 Pd 1.39 Ag 1.45 Cd 1.44 In 1.42 Sn 1.39
Sb 1.39 Te 1.38 I 1.39 Xe 1.40 Cs 2.44 Ba 2.15 La 2.07 Ce 2.04 Pr 2.03 Nd 2.01 Pm 1.99 Sm 1.98
Eu 1.98 Gd 1.96 Tb 1.94 Dy 1.92 Ho 1.92 Er 1.89 Tm 1.90 Yb 1.87 Lu 1.87 Hf 1.75 Ta 1.70 W 1.62
Re 1.51 Os 1.44 Ir 1.41 Pt 1.36 Au 1.36 Hg 1.32 Tl 1.45 Pb 1.46 Bi 1.48 Po 1.40 At 1.50 Rn 1.50
Fr 2.60 Ra 2.21 Ac 2.15 Th 2.06 Pa 2.00 U 1.96 Np 1.90 Pu 1.87 Am 1.80 Cm 1.69
""",
)
ELEMENTS = tuple(symbol for symbol, _ in _TABLE)
"""Symbols in the order of their atomic numbers, from hydrogen to curium."""
RADII = {symbol: float(radius) for symbol, radius in _TABLE}
"""Single-bond covalent radii, angstrom."""

STRETCH = 1.3
SLACK = 0.3
CLEAR = 0.1
"""A bond counts as formed or broken if its length changed by this share of the radii at least."""


def bonds(symbols: Sequence[str], coordinates: Vector) -> list[Pair]:
    """The bonded pairs of atoms (from 0, the lower first) of a geometry [atoms, 3] in angstrom.

    Raises `InputError` for an element without a covalent radius.

    >>> bonds(["O", "H", "H"], np.array([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]))
    [(0, 1), (0, 2)]
    """
    distance, longest, _ = _distances(symbols, coordinates)
    return _pairs(distance < longest)


def changed(symbols: Sequence[str], before: Vector, after: Vector) -> tuple[list[Pair], list[Pair]]:
    """The bonds formed and the bonds broken between two geometries [atoms, 3] in angstrom.

    A length that merely passes the limit of a bond, without changing by a tenth of the sum of
    radii, is neither.
    """
    near, longest, radii = _distances(symbols, before)
    far, _, _ = _distances(symbols, after)
    clear = np.abs(far - near) > CLEAR * radii
    formed = (near >= longest) & (far < longest) & clear
    broken = (near < longest) & (far >= longest) & clear
    return _pairs(formed), _pairs(broken)


def changes(symbols: Sequence[str], before: Vector, after: Vector) -> str:
    """What a reaction does to the bonds, in words; atoms are numbered from 1.

    `before` and `after` [atoms, 3] in angstrom, atoms in the same order.

    >>> hcn = np.array([[0.0, 0, 0], [1.15, 0, 0], [-1.07, 0, 0]])
    >>> hnc = np.array([[0.0, 0, 0], [1.17, 0, 0], [2.16, 0, 0]])
    >>> changes(["C", "N", "H"], hcn, hnc)
    'H3-N2 bond formed, C1-H3 bond broken'
    """
    formed, broken = changed(symbols, before, after)
    told = [
        f"{_listed([_bond_label(symbols, pair) for pair in pairs])} "
        f"bond{'s' if len(pairs) > 1 else ''} {what}"
        for pairs, what in ((formed, "formed"), (broken, "broken"))
        if pairs
    ]
    return ", ".join(told) or "no bond formed or broken"


def fragments(symbols: Sequence[str], coordinates: Vector) -> list[tuple[int, ...]]:
    """The molecules of a geometry [atoms, 3] in angstrom: atoms (from 0) that bonds connect.

    They come in the order of their first atom.

    >>> fragments(["H", "C", "H", "O"], np.array([[0.0], [5], [0.74], [6.13]]) * [1, 0, 0])
    [(0, 2), (1, 3)]
    """
    group = list(range(len(symbols)))
    for i, j in bonds(symbols, coordinates):
        low, high = sorted((group[i], group[j]))
        group = [low if g == high else g for g in group]
    return [tuple(i for i, g in enumerate(group) if g == first) for first in dict.fromkeys(group)]


def formula(symbols: Sequence[str], coordinates: Vector) -> str:
    """The fragments of a geometry by name.

    >>> formula(["H", "C", "H", "O"], np.array([[0.0], [5], [0.74], [6.13]]) * [1, 0, 0])
    'H2 + CO'
    """
    return " + ".join(
        name_of([symbols[i] for i in fragment]) for fragment in fragments(symbols, coordinates)
    )


def name_of(fragment: Sequence[str]) -> str:
    """The formula of a fragment from its symbols: carbon, hydrogen, the rest by the alphabet.

    Hill's order, but for hydrogen that stays in front without carbon too, as ASE and RDKit have it
    (HCl, not ClH).

    >>> name_of(["O", "H", "C", "H", "H", "H"]), name_of(["O", "H", "H"]), name_of(["C", "Cl"])
    ('CH4O', 'H2O', 'CCl')
    """
    count = Counter(fragment)
    order = ["C", "H", *sorted(set(count) - {"C", "H"})]
    return "".join(f"{s}{count[s] if count[s] > 1 else ''}" for s in order if count[s])


def label(symbols: Sequence[str], atoms: Sequence[int]) -> str:
    """Atoms (from 0) as they are called in text, numbered from 1.

    >>> label(["C", "N", "H"], (2, 0, 1))
    'H3-C1-N2'
    """
    return "-".join(f"{symbols[i]}{i + 1}" for i in atoms)


def smiles(symbols: Sequence[str], coordinates: Vector, charge: int = 0) -> str | None:
    """The SMILES of a geometry [atoms, 3] in angstrom by RDKit, fragments parted by a dot.

    None where RDKit is not installed or cannot tell the bond orders: radicals, atoms it does not
    know, geometries far from rest. Kim and Kim, Bull. Korean Chem. Soc. 36, 1769 (2015).
    """
    place = _geometry(symbols, coordinates)
    electrons = sum(ELEMENTS.index(s) + 1 for s in symbols) - charge
    if electrons % 2:
        return None
    parts = fragments(symbols, place) if charge == 0 else [tuple(range(len(symbols)))]
    found = [_smiles_of([symbols[i] for i in part], place[list(part)], charge) for part in parts]
    known = [one for one in found if one]
    return ".".join(known) if len(known) == len(found) else None


def _smiles_of(symbols: Sequence[str], place: Vector, charge: int) -> str | None:
    try:
        from rdkit import Chem, rdBase
        from rdkit.Chem import rdDetermineBonds
    except ImportError:
        return None
    rows = [f"{s} {x:.8f} {y:.8f} {z:.8f}" for s, (x, y, z) in zip(symbols, place, strict=True)]
    with rdBase.BlockLogs():
        try:
            molecule = Chem.MolFromXYZBlock("\n".join([str(len(rows)), "", *rows]) + "\n")
            rdDetermineBonds.DetermineBonds(molecule, charge=charge)
            text = Chem.MolToSmiles(Chem.RemoveHs(molecule))
            # A bare atom is read back with hydrogens that are not there.
            read = Chem.AddHs(Chem.MolFromSmiles(text))
            found = Counter(atom.GetSymbol() for atom in read.GetAtoms())
            same = found == Counter(symbols) and Chem.GetFormalCharge(read) == charge
            radical = any(atom.GetNumRadicalElectrons() for atom in read.GetAtoms())
        except (ValueError, RuntimeError):
            return None
    return text if same and not radical else None


def _geometry(symbols: Sequence[str], coordinates: Vector) -> Vector:
    place = np.asarray(coordinates, float)
    if place.shape != (len(symbols), 3) or not np.all(np.isfinite(place)):
        raise InputError(
            f"coordinates must be {(len(symbols), 3)} finite numbers (angstrom). "
            f"Got shape {place.shape}."
        )
    unknown = [s for s in symbols if s not in RADII]
    if unknown:
        raise InputError(f"{unknown[0]!r} has no covalent radius: elements go from H to Cm.")
    return place


def _distances(symbols: Sequence[str], coordinates: Vector) -> tuple[Vector, Vector, Vector]:
    """Distances, the longest that is a bond, and sums of radii: all [atoms, atoms]."""
    place = _geometry(symbols, coordinates)
    own = np.array([RADII[s] for s in symbols])
    radii = own[:, None] + own
    distance = np.linalg.norm(place[:, None] - place, axis=2)
    return distance, np.maximum(STRETCH * radii, radii + SLACK), radii


def _pairs(table: NDArray[np.bool_]) -> list[Pair]:
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(table, 1))]


def _bond_label(symbols: Sequence[str], pair: Pair) -> str:
    return label(symbols, sorted(pair, key=lambda i: (symbols[i], i)))


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
