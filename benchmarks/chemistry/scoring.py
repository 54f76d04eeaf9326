"""How far a path of frames is from a reference path.

Distances are mass-weighted, amu^1/2 bohr, after the optimal rotation (SciPy's
`Rotation.align_vectors`, Kabsch's solution with masses as weights). Two errors: of each frame to
the reference, and of the reference to the frames joined by a cubic spline. A path of few but exact
frames shows only in the second.
"""

import json
import warnings
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize_scalar
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

KCAL = 627.5094740631
CASES = Path(__file__).parent / "cases"
ARRIVED, COVERED = 0.1, 0.999
"""A side has arrived within this distance (amu^1/2 bohr) of its minimum or with this share of the
energy drop."""
SAMPLES = 1000
"""Places of the reference that are looked for on the path."""


class Reference(NamedTuple):
    """A case: its file, masses [atoms] amu, splines over arc length of the mass-weighted
    coordinates [atoms, 3] and of the energy (hartree), and `poses` at the knots `s`."""

    case: dict[str, Any]
    masses: Any
    s: Any
    poses: Any
    path: Any
    energy: Any


def read_case(name):
    """The case of that name in the folder of cases, or the file at that path."""
    file = Path(name) if str(name).endswith(".json") else CASES / f"{name}.json"
    return json.loads(file.read_text())


def case_names():
    return sorted(file.stem for file in CASES.glob("*.json"))


def weighted(bohr, masses):
    """Mass-weighted coordinates [atoms, 3] about the centre of mass."""
    centred = bohr - np.average(bohr, axis=0, weights=masses)
    return centred * np.sqrt(masses)[:, None]


def turned(pose, onto):
    """A mass-weighted pose in the orientation that is nearest to another, and their distance."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a linear molecule may be turned about its axis
        rotation, distance = Rotation.align_vectors(onto, pose)
    return rotation.apply(pose), float(distance)


def reference_of(case):
    masses = np.array(case["masses_amu"], float)
    angstrom = np.array([point["xyz"] for point in case["path"]])
    poses = [weighted(xyz / case["bohr_in_angstrom"], masses) for xyz in angstrom]
    s = np.array([point["s"] for point in case["path"]])
    energy = np.array([point["energy"] for point in case["path"]])
    return Reference(case, masses, s, poses, CubicSpline(s, poses), CubicSpline(s, energy))


def nearest(reference, pose):
    """Distance of a pose to the reference path and the arc length s where it is nearest."""
    knots = [turned(pose, knot)[1] for knot in reference.poses]
    best = int(np.argmin(knots))
    low, high = max(best - 1, 0), min(best + 1, len(knots) - 1)
    found = minimize_scalar(
        lambda s: turned(reference.path(s), pose)[1],
        bounds=(reference.s[low], reference.s[high]),
        method="bounded",
        options={"xatol": 1e-8},
    )
    return min((float(found.fun), float(found.x)), (knots[best], float(reference.s[best])))


def past_the_end(reference, poses, s):
    """Which frames lie past the ends of the reference, which says nothing there.

    Such a frame is nearest to the last tenth of its side and ahead of the last point; with it go
    the frames that follow one that is far ahead, where fragments wander.
    """
    ahead = np.array([_ahead(reference, pose, at) for pose, at in zip(poses, s, strict=True)])
    past, number = ahead > 1e-4, np.arange(len(s))
    saddle = int(np.argmin(np.abs(s)))
    for side in (number[saddle:], number[: saddle + 1][::-1]):
        far = np.flatnonzero(ahead[side] > ARRIVED)
        if len(far):
            past[side[far[0] :]] = True
    return past


def _ahead(reference, pose, at):
    """How far a pose lies ahead of the last point of its side, along the tangent there."""
    end = reference.s[-1 if at > 0.0 else 0]
    if at / end < 0.9:
        return 0.0
    last = reference.path(end)
    along = np.sum((turned(pose, last)[0] - last) * reference.path(end, 1))
    return float(along * np.sign(end))


def to_path(reference, poses, s):
    """Largest distance of the covered part of the reference to the frames' cubic spline."""
    placed = [turned(pose, reference.path(at))[0] for pose, at in zip(poses, s, strict=True)]
    placed = np.array(placed).reshape(len(poses), -1)
    apart = np.linalg.norm(np.diff(placed, axis=0), axis=1)
    keep = np.concatenate([[True], apart > 1e-6])
    if keep.sum() < 4:
        return None
    length = np.concatenate([[0.0], np.cumsum(apart[apart > 1e-6])])
    spline = CubicSpline(length, placed[keep])
    fine = np.linspace(0.0, length[-1], 8 * SAMPLES)
    tree = cKDTree(spline(fine))
    worst = 0.0
    for at in np.linspace(min(s), max(s), SAMPLES):
        point = reference.path(at).ravel()
        rough, k = tree.query(point)
        if rough <= worst:
            continue
        bounds = fine[max(k - 1, 0)], fine[min(k + 1, len(fine) - 1)]
        gap = partial(_gap, spline, point)
        worst = max(worst, min(rough, minimize_scalar(gap, bounds=bounds, method="bounded").fun))
    return float(worst)


def _gap(spline, point, length):
    return np.linalg.norm(spline(length) - point)


def score(case, frames, energies):
    """Errors of a path against a case.

    `frames` [frames, atoms, 3] in bohr from one end over the saddle to the other, `energies`
    [frames] in hartree. `distances` are those of the frames to the reference, None for frames that
    lie past its last point, where it says nothing.
    """
    reference = reference_of(case)
    poses = [weighted(np.asarray(frame), reference.masses) for frame in frames]
    found = [nearest(reference, pose) for pose in poses]
    distance, s = np.array(found).T
    backward = s[-1] < s[0]
    if backward:
        poses, energies, distance, s = poses[::-1], energies[::-1], distance[::-1], s[::-1]
    past = past_the_end(reference, poses, s)
    inside = distance[~past]
    away = [None if out else d for d, out in zip(distance.tolist(), past, strict=True)]
    answer = {
        "reference_error": _reference_error(case),
        "frames": len(poses),
        "frames_past_the_reference": int(past.sum()),
        "max_distance": float(inside.max()) if len(inside) else None,
        "rms_distance": float(np.sqrt(np.mean(inside**2))) if len(inside) else None,
        "reference_to_path": to_path(reference, poses, s) if len(poses) > 3 else None,
        "distances": away[::-1] if backward else away,
        "max_energy_error_kcal_mol": _energy_error(reference, energies, s, ~past),
    }
    sides = {"reverse": (0, s.min()), "forward": (-1, s.max())}
    ends = {
        side: _end(reference, side, poses[k], energies[k], at, bool(past[k]))
        for side, (k, at) in sides.items()
    }
    names = ("energy_drop_covered", "distance_to_minimum", "reached")
    return answer | {
        name: {side: end[k] for side, end in ends.items()} for k, name in enumerate(names)
    }


def _reference_error(case):
    """How well the reference itself is known, the worse of its sides, amu^1/2 bohr."""
    known = case["reference"]["error_estimate_amu12_bohr"]
    return float(max(known.values()) if isinstance(known, dict) else known)


def _energy_error(reference, energies, s, inside):
    if not inside.any():
        return None
    return float(np.max(np.abs(np.asarray(energies) - reference.energy(s))[inside]) * KCAL)


def _end(reference, side, pose, energy, at, past):
    """Energy drop covered on a side, distance of its end to the minimum, whether that arrived."""
    case, end = reference.case, reference.case["endpoints"][side]
    if at * (-1 if side == "reverse" else 1) <= 0.0:
        return 0.0, None, False
    lowest = float(reference.energy(at))
    lowest = min(lowest, float(energy)) if past else lowest
    drop = (case["ts"]["energy"] - lowest) / (case["ts"]["energy"] - end["energy"])
    minimum = np.array(end["xyz"]) / case["bohr_in_angstrom"]
    away = turned(pose, weighted(minimum, reference.masses))[1]
    close = end.get("optimised", True) and away < ARRIVED
    return float(drop), away, bool(close or drop > COVERED)
