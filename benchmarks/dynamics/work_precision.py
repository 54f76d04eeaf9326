"""Evaluations and wall time against error, beside SciPy, diffrax, REBOUND and heyoka.

    python benchmarks/dynamics/work_precision.py [-o DIR] [--points 6] [--methods suite scipy ...]

Five smooth cases, rtol = atol on a grid of several points a decade, every call of the right-hand
side counted by a wrapper; error: max |y - true| / max |true| at the end. Printed are evaluations
and seconds at an error of 1e-5, by a least-squares line through the points within a decade and a
half of it (single points scatter by a factor of two in error), the same at 1e-8, and the ratios to
SciPy's DOP853. With -o, work_precision.svg and the points as work_precision.csv.
"""

import argparse
import csv
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import peers
from cases import smooth

SUITE = {"suite auto": "auto", "suite RK45": "RK45"}
SCIPY = {f"SciPy {m}": m for m in ("DOP853", "RK45", "LSODA")}
DIFFRAX = {"diffrax Tsit5": "Tsit5", "diffrax Dopri8": "Dopri8"}
LEVELS = (1e-5, 1e-8)
IMPLICIT = {f"SciPy {m}": m for m in ("Radau", "BDF")}


def contenders(case, chosen):
    """Name -> function of the tolerance that answers a `Ran`."""
    found = {}
    for group, run, methods in (
        ("suite", peers.suite_run, SUITE),
        ("scipy", peers.scipy_run, SCIPY),
        ("implicit", peers.scipy_run, IMPLICIT),
    ):
        if group in chosen:
            for name, method in methods.items():
                found[name] = lambda tol, r=run, m=method: r(case, m, tol)
    if "diffrax" in chosen:
        found |= {name: peers.Diffrax(case, solver) for name, solver in DIFFRAX.items()}
    if "heyoka" in chosen:
        found["heyoka"] = lambda tol: peers.Heyoka(case, tol)()
    if "rebound" in chosen and case.problem.name in ("kepler", "pleiades"):
        # IAS15 is of order 15: its epsilon of 1e-9 already stands at rounding.
        found["REBOUND IAS15"] = lambda tol: peers.ias15_run(case, tol**0.5)
    return found


def measured(case, name, run, grid):
    """One row a tolerance: calls, seconds and error."""
    rows = []
    for tolerance in grid:
        ran = run(tolerance)
        error = case.error(ran.y)
        rows.append(
            {
                "case": case.name,
                "program": name,
                "tolerance": f"{tolerance:.3e}",
                "calls": ran.calls,
                "seconds": ran.seconds,
                "error": error,
            }
        )
    return rows


def at(rows, what, level):
    """log-log least-squares line of `what` over the errors near a level, read at the level."""
    near = [
        (np.log10(r["error"]), np.log10(r[what]))
        for r in rows
        if r[what] and r["error"] > 0 and abs(np.log10(r["error"] / level)) <= 1.5
    ]
    if len(near) < 2 or min(near)[0] > np.log10(level) or max(near)[0] < np.log10(level):
        return None
    errors, sizes = np.array(near).T
    return 10.0 ** np.polyval(np.polyfit(errors, sizes, 1), np.log10(level))


def table(rows, level):
    """Evaluations and milliseconds at an error, with the ratio to SciPy's DOP853."""
    cases = list(dict.fromkeys(r["case"] for r in rows))
    programs = list(dict.fromkeys(r["program"] for r in rows))
    print(f"\nat an error of {level:g}: evaluations (over SciPy's DOP853), milliseconds")
    print(f"| program | {' | '.join(cases)} | geometric mean of the first four |")
    print("|---" * (len(cases) + 2) + "|")
    for program in programs:
        cells, ratios = [], []
        for case in cases:
            mine = [r for r in rows if (r["case"], r["program"]) == (case, program)]
            base = [r for r in rows if (r["case"], r["program"]) == (case, "SciPy DOP853")]
            calls, seconds = at(mine, "calls", level), at(mine, "seconds", level)
            over = at(base, "calls", level)
            ratio = calls / over if calls and over else None
            ratios.append(ratio)
            parts = [f"{calls:,.0f}" if calls else "", f"({ratio:.2f})" if ratio else ""]
            cells.append(" ".join([*parts, f"{seconds * 1e3:.1f} ms" if seconds else ""]).strip())
        mean = ""
        if len(ratios) >= 4 and all(ratios[:4]):
            mean = f"{np.exp(np.mean(np.log(ratios[:4]))):.3f}"
        print(f"| {program} | {' | '.join(cells)} | {mean} |")


def plot(rows, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    cases = list(dict.fromkeys(r["case"] for r in rows))
    programs = list(dict.fromkeys(r["program"] for r in rows))
    figure, axes = plt.subplots(2, len(cases), figsize=(4 * len(cases), 8), squeeze=False)
    for column, case in enumerate(cases):
        for line, what in enumerate(("calls", "seconds")):
            ax = axes[line][column]
            for i, program in enumerate(programs):
                mine = [r for r in rows if (r["case"], r["program"]) == (case, program) and r[what]]
                style = "o-" if program.startswith("suite") else "-"
                errors = [r["error"] for r in mine]
                ax.loglog(
                    errors, [r[what] for r in mine], style, ms=3, color=f"C{i}", label=program
                )
            ax.set(xlabel="error", ylabel={"calls": "evaluations"}.get(what, what), title=case)
            ax.invert_xaxis()
            ax.grid(alpha=0.3)
    axes[0][0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--points", type=int, default=6, help="tolerances a decade")
    parser.add_argument("--loosest", type=float, default=4.0, help="-log10 of the loosest")
    parser.add_argument("--tightest", type=float, default=12.0)
    parser.add_argument("--cases", nargs="*", default=None)
    parser.add_argument(
        "--methods", nargs="*", default=["suite", "scipy", "diffrax", "rebound", "heyoka"]
    )
    asked = parser.parse_args()
    count = round((asked.tightest - asked.loosest) * asked.points) + 1
    grid = 10.0 ** -np.linspace(asked.loosest, asked.tightest, count)
    rows = []
    for case in smooth():
        if asked.cases and not any(part.lower() in case.name.lower() for part in asked.cases):
            continue
        for name, run in contenders(case, asked.methods).items():
            rows += measured(case, name, run, grid if name != "heyoka" else grid[::3])
    for level in LEVELS:
        table(rows, level)
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        with (asked.out / "work_precision.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        plot(rows, asked.out / "work_precision.svg")


if __name__ == "__main__":
    main()
