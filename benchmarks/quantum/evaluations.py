"""How many evaluations VQE takes: our methods beside L-BFGS, Adam and fixed natural gradient.

    python benchmarks/quantum/evaluations.py [--seeds 24] [--only TEXT] [--kind molecule]
        [--baselines qng adam] [--pennylane PYTHON] [--out results.json]

An evaluation is an energy with its gradient, with or without metric; trial steps and kicks count.
Molecules start from Hartree-Fock in UCCSD and are followed to 1.6e-3 and 1e-6 hartree above the
minimum of the ansatz. Spin models start from random angles in `efficient_su2` and are followed to
1e-3 of the exact energy, and to 1.6e-3 and 1e-6 above the lowest energy that any run found, for at
most 250 evaluations; ERT is the evaluations of all runs over the successes. Ours has one setting
for all. Every baseline has the best rate of a grid for each problem, chosen on these very runs
(from 6 starts; the two best go on from all). L-BFGS is SciPy's with a memory of 20.

The problems are those of `tests/reference/ground_states.json`. `--pennylane` names a Python that
has PennyLane, whose QNGOptimizer then runs beside on the small circuits (minutes).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import contextlib

import numpy as np
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import Operator, SparsePauliOp
from scipy.optimize import minimize
from scipy.sparse.linalg import eigsh

from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.exact.circuits import circuit_engine, engine_of
from suite.quantum.problems.hamiltonian import molecule, pauli_sum
from suite.quantum.steps import Course, methods

PROBLEMS = Path(__file__).parents[2] / "tests" / "reference" / "ground_states.json"
RATES = {
    "molecule": {
        "qng": (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6),
        "adam": (0.003, 0.01, 0.03, 0.1, 0.2),
        "gradient-descent": (0.05, 0.1, 0.2, 0.4, 0.8),
    },
    "spin": {
        "qng": (0.0125, 0.025, 0.035, 0.05, 0.075, 0.1, 0.15, 0.3, 0.5, 0.7),
        "adam": (0.03, 0.1, 0.2, 0.3),
        "gradient-descent": (0.025, 0.05, 0.1),
    },
}
METHODS = ("gauss-newton", "natural", "l-bfgs", "qng", "adam", "gradient-descent")
BASELINES = ("qng", "adam", "gradient-descent")
HEATS = 6
"""Starts on which all rates run; the two best of them run from all starts."""
ONE_BASIN = ("h2 su2", "heis4")
MOST_MOLECULE, MOST_SPINS = 400, 250
ACCURACY = 1e-3


class Enough(Exception):
    """The evaluations allowed are used up."""


def ours(engine, first, method, most, seed=0, rate=None, kicks=0, goal=-np.inf):
    """The lowest energy after each evaluation, until the goal or to the end."""
    # Nothing but the goal and the number of evaluations may end a run.
    way = methods[method](Course(engine, 1e-12, most, seed, kicks, rate))
    lowest = []
    for attempt in way.walk(way.prepare(first)):
        if attempt.trial.cost["evaluations"]:
            energy = attempt.trial.notes["energy"]
            lowest.append(min(energy, lowest[-1]) if lowest else energy)
        if lowest[-1] <= goal:
            break
    return np.array(lowest)


def lbfgs(engine, first, most, goal=-np.inf):
    """The same of SciPy's L-BFGS."""
    lowest = []

    def counted(values):
        if len(lowest) >= most or (lowest and lowest[-1] <= goal):
            raise Enough
        energy, gradient = engine.gradient(values)
        lowest.append(min(energy, lowest[-1]) if lowest else energy)
        return energy, gradient

    options = {"maxcor": 20, "ftol": 0.0, "gtol": 1e-12, "maxfun": 10**6, "maxiter": 10**6}
    with contextlib.suppress(Enough):
        minimize(counted, first, jac=True, method="L-BFGS-B", options=options)
    return np.array(lowest)


def runs_of(engine, starts, most, goal, kind, baselines, judged=None):
    """Name of the method (and rate) -> its runs from all starts, each until `goal`.

    Rates are chosen by the goal `judged`, where that is another one.
    """
    judged = goal if judged is None else judged
    kicks = 99 if kind == "spin" else 0
    made = {}

    def each(name, call, some=starts):
        began = time.perf_counter()
        made[name] = made.get(name, []) + [call(seed, first) for seed, first in some]
        print(f"  {name}: {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)

    def fixed(name, some):
        method, rate = name.split()
        call = ours_with(engine, method, most, float(rate), goal)
        each(name, call, some)

    each(
        "gauss-newton",
        lambda seed, first: ours(engine, first, "gauss-newton", most, seed, None, kicks, goal),
    )
    each("natural", ours_with(engine, "natural", most, None, goal))
    each("l-bfgs", lambda _, first: lbfgs(engine, first, most, goal))
    for method in baselines:
        names = [f"{method} {rate}" for rate in RATES[kind][method]]
        for name in names:
            fixed(name, starts[:HEATS])
        names.sort(key=lambda n: score(made[n], judged, most)["ert"] or np.inf)
        if len(starts) > HEATS:
            for name in names[:2]:
                fixed(name, starts[HEATS:])
            for name in names[2:]:
                del made[name]
    return made


def ours_with(engine, method, most, rate, goal):
    """A method at a rate as a function of seed and start."""
    return lambda seed, first: ours(engine, first, method, most, seed, rate, goal=goal)


def hit(lowest, goal):
    """The number of evaluations to a goal, None where it was not reached."""
    reached = np.flatnonzero(lowest <= goal)
    return int(reached[0]) + 1 if len(reached) else None


def score(runs, goal, most):
    """Successes, median evaluations of them, and evaluations of all runs per success."""
    hits = [hit(run, goal) for run in runs]
    won = [h for h in hits if h is not None]
    spent = sum(most if h is None else h for h in hits)
    return {
        "successes": len(won),
        "runs": len(hits),
        "median": float(np.median(won)) if won else None,
        "ert": spent / len(won) if won else None,
    }


def best_of(made, method, goal, most):
    """The score of a method at its best rate, and that rate."""
    scores = {n: score(r, goal, most) for n, r in made.items() if n.split()[0] == method}
    if not scores:
        return None
    worst = float("inf")
    name = min(scores, key=lambda n: scores[n]["ert"] or worst)
    return scores[name] | {"rate": name.partition(" ")[2]}


def molecules(problems, only, baselines):
    """Name -> scores of every molecule, from Hartree-Fock."""
    table = {}
    for case in problems:
        if case["kind"] != "molecule" or only not in case["id"]:
            continue
        print(case["id"], file=sys.stderr)
        problem = molecule_of(case)
        engine = engine_of(problem, ansatz_of("uccsd", problem))
        made = runs_of(
            engine,
            [(0, np.zeros(engine.parameters))],
            MOST_MOLECULE,
            -np.inf,
            "molecule",
            baselines,
        )
        minimum = min(run[0][-1] for run in made.values())
        table[case["id"]] = {
            "parameters": engine.parameters,
            "minimum": minimum,
            "above_exact": minimum - case["exact"],
            "scores": {
                goal: {m: best_of(made, m, minimum + goal, MOST_MOLECULE) for m in METHODS}
                for goal in (1.6e-3, 1e-6)
            },
        }
    return table


def molecule_of(case):
    return molecule(
        case["geometry"],
        charge=case["charge"],
        spin=case["spin"],
        active_space=None if case["active_space"] is None else tuple(case["active_space"]),
    )


def two_qubit_h2():
    """H2 at 0.735 angstrom with one qubit for each spin: which orbital its electron is in."""
    whole = molecule("H 0 0 0; H 0 0 0.735").observable.to_matrix()
    # One bit of the first two and one of the last two: one electron of each spin.
    kept = [(1 << a) | (4 << b) for b in (0, 1) for a in (0, 1)]
    matrix = whole[np.ix_(kept, kept)]
    return SparsePauliOp.from_operator(Operator(matrix)).simplify()


def heisenberg(width):
    pairs = [(w, [i, i + 1], 1.0) for i in range(width - 1) for w in ("XX", "YY", "ZZ")]
    return SparsePauliOp.from_sparse_list(pairs, width)


def spin_cases(problems):
    """Name -> observable and repetitions of its circuit."""
    terms = {p["id"]: p["terms"] for p in problems if p["kind"] == "spin"}
    pick = {name: pauli_sum([(w, c) for w, c in found]) for name, found in terms.items()}
    pick = {name: getattr(found, "observable", found) for name, found in pick.items()}
    return {
        "h2 su2": (two_qubit_h2(), 2),
        "heis4": (pick["heis_open_4"], 3),
        "heis6": (heisenberg(6), 4),
        "tfim6": (pick["tfim_open_6_J1_h1"], 3),
        "tfim8": (pick["tfim_open_8_J1_h1"], 4),
        "tfim4": (pick["tfim_open_4_J1_h1"], 2),
        "xxz6": (pick["xxz_open_6_d0.5"], 4),
        "heis8": (pick["heis_open_8"], 4),
    }


def lowest_eigenvalue(observable):
    if observable.num_qubits < 5:
        return float(np.linalg.eigvalsh(observable.to_matrix())[0])
    start = np.random.default_rng(0).normal(size=2**observable.num_qubits)
    matrix = observable.to_matrix(sparse=True)
    return float(eigsh(matrix, k=1, which="SA", v0=start)[0][0])


def spins(problems, only, baselines, seeds, first_seed):
    """Name -> scores of every spin model, from random angles."""
    table = {}
    for name, (observable, repetitions) in spin_cases(problems).items():
        if only not in name:
            continue
        print(name, file=sys.stderr)
        circuit = efficient_su2(observable.num_qubits, reps=repetitions, entanglement="linear")
        engine, exact = circuit_engine(circuit, observable), lowest_eigenvalue(observable)
        goal = exact + ACCURACY * abs(exact)
        starts = [
            (seed, random_angles(seed, engine.parameters))
            for seed in range(first_seed, first_seed + seeds)
        ]
        made = runs_of(engine, starts, MOST_SPINS, -np.inf, "spin", baselines, goal)
        lowest = min(run[-1] for runs in made.values() for run in runs)
        ends = [run[-1] for run in made["gauss-newton"]]
        table[name] = {
            "parameters": engine.parameters,
            "exact": exact,
            "worst": (max(ends) - exact) / abs(exact),
            "scores": {m: best_of(made, m, goal, MOST_SPINS) for m in METHODS},
            "absolute": {
                above: {m: best_of(made, m, lowest + above, MOST_SPINS) for m in METHODS}
                for above in (1.6e-3, 1e-6)
            },
        }
        print(json.dumps(table[name]["scores"]), file=sys.stderr, flush=True)
    return table


def random_angles(seed, count):
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, count)


def cell(found, key):
    """The evaluations of one run, or successes, median and ERT of many."""
    if found is None:
        return "-"
    if found["runs"] == 1:
        text = "-" if found["median"] is None else f"{found['median']:.0f}"
    elif found["ert"] is None:
        text = f"0/{found['runs']}"
    else:
        text = f"{found['successes']}/{found['runs']} {found['median']:.0f} {found['ert']:.0f}"
    return f"{text} ({found['rate']})" if found["rate"] and key != "plain" else text


def ratio(ours, other):
    return None if other is None or other["ert"] is None else ours["ert"] / other["ert"]


def print_molecules(table):
    names = METHODS
    print("\nEvaluations to 1.6e-3 / 1e-6 hartree of the ansatz minimum, UCCSD from Hartree-Fock")
    print("| problem | p | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 2) + "|")
    for name, row in table.items():
        near, close = row["scores"][1.6e-3], row["scores"][1e-6]
        cells = [f"{cell(near[m], 'plain')} / {cell(close[m], m)}" for m in names]
        print(f"| {name} | {row['parameters']} | " + " | ".join(cells) + " |")
    counts = [row["scores"][1e-6]["gauss-newton"]["median"] or np.inf for row in table.values()]
    print(f"Gauss-Newton to 1e-6: most {np.max(counts):.0f}, median {np.median(counts):.1f}")


def print_spins(table):
    names = METHODS
    print("\nTo 1e-3 of the exact energy from random starts: successes, median, ERT (best rate)")
    print(
        "| problem | p | "
        + " | ".join(names)
        + " | ERT over l-bfgs | over qng | worst |\n"
        + "|---" * (len(names) + 5)
        + "|"
    )
    over = []
    for name, row in table.items():
        scores = row["scores"]
        ours = scores["gauss-newton"]
        ratios = [ratio(ours, scores[m]) if ours["ert"] else None for m in ("l-bfgs", "qng")]
        if name not in ONE_BASIN and ratios[1]:
            over.append(ratios[1])
        texts = ["-" if r is None else f"{r:.2f}" for r in ratios]
        cells = [cell(scores[m], m) for m in names] + texts + [f"{row['worst']:.1e}"]
        print(f"| {name} | {row['parameters']} | " + " | ".join(cells) + " |")
    print("\nTo 1.6e-3 / 1e-6 above the lowest energy found, from the same runs")
    print("| problem | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 1) + "|")
    for name, row in table.items():
        near, close = row["absolute"][1.6e-3], row["absolute"][1e-6]
        cells = [f"{cell(near[m], 'plain')} / {cell(close[m], m)}" for m in names]
        print(f"| {name} | " + " | ".join(cells) + " |")
    if over:
        mean = np.exp(np.mean(np.log(over)))
        print(f"Geometric mean of ERT over best-tuned fixed QNG, many basins: {mean:.2f}")


def pennylane(python, problems, only, seeds, first_seed):
    """PennyLane's QNGOptimizer on the small circuits, in its own Python."""
    small = {n: c for n, c in spin_cases(problems).items() if n in ONE_BASIN and only in n}
    cases = []
    for name, (observable, repetitions) in small.items():
        exact, p = lowest_eigenvalue(observable), 2 * observable.num_qubits * (repetitions + 1)
        cases.append(
            {
                "name": name,
                "qubits": observable.num_qubits,
                "repetitions": repetitions,
                "terms": [(w, c.real) for w, c in observable.to_list()],
                "goal": exact + ACCURACY * abs(exact),
                "starts": [
                    random_angles(s, p).tolist() for s in range(first_seed, first_seed + seeds)
                ],
                "most": MOST_SPINS,
            }
        )
    script = Path(__file__).with_name("pennylane_qng.py")
    done = subprocess.run(
        [python, script], input=json.dumps(cases), capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"\nPennyLane did not run: {done.stderr[-500:]}")
        return {}
    found = json.loads(done.stdout)
    print("\nPennyLane QNGOptimizer: successes, median, ERT at the best step size, and at its own")
    for name, by_rate in found.items():
        scores = {rate: hits_score(hits) for rate, hits in by_rate.items()}
        best = min(scores, key=lambda r, s=scores: s[r]["ert"] or float("inf"))
        print(f"{name}: {scores[best]} at {best}; usual 0.01: {scores['0.01']}")
    return found


def hits_score(hits):
    won = [h for h in hits if h]
    spent = sum(h or MOST_SPINS for h in hits)
    return {
        "successes": len(won),
        "median": float(np.median(won)) if won else None,
        "ert": round(spent / len(won)) if won else None,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--only", default="", help="only problems whose name holds this text")
    parser.add_argument("--kind", choices=["molecule", "spin", "both", "none"], default="both")
    parser.add_argument("--baselines", nargs="*", choices=BASELINES, default=BASELINES[:2])
    parser.add_argument("--pennylane", help="a Python that has PennyLane")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    problems = json.loads(PROBLEMS.read_text())["problems"]
    found = {}
    if options.kind in ("molecule", "both"):
        found["molecules"] = molecules(problems, options.only, options.baselines)
        if found["molecules"]:
            print_molecules(found["molecules"])
    if options.kind in ("spin", "both"):
        found["spins"] = spins(
            problems, options.only, options.baselines, options.seeds, options.first_seed
        )
        if found["spins"]:
            print_spins(found["spins"])
    if options.pennylane:
        found["pennylane"] = pennylane(
            options.pennylane, problems, options.only, min(options.seeds, 3), options.first_seed
        )
    if options.out:
        options.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
