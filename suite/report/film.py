"""Molecules that move on the page: the film of a path and the swing of a normal mode.

The data go into the page as JSON and are drawn on a canvas by `film.js`, which needs no library.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError

__all__ = ["colour", "mode_film", "path_film", "radius", "script", "smooth", "upright"]

Array = NDArray[np.float64]

ELEMENTS: dict[str, tuple[float, str]] = {
    "H": (0.31, "#f4f4f4"),
    "He": (0.28, "#d9ffff"),
    "Li": (1.28, "#b07ad8"),
    "Be": (0.96, "#b5d943"),
    "B": (0.84, "#f0a99a"),
    "C": (0.76, "#5b6268"),
    "N": (0.71, "#3f62d8"),
    "O": (0.66, "#dc3b33"),
    "F": (0.57, "#6fbf4f"),
    "Ne": (0.58, "#a9dfe8"),
    "Na": (1.66, "#9a5cd0"),
    "Mg": (1.41, "#6fb52c"),
    "Al": (1.21, "#b3a1a1"),
    "Si": (1.11, "#d9b98f"),
    "P": (1.07, "#ee8520"),
    "S": (1.05, "#e6c72e"),
    "Cl": (1.02, "#38b44a"),
    "Ar": (1.06, "#7cc6d4"),
    "K": (2.03, "#8445b8"),
    "Ca": (1.76, "#4fae3a"),
    "Ti": (1.60, "#a6a9ad"),
    "V": (1.53, "#98999f"),
    "Cr": (1.39, "#7f8fb8"),
    "Mn": (1.39, "#8f78b8"),
    "Fe": (1.32, "#cf6a35"),
    "Co": (1.26, "#d97f93"),
    "Ni": (1.24, "#5fb55f"),
    "Cu": (1.32, "#c07a3a"),
    "Zn": (1.22, "#7d80b0"),
    "Ge": (1.20, "#668f8f"),
    "As": (1.19, "#ae79c8"),
    "Se": (1.20, "#dd9a20"),
    "Br": (1.20, "#a33a2c"),
    "Kr": (1.16, "#62b3c9"),
    "Zr": (1.75, "#8fbfc4"),
    "Mo": (1.54, "#6fa8a8"),
    "Ru": (1.46, "#3f8c8c"),
    "Rh": (1.42, "#2a7d8a"),
    "Pd": (1.39, "#2a6b80"),
    "Ag": (1.45, "#b9bcc4"),
    "Cd": (1.44, "#d9c27a"),
    "Sn": (1.39, "#6f8585"),
    "Te": (1.38, "#c47a16"),
    "I": (1.39, "#8a2f9e"),
    "Xe": (1.40, "#4f9db3"),
    "Ir": (1.41, "#2a5c86"),
    "Pt": (1.36, "#a8a8bd"),
    "Au": (1.36, "#d9b02a"),
    "Hg": (1.32, "#a0a0b5"),
    "Pb": (1.46, "#5d6066"),
}
"""Covalent radius (angstrom; Cordero et al., Dalton Trans. 2008, 2832) and colour (after CPK)."""
OTHER = (1.5, "#c06fa0")
FINE = 8
"""Points of the drawn curve in each interval between two frames."""
SWING = 0.8
"""Length (angstrom) of the longest arrow of a mode."""


def radius(symbol: str) -> float:
    """Covalent radius in angstrom; 1.5 for an element that has none here.

    >>> radius("C"), radius("Og")
    (0.76, 1.5)
    """
    return ELEMENTS.get(symbol, OTHER)[0]


def colour(symbol: str) -> str:
    """Colour of an element as `#rrggbb`.

    >>> colour("O")
    '#dc3b33'
    """
    return ELEMENTS.get(symbol, OTHER)[1]


def script() -> str:
    """The script that draws all films of a page; it goes to the end of the page, once."""
    return resources.files("suite.report").joinpath("film.js").read_text(encoding="utf-8")


def path_film(
    film: Mapping[str, Any],
    s: Sequence[float],
    energy: Sequence[float],
    slope: Sequence[float] | None = None,
) -> str:
    """HTML of the film of a path.

    `film` holds `symbols` and `coordinates` [frames, atoms, 3] in angstrom; `s` [frames] arc length
    in amu^1/2 bohr, rising; `energy` [frames] in kcal/mol and, where known, its `slope` along s are
    what the cursor follows. Answers an empty text where there is nothing to move: one frame, or
    coordinates that are not three an atom. Raises `InputError` where frames and `s` differ.

    >>> path_film({"symbols": ["H"], "coordinates": [[[0.0, 0.0, 0.0]]]}, [0.0], [0.0])
    ''
    """
    frames = np.asarray(film["coordinates"], float)
    if frames.ndim != 3 or frames.shape[2] != 3:
        return ""
    if len(frames) != len(s):
        raise InputError(f"The film must have a frame for each of {len(s)} s. Got {len(frames)}.")
    place, heights = np.asarray(s, float), np.asarray(energy, float)
    whole = np.isfinite(frames).all((1, 2)) & np.isfinite(place) & np.isfinite(heights)
    whole[1:] &= np.diff(place) > 0.0
    if whole.sum() < 2:
        return ""
    tilt = None if slope is None else np.asarray(slope, float)[whole]
    fine = smooth(place[whole], heights[whole], tilt)
    data = _atoms(film["symbols"], frames[whole]) | {
        "s": _rounded(place[whole], 5),
        "curve": {"s": _rounded(fine[0], 5), "energy": _rounded(fine[1], 3)},
    }
    return _markup(data, "The molecule along the path", "Place along the path")


def mode_film(mode: Mapping[str, Any]) -> str:
    """HTML of a normal mode that swings, with its arrows.

    `mode` holds `symbols`, `coordinates` and `displacement` [atoms, 3] (angstrom; the length of the
    displacement is chosen for the eye) and `wavenumber` in 1/cm, negative where imaginary.
    """
    geometry = np.asarray(mode["coordinates"], float)
    moves = np.asarray(mode["displacement"], float)
    if geometry.ndim != 2 or geometry.shape[1] != 3 or moves.shape != geometry.shape:
        return ""
    longest = float(np.linalg.norm(moves, axis=1).max(initial=0.0))
    if not (np.isfinite(geometry).all() and 0.0 < longest < np.inf):
        return ""
    turn = upright(geometry[None])
    data = _atoms(mode["symbols"], geometry[None], margin=0.6 * SWING) | {
        "displacement": _rounded(moves @ turn.T * (SWING / longest), 4),
        "label": wavenumber_text(mode["wavenumber"]),
    }
    return _markup(data, "The mode, swinging", "Phase of the swing")


def wavenumber_text(value: float) -> str:
    """A wavenumber in 1/cm as chemists write it.

    >>> wavenumber_text(-2212.2), wavenumber_text(350.0)
    ('2212i cm⁻¹', '350 cm⁻¹')
    """
    return f"{abs(value):.0f}{'i' if value < 0.0 else ''} cm⁻¹"


def upright(frames: Array) -> Array:
    """Rotation [3, 3] into the picture: widest to the right, flattest towards the eye.

    `frames` [frames, atoms, 3]. The same coordinates give the same view.
    """
    flat = frames.reshape(-1, 3) - frames.reshape(-1, 3).mean(axis=0)
    turn = np.array(np.linalg.eigh(flat.T @ flat)[1].T[::-1])
    for row in turn[:2]:
        row *= np.sign(row[np.argmax(np.abs(row))])
    turn[2] = np.cross(turn[0], turn[1])
    return turn


def smooth(s: Array, energy: Array, slope: Array | None = None) -> tuple[Array, Array]:
    """A curve through the frames of a profile: cubic between them, nowhere beyond them.

    `slope` [frames] dE/ds where it is known; differences are taken elsewhere. Slopes are limited so
    that the curve rises and falls only where the frames do (Fritsch and Carlson, SIAM J. Numer.
    Anal. 17, 238 (1980)). Answers `s` and `energy` on a finer grid that has the frames in it.
    """
    if len(s) < 2:
        return s, energy
    step, rise = np.diff(s), np.diff(energy)
    chord = rise / step
    guess = np.gradient(energy, s) if len(s) > 2 else np.repeat(chord, 2)
    slope = guess if slope is None else np.where(np.isfinite(slope), slope, guess)
    left, right = np.append(chord[:1], chord), np.append(chord, chord[-1:])
    most = np.where(left * right > 0.0, 3.0 * np.minimum(abs(left), abs(right)), 0.0)
    slope = np.where(slope * left > 0.0, np.sign(left) * np.minimum(abs(slope), most), 0.0)
    t = np.arange(FINE) / FINE
    curve = (
        energy[:-1, None]
        + rise[:, None] * (3.0 * t**2 - 2.0 * t**3)
        + step[:, None] * (slope[:-1, None] * t * (1.0 - t) ** 2 - slope[1:, None] * t**2 * (1 - t))
    )
    grid = s[:-1, None] + step[:, None] * t
    return np.append(grid.ravel(), s[-1]), np.append(curve.ravel(), energy[-1])


def _atoms(symbols: Sequence[str], frames: Array, margin: float = 0.0) -> dict[str, Any]:
    turned = (frames - frames.reshape(-1, 3).mean(axis=0)) @ upright(frames).T
    reach = float(np.linalg.norm(turned, axis=2).max()) + 0.5 + margin
    return {
        "symbols": list(symbols),
        "radii": [radius(symbol) for symbol in symbols],
        "colours": [colour(symbol) for symbol in symbols],
        "frames": _rounded(turned, 4),
        "reach": round(reach, 4),
    }


def _rounded(values: Array, digits: int) -> Any:
    return np.round(values, digits).tolist()


def _markup(data: Mapping[str, Any], name: str, slider: str) -> str:
    # No "<" is left in the data, so no symbol or label can end its element.
    inlined = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    label = html.escape(f"{name}. Arrow keys turn it, + and - change its size.", quote=True)
    return (
        f'<div class="film"><canvas tabindex="0" role="img" aria-label="{label}"></canvas>'
        '<div class="film-bar"><button type="button">Play</button>'
        f'<input type="range" min="0" max="1000" aria-label="{html.escape(slider, quote=True)}">'
        f'</div><output></output><script type="application/json">{inlined}</script></div>'
    )
