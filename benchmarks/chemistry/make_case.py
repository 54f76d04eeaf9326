"""Make a reference case: refine a saddle, trace its path tightly, write NAME.json and NAME.xyz.

    python benchmarks/chemistry/make_case.py guess.xyz --name NAME [--method HF|UHF|RKS|UKS]
        [--basis 3-21g] [--xc pbe] [--grid 6] [--out DIR] [--tolerance 1e-5] [--hessian-every 0.3]

The guess is an XYZ file in angstrom with charge= and spin= (unpaired electrons) in its comment
line. Nothing of the package under test is used. The saddle is refined by eigenvector following
with analytic Hessians. The path solves dx/dt = -g in mass-weighted coordinates with Krogstad's
exponential Runge-Kutta method of order 4 (J. Comput. Phys. 203, 72 (2005)): the linear part is
the analytic Hessian, renewed every --hessian-every amu^1/2 bohr and updated in between, so the
stiff valley is exact and the order does not depend on the Hessian. A second run with ten times
the tolerance, twice the largest step, half as many Hessians and a later start gives the estimated
error; cubic interpolation between the points that are written gives another.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
from reference_path import Settings, curvature, distance, trace
from reference_surface import BOHR, Level, Surface, note, refine_saddle, settle, wavenumbers
from scipy.interpolate import CubicSpline

KCAL = 627.5094740631


def symmetry(surface, saddle, permutation):
    """The operation of the saddle, as a function of x, that turns its mode round."""
    if permutation is None:
        return None
    x, _, mode = saddle[:3]
    order = np.array(permutation) - 1
    left, _, right = np.linalg.svd(x.reshape(-1, 3)[order].T @ x.reshape(-1, 3))
    # The last axis is the one across the plane of a flat saddle, where both signs fit.
    for sign in (1.0, -1.0):
        turn = left @ np.diag([1.0, 1.0, sign]) @ right

        def image(y, turn=turn):
            return (y.reshape(-1, 3)[order] @ turn).ravel()

        off = max(np.linalg.norm(image(x) - x), np.linalg.norm(image(mode) + mode))
        if off < 1e-4:
            note(f"the sides are images of each other to {off:.0e}")
            return image
    raise SystemExit(f"permutation {permutation} does not turn the mode round")


def mirrored(side, image):
    path, checks, stop, rms = side
    return [[(s, image(x), e) for s, x, e in rows] for rows in (path, checks)] + [stop, rms]


def trace_both(surface, saddle, settings, image):
    """Both sides; with a symmetry that exchanges them the reverse one is an image."""
    answer = {}
    for name, side in (("forward", 1), ("reverse", -1)):
        surface.density = saddle[-1]
        if name == "reverse" and image:
            answer[name] = mirrored(answer["forward"], image)
        else:
            answer[name] = trace(surface, saddle[:-1], side, settings)
    return {name: answer[name] for name in ("reverse", "forward")}


def compare(saddle, fine, coarse):
    """Errors of each side: against the coarser run, and of cubic interpolation."""
    error, spline_error = {}, {}
    for name, (path, checks, _, _) in fine.items():
        s = np.array([0.0, *(row[0] for row in path)])
        spline = CubicSpline(s, np.array([saddle[0], *(row[1] for row in path)]))
        grid = np.linspace(0, s[-1], 20001)
        error[name] = distance(coarse[name][0], spline, grid)
        spline_error[name] = distance(checks, spline, grid)
    return error, spline_error


def rounded(surface, x, digits):
    return surface.angstrom(x).round(digits).tolist()


def end_entry(surface, path, density):
    """The optimised end of a side, or its last point where the optimiser does not arrive."""
    surface.density = density
    _, last, low = path[-1]
    x, done, energy, size, values, text = settle(surface, last)
    if not done:
        return {
            "energy": low,
            "xyz": rounded(surface, last, 7),
            "max_gradient": None,
            "optimised": False,
            "note": "not optimised: the fragments separate or the surface is too flat; "
            "energy is that of the last path point",
        }
    entry = {
        "energy": energy,
        "xyz": rounded(surface, x, 7),
        "max_gradient": size,
        "lowest_frequencies_cm1": wavenumbers(values[:3]).round(1).tolist(),
        "optimised": True,
    }
    return {**entry, "note": text} if text else entry


def both_ends(surface, fine, saddle, image):
    forward = end_entry(surface, fine["forward"][0], saddle[-1])
    if image is None:
        return {"reverse": end_entry(surface, fine["reverse"][0], saddle[-1]), "forward": forward}
    weighed = surface.weigh(np.array(forward["xyz"]))
    return {"reverse": {**forward, "xyz": rounded(surface, image(weighed), 7)}, "forward": forward}


def make(surface, name, settings, permutation=None):
    """The whole case as a dictionary ready for JSON."""
    began = time.time()
    x = refine_saddle(surface, surface.begin)
    top, gradient, hessian = surface.measure(x, hessian=True)
    values, vectors = surface.modes(x, hessian)
    mode = vectors[:, 0]
    mode = mode * np.sign(mode[np.abs(mode).argmax()])
    bend = curvature(surface, x, hessian, mode, values[0])
    saddle = (x, hessian, mode, bend, surface.density)
    image = symmetry(surface, saddle, permutation)
    fine = trace_both(surface, saddle, settings, image)
    spent = surface.gradients, surface.hessians
    note(f"fine run: {spent[0]} gradients, {spent[1]} Hessians, {time.time() - began:.0f} s")
    coarse = trace_both(surface, saddle, settings.coarser(), image)
    error, spline_error = compare(saddle, fine, coarse)
    note(f"error {error}, interpolation {spline_error}, {time.time() - began:.0f} s")
    ends = both_ends(surface, fine, saddle, image)
    level, mol = surface.level, surface.mol
    path = [(-s, y, e) for s, y, e in reversed(fine["reverse"][0])]
    path += [(0.0, x, top), *fine["forward"][0]]
    return {
        "name": name,
        "symbols": [mol.atom_pure_symbol(k) for k in range(mol.natm)],
        "method": level.method,
        "basis": level.basis,
        "xc": level.xc,
        "charge": mol.charge,
        "spin": mol.spin,
        "dft_grid_level": level.grid if level.xc else None,
        "masses_amu": surface.masses.tolist(),
        "masses_convention": "isotope average: PySCF mol.atom_mass_list(isotope_avg=True)",
        "bohr_in_angstrom": BOHR,
        "ts": {
            "xyz": rounded(surface, x, 8),
            "energy": top,
            "imaginary_frequency_cm1": round(float(wavenumbers(values[0])), 2),
            "next_frequencies_cm1": wavenumbers(values[1:4]).round(1).tolist(),
            "max_gradient": surface.largest(x, gradient),
        },
        "endpoints": ends,
        "barriers_kcal_mol": {side: round((top - ends[side]["energy"]) * KCAL, 4) for side in ends},
        "reference": {
            "integrator": "Krogstad's exponential Runge-Kutta method of order 4, "
            f"analytic Hessian every {settings.hessian_every} amu^1/2 bohr, updated in between",
            "tolerance_per_step": settings.tolerance,
            "start_step": settings.start,
            "max_step": settings.largest,
            "stopped": {side: fine[side][2] for side in fine},
            "length": {side: round(fine[side][0][-1][0], 4) for side in fine},
            "last_rms_gradient": {side: round(fine[side][3], 6) for side in fine},
            "error_estimate_amu12_bohr": {side: float(f"{error[side]:.1e}") for side in error},
            "error_estimate_how": "largest distance to a second run with 10x the tolerance, twice "
            "the maximal step and a start at 1.5x the distance",
            "interpolation_error_amu12_bohr": float(f"{max(spline_error.values()):.1e}"),
            **({"symmetry": "the reverse side is the image of the forward side"} if image else {}),
            "gradients": spent[0],
            "hessians": spent[1],
        },
        "path": [
            {"s": round(s, 6), "energy": round(e, 9), "xyz": rounded(surface, y, 7)}
            for s, y, e in path
        ],
    }


def write(case, folder):
    """NAME.xyz, then NAME.json, each written apart and renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    level = case["xc"] or case["method"]
    comment = (
        f"{case['name']} transition state method={level}/{case['basis']} charge={case['charge']} "
        f"spin={case['spin']} (spin = unpaired electrons) energy={case['ts']['energy']:.9f} hartree"
    )
    rows = [
        f"{symbol:2s} {x:14.8f} {y:14.8f} {z:14.8f}"
        for symbol, (x, y, z) in zip(case["symbols"], case["ts"]["xyz"], strict=True)
    ]
    points = ",\n  ".join(json.dumps(point, separators=(",", ":")) for point in case["path"])
    head = json.dumps({**case, "path": []}, indent=1)
    texts = {
        "xyz": "\n".join([str(len(rows)), comment, *rows]) + "\n",
        "json": head.replace('"path": []', f'"path": [\n  {points}\n ]') + "\n",
    }
    for suffix, text in texts.items():
        unfinished = folder / f".{case['name']}.{suffix}.part"
        unfinished.write_text(text)
        unfinished.replace(folder / f"{case['name']}.{suffix}")


def read_guess(path):
    lines = Path(path).read_text().splitlines()
    rows = [line.split() for line in lines[2 : 2 + int(lines[0])]]
    words = dict(word.split("=", 1) for word in lines[1].split() if "=" in word)
    symbols, coordinates = [row[0] for row in rows], [row[1:4] for row in rows]
    return (
        symbols,
        np.array(coordinates, float),
        *(int(words.get(k, 0)) for k in ("charge", "spin")),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("guess")
    parser.add_argument("--name", required=True)
    parser.add_argument("--method", default="HF", choices=["HF", "UHF", "RKS", "UKS"])
    parser.add_argument("--basis", default="3-21g")
    parser.add_argument("--xc")
    parser.add_argument("--grid", type=int, default=6)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "cases")
    parser.add_argument("--tolerance", type=float, default=1e-5, help="amu^1/2 bohr a step")
    parser.add_argument("--start", type=float, default=0.02, help="amu^1/2 bohr")
    parser.add_argument("--largest", type=float, default=0.12, help="amu^1/2 bohr")
    parser.add_argument("--hessian-every", type=float, default=0.3, help="amu^1/2 bohr")
    parser.add_argument(
        "--mirror",
        type=int,
        nargs="+",
        metavar="ATOM",
        help="a symmetric saddle: the atoms (from 1) that take the places of atoms 1, 2, ... under "
        "an operation that exchanges the sides; one side is then traced and the other is its image",
    )
    options = parser.parse_args()
    level = Level(options.method, options.basis, options.xc, options.grid if options.xc else None)
    surface = Surface(*read_guess(options.guess), level)
    settings = Settings(options.tolerance, options.start, options.largest, options.hessian_every)
    case = make(surface, options.name, settings, options.mirror)
    write(case, options.out)
    reference = case["reference"]
    note(f"{options.name}: {case['barriers_kcal_mol']}, {reference['error_estimate_amu12_bohr']}")


if __name__ == "__main__":
    main()
