"""Levels of theory by name: from what a user types to what PySCF is told."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from suite.errors import InputError, missing

__all__ = ["Functional", "Level", "grid_level", "level_of", "nearest"]

WAVE_FUNCTIONS = ("mp2", "ccsd", "ccsd(t)", "cisd")
REFERENCES = {"r": "restricted", "u": "unrestricted", "ro": "restricted open"}
SOLVENTS = {"cpcm": "C-PCM", "iefpcm": "IEF-PCM", "cosmo": "COSMO", "smd": "SMD", "ddcosmo": ""}
DISPERSIONS = ("d3zero", "d3bj", "d3zerom", "d3bjm", "d3op", "d4")
GRID, META_GRID = 4, 5
"""PySCF's grid levels at which a gradient's error is below 2e-6 and, where the kinetic energy
density enters, below 1e-5 hartree/bohr (its default, 3, has 2e-5 and 4e-5). Measured on three
molecules against level 6; ωB97X-D has 3e-5 at 4 and no less at 5."""
PAIRS = "pairs"
"""The dispersion of ωB97X-D, which is the one in `suite.chemistry.surfaces.dispersion`."""


class Functional(NamedTuple):
    """What PySCF is told of a functional: `xc`, `nlc`, `disp`; `PAIRS` in disp is our own."""

    xc: str
    nlc: str | bool = ""
    disp: str | None = None


# Names whose dispersion PySCF would refuse, drop, or take from another fit.
_SPELLED = {
    "wb97x-d": Functional("hyb_gga_xc_wb97x_d", False, PAIRS),
    "wb97x-d3": Functional("hyb_gga_xc_wb97x_d3", False, "d3zero:wb97x"),
    "wb97x-d3bj": Functional("wb97x_v", False, "d3bj:wb97x"),
    "wb97m-d3bj": Functional("wb97m_v", False, "d3bj:wb97m"),
    "b97m-d3bj": Functional("b97m_v", False, "d3bj:b97m"),
    "wb97x-d4": Functional("wb97x_v", False, "d4:wb97x"),
    "wb97m-d4": Functional("wb97m_v", False, "d4:wb97m"),
    "b97m-d4": Functional("b97m_v", False, "d4:b97m"),
    "cf22d": Functional("cf22d", "", "d3zero"),
}
_ALSO = {"wb97x_d": "wb97x-d", "wb97xd": "wb97x-d", "wb97x_d3": "wb97x-d3", "wb97xd3": "wb97x-d3"}
# Functionals fitted with a dispersion that is not to be had here: without it they are others.
_HALVES = {
    "b97-d": "D2",
    "b97_d": "D2",
    "gga_xc_b97_d": "D2",
    "beefvdw": "vdW-DF2",
    "gga_xc_beefvdw": "vdW-DF2",
    "b97-3c": "D3 and its basis correction",
    "r2scan-3c": "D4 and its basis correction",
    "pbeh-3c": "D3 and its basis correction",
    "hf-3c": "D3 and its basis correction",
    "wb97x-3c": "D4 and its basis correction",
}


@dataclass(frozen=True, slots=True)
class Level:
    """A level of theory, checked: what determines energies besides molecule and basis.

    `theory` is "hf", "dft", or one of mp2, ccsd, ccsd(t), cisd, casscf; `reference` of the orbitals
    "", restricted, unrestricted or restricted open; `active` electrons and orbitals of casscf;
    `solvent` the model and `dielectric` a constant or a solvent's name.
    """

    theory: str
    reference: str = ""
    functional: Functional | None = None
    active: tuple[int, int] | None = None
    density_fit: bool = False
    solvent: str = ""
    dielectric: str | float = "water"
    grid: int = GRID

    @property
    def mean_field(self) -> bool:
        """Whether the energy is that of the SCF itself."""
        return self.theory in ("hf", "dft")


def level_of(
    method: str,
    *,
    dispersion: str | None = None,
    density_fit: bool = False,
    solvent: str | None = None,
    grid: int | None = None,
) -> Level:
    """The level of theory that a name stands for; capitals do not matter.

    `method` is hf, mp2, ccsd, ccsd(t), cisd, casscf(electrons,orbitals) or any functional of libxc,
    which may end in -d3bj, -d3zero or -d4; a leading r, u or ro asks for restricted, unrestricted
    or restricted open-shell orbitals. `solvent` is cpcm, iefpcm, cosmo, ddcosmo or smd, and after a
    colon the solvent (water if none) or its dielectric constant. Raises `InputError` for what there
    is not, with the nearest names.

    >>> level_of("uB3LYP-d3bj").functional
    Functional(xc='b3lyp', nlc='', disp='d3bj')
    """
    name = re.sub(r"\s+", "", method.lower())
    theory, reference, functional, active = _theory(name, dispersion)
    model, dielectric = _solvent(solvent)
    level = Level(
        theory,
        reference,
        functional,
        active,
        density_fit,
        model,
        dielectric,
        _grid(grid, functional),
    )
    _check_combination(level, method)
    return level


def nearest(name: str, known: Iterable[str]) -> str:
    """The known names most like one, for the end of a sentence; '' if none is.

    >>> nearest("b3lpy", ["b3lyp", "pbe"])
    '; did you mean b3lyp?'
    """
    close = difflib.get_close_matches(name.lower(), sorted(set(known)), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


_Theory = tuple[str, str, Functional | None, tuple[int, int] | None]


def _theory(name: str, dispersion: str | None) -> _Theory:
    found = _wave_function(name, "", dispersion) or _functional(name, dispersion, "")
    for prefix in ("ro", "r", "u"):
        if found is None and name.startswith(prefix):
            rest, reference = name.removeprefix(prefix), REFERENCES[prefix]
            found = _wave_function(rest, reference, dispersion) or _functional(
                rest, dispersion, reference
            )
    if found is None:
        known = ["hf", "casscf(2,2)", *WAVE_FUNCTIONS, *_SPELLED, *_libxc_names()]
        raise InputError(
            f"method must be hf, mp2, ccsd, ccsd(t), cisd, casscf(electrons,orbitals) or a "
            f"functional that PySCF knows. Got {name!r}{nearest(name, known)}"
        )
    return found


def _wave_function(name: str, reference: str, dispersion: str | None) -> _Theory | None:
    active = re.fullmatch(r"casscf\((\d+),(\d+)\)", name)
    known = active is not None or name in ("hf", *WAVE_FUNCTIONS)
    if known and dispersion and name != "hf":
        raise InputError(f"dispersion goes with hf and functionals. Got {name} with {dispersion}.")
    if active:
        electrons, orbitals = int(active[1]), int(active[2])
        if not 0 < electrons <= 2 * orbitals:
            raise InputError(
                f"{name} cannot hold {electrons} electrons in {orbitals} orbitals: "
                "write casscf(electrons,orbitals)."
            )
        return "casscf", reference, None, (electrons, orbitals)
    if name == "hf":
        return "hf", reference, Functional("hf", "", _checked(dispersion)), None
    return (name, reference, None, None) if known else None


def _functional(name: str, dispersion: str | None, reference: str) -> _Theory | None:
    name = _ALSO.get(name, name)
    base = re.split(r"-d[34]", name)[0]
    if name in _HALVES:
        raise InputError(
            f"{name} is half a method without {_HALVES[name]}, which is not available here: "
            "choose another, for instance b3lyp-d3bj or wb97x-d."
        )
    if name in _SPELLED:
        if dispersion:
            raise InputError(f"{name} brings its dispersion. Got dispersion={dispersion!r} too.")
        return "dft", reference, _SPELLED[name], None
    if base != name:
        if dispersion:
            raise InputError(f"{name} names its dispersion. Got dispersion={dispersion!r} too.")
        dispersion = name.removeprefix(f"{base}-")
        name = base
    if not _in_libxc(name):
        return None
    return "dft", reference, Functional(name, "", _checked(dispersion)), None


def _checked(dispersion: str | None) -> str | None:
    if dispersion is None:
        return None
    name = {"d3": "d3zero", "d3(bj)": "d3bj", "d3(0)": "d3zero"}.get(*[dispersion.lower()] * 2)
    if name not in DISPERSIONS:
        raise InputError(f"dispersion must be one of {', '.join(DISPERSIONS)}. Got {dispersion!r}.")
    return name


def _in_libxc(name: str) -> bool:
    if not re.search(r"[a-z]", name) or name.strip(",") == "":
        return False
    libxc = _libxc()
    try:
        hybrid, parts = libxc.parse_xc(name)
        return bool(parts) or any(hybrid)
    except (KeyError, ValueError, IndexError):
        return False


def _libxc() -> Any:
    try:
        from pyscf.dft import libxc
    except ImportError as error:
        raise missing("PySCF", "chemistry") from error
    return libxc


def _libxc_names() -> list[str]:
    libxc = _libxc()
    return [name.lower() for name in (*libxc.XC_CODES, *libxc.XC_ALIAS) if isinstance(name, str)]


def grid_level(functional: Functional | None) -> int:
    """The grid level at which a functional's gradients are good enough to follow."""
    meta = functional is not None and _libxc().is_meta_gga(functional.xc)
    return META_GRID if meta else GRID


def _grid(grid: int | None, functional: Functional | None) -> int:
    if grid is None:
        return grid_level(functional)
    if not 0 <= grid <= 9:
        raise InputError(f"grid is a level of PySCF's, 0 (coarse) to 9. Got {grid}.")
    return grid


def _solvent(solvent: str | None) -> tuple[str, str | float]:
    if not solvent:
        return "", "water"
    model, _, medium = solvent.lower().partition(":")
    model = model.replace("-", "").replace("_", "").strip()
    if model == "pcm":
        model = "iefpcm"
    if model not in SOLVENTS:
        raise InputError(
            f"solvent must be a model, one of {', '.join(SOLVENTS)}, and after a colon the solvent "
            f"or its dielectric constant. Got {solvent!r}{nearest(model, SOLVENTS)}"
        )
    return model, _medium(model, medium.strip() or "water")


def _medium(model: str, medium: str) -> str | float:
    from pyscf.solvent.smd import solvent_db

    if medium in solvent_db:
        return medium
    try:
        constant = float(medium)
    except ValueError:
        raise InputError(
            f"There is no solvent {medium!r}{nearest(medium, solvent_db)} "
            "(or give a dielectric constant)"
        ) from None
    if model == "smd":
        raise InputError(f"smd needs the name of a solvent, not a constant. Got {medium}.")
    if not constant >= 1.0:
        raise InputError(f"A dielectric constant is 1 at least. Got {medium}.")
    return constant


def _check_combination(level: Level, method: str) -> None:
    if level.solvent and not level.mean_field:
        raise InputError(
            f"PySCF has no gradients of {method} in a solvent: take hf or a functional, or no "
            "solvent."
        )
    if level.density_fit and level.theory not in ("hf", "dft", "casscf"):
        raise InputError(
            f"PySCF has no gradients of {method} with density fitting: leave density fitting out."
        )
    if level.reference == "restricted open" and not level.mean_field:
        raise InputError(f"{method} starts from restricted or unrestricted orbitals: leave out ro.")
