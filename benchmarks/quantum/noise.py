"""VQE at equal shots: the annealed natural gradient beside fixed QNG, Adam and SPSA.

Every method starts from the same parameters and measures on the same simulator with real
multinomial shots. The error is the noise-free energy of its answer above the lowest energy that the
ansatz reaches. Every baseline is given its best setting of a grid, chosen on these very seeds by
its median error; ours has one setting. Ratios are paired by seed.

    python benchmarks/quantum/noise.py --shots 300000 --seeds 16 --problems heis4r3 tfim4r2
    python benchmarks/quantum/noise.py --seeds 8 --problems h2r2 --natural together "energy first"
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from suite.core import finish
from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.noise.annealed import NoisyCourse, annealed
from suite.quantum.noise.baselines import Setting, adam, fixed_natural_gradient, spsa
from suite.quantum.noise.gradients import rows_of
from suite.quantum.noise.groups import grouped
from suite.quantum.noise.natural import GROWTH, natural
from suite.quantum.noise.program import DeviceNoise
from suite.quantum.noise.simulator import Simulator, simulator
from suite.quantum.noise.unrolled import unroll
from suite.quantum.problems.hamiltonian import molecule
from suite.quantum.request import ORDERS

GRIDS: dict[str, tuple[Callable[[Setting], Any], tuple[float, ...], tuple[int, ...]]] = {
    "QNG": (fixed_natural_gradient, (0.0125, 0.025, 0.05, 0.1, 0.2), (100, 1000)),
    "Adam": (adam, (0.025, 0.05, 0.1, 0.2, 0.4), (100, 1000)),
    "SPSA": (spsa, (0.0025, 0.005, 0.01, 0.03, 0.1, 0.3), (100,)),
}
UNTUNED = {("QNG", rate, 1000): f"untuned QNG at {rate}" for rate in (0.0125, 0.05, 0.2)}
"""Rates that somebody takes who has not tried any, each told by itself."""


class Case(NamedTuple):
    """A problem: circuit, observable, how it starts, and the noise of the device."""

    unrolled: Any
    observable: Any
    start: str
    lowest: float
    best: np.ndarray
    noise: DeviceNoise | None


def heisenberg(n: int) -> Any:
    from qiskit.quantum_info import SparsePauliOp

    terms = [(a + a, [i, i + 1], 1.0) for i in range(n - 1) for a in "XYZ"]
    return SparsePauliOp.from_sparse_list(terms, n)


def tfim(n: int) -> Any:
    from qiskit.quantum_info import SparsePauliOp

    bonds = [("ZZ", [i, i + 1], -1.0) for i in range(n - 1)]
    return SparsePauliOp.from_sparse_list(bonds + [("X", [i], -1.0) for i in range(n)], n)


def h2() -> Any:
    """H2 at 0.735 angstrom on two qubits (parity mapping, two symmetries taken out)."""
    from qiskit.quantum_info import SparsePauliOp

    words = ["II", "IZ", "ZI", "ZZ", "XX"]
    return SparsePauliOp(
        words,
        [-1.052373245772859, 0.39793742484318, -0.39793742484318, -0.01128010425624, 0.18093119978],
    )


SPINS = {
    "h2r2": (h2, 2, 2),
    "heis4r2": (lambda: heisenberg(4), 4, 2),
    "heis4r3": (lambda: heisenberg(4), 4, 3),
    "tfim4r2": (lambda: tfim(4), 4, 2),
    "tfim6r2": (lambda: tfim(6), 6, 2),
}
MOLECULES = {
    "h2uccsd": "H 0 0 0; H 0 0 0.735",
    "h2uccsd1.5": "H 0 0 0; H 0 0 1.5",
    "h4uccsd": "H 0 0 0; H 0 0 1; H 0 0 2; H 0 0 3",
}


def case_of(name: str) -> Case:
    """A case by name: NAME, with :warm for a warm start and :device for a noisy device."""
    base, *marks = name.split(":")
    noise = DeviceNoise() if "device" in marks else None
    if base in MOLECULES:
        problem = molecule(MOLECULES[base])
        ansatz = ansatz_of("uccsd", problem)
        circuit, observable = getattr(ansatz, "circuit", ansatz), problem.observable
        starts, start = 1, "zero"
    else:
        from qiskit.circuit.library import efficient_su2

        make, width, repetitions = SPINS[base]
        observable = make()
        circuit = efficient_su2(width, reps=repetitions, entanglement="linear")
        starts, start = 12, "warm" if "warm" in marks else "random"
    unrolled, sums = unroll(circuit), grouped(observable)
    lowest, best = ansatz_minimum(simulator(unrolled, sums), starts, start == "zero")
    return Case(unrolled, sums, start, lowest, best, noise)


def ansatz_minimum(machine: Simulator, starts: int, zero: bool) -> tuple[float, np.ndarray]:
    """The lowest of some exact L-BFGS runs."""
    rows = rows_of(machine.unrolled)

    def at(values: np.ndarray) -> tuple[float, np.ndarray]:
        here = machine.unrolled.angles(values)
        energies = machine.exact_energies(np.vstack([here, rows.at(values)]))
        each = np.bincount(rows.angle, rows.weight * energies[1:], machine.unrolled.count)
        return float(energies[0]), machine.unrolled.jacobian(values).T @ each

    count = len(machine.unrolled.parameters)
    rng = np.random.default_rng(99)
    found = []
    for _ in range(starts):
        first = np.zeros(count) if zero else rng.uniform(-np.pi, np.pi, count)
        run = minimize(at, first, jac=True, method="L-BFGS-B", options={"maxiter": 400})
        found.append((float(run.fun), run.x))
    return min(found, key=lambda pair: pair[0])


def start_of(case: Case, seed: int) -> np.ndarray:
    rng = np.random.default_rng((seed, 1))
    count = len(case.unrolled.parameters)
    if case.start == "zero":
        return np.zeros(count)
    if case.start == "warm":
        return case.best + 0.2 * rng.normal(size=count)
    return rng.uniform(-np.pi, np.pi, count)


def ours(case: Case, shots: int, seed: int, **options: Any) -> float:
    machine = simulator(case.unrolled, case.observable, seed=seed, noise=case.noise)
    first = 20 if case.start == "random" else 200
    settings = {"first_shots": first, "final_shots": 1} | options
    method = annealed(NoisyCourse(case.unrolled, case.observable, machine, shots, **settings))
    return error_of(case, method, seed)


def two_signals(case: Case, order: str, shots: int, seed: int) -> float:
    """The natural gradient that compares energies, its jobs in an order."""
    machine = simulator(case.unrolled, case.observable, seed=seed, noise=case.noise)
    first = 20 if case.start == "random" else 200
    course = NoisyCourse(
        case.unrolled, case.observable, machine, shots, 1, first_shots=first, growth=GROWTH
    )
    return error_of(case, natural(course, lambda *_: (order, "as asked")), seed)


def baseline(case: Case, name: str, rate: float, row_shots: int, shots: int, seed: int) -> float:
    machine = simulator(case.unrolled, case.observable, seed=seed, noise=case.noise)
    method = GRIDS[name][0](Setting(case.unrolled, machine, shots, row_shots, rate))
    return error_of(case, method, seed)


def error_of(case: Case, method: Any, seed: int) -> float:
    end = finish(method.walk(method.prepare(start_of(case, seed))))
    answer = method.answer(end.after.state)[1]
    ideal = simulator(case.unrolled, case.observable)
    energy = ideal.exact_energies(case.unrolled.angles(answer)[None])[0]
    return max(float(energy) - case.lowest, 1e-12)


def compared(
    case: Case,
    shots: int,
    seeds: range,
    options: dict[str, Any],
    orders: list[str],
    baselines: list[str],
) -> dict[str, Any]:
    """Errors of ours, of each baseline at its best setting, and of untuned ones, by seed."""
    began = time.perf_counter()
    found: dict[str, Any] = {"ours": [ours(case, shots, seed, **options) for seed in seeds]}
    print(
        f"  ours {np.median(found['ours']):.3g} ({time.perf_counter() - began:.0f} s)", flush=True
    )
    for order in orders:
        errors = [two_signals(case, order, shots, seed) for seed in seeds]
        found[f"natural, {order}"] = errors
        print(f"  natural, {order} {np.median(errors):.3g}", flush=True)
    for name in baselines:
        _, rates, sizes = GRIDS[name]
        best: tuple[float, Any, list[float]] = (np.inf, None, [])
        for size in sizes:
            for rate in rates:
                errors = [baseline(case, name, rate, size, shots, seed) for seed in seeds]
                best = min(
                    best, (float(np.median(errors)), (rate, size), errors), key=lambda b: b[0]
                )
                if (name, rate, size) in UNTUNED:
                    found[UNTUNED[name, rate, size]] = errors
        found[name] = best[2]
        print(f"  {name} {best[0]:.3g} at {best[1]}", flush=True)
    return found


def bootstrap(errors: list[dict[str, Any]], name: str) -> tuple[float, float, float]:
    """Geometric mean over problems of the median paired ratio, with its 95 % interval by seeds."""
    ratios = [np.array(each["ours"]) / np.array(each[name]) for each in errors]
    rng = np.random.default_rng(0)

    def mean(draw: Callable[[Any], Any]) -> float:
        return float(np.exp(np.mean([np.log(np.median(draw(each))) for each in ratios])))

    draws = [mean(lambda each: rng.choice(each, len(each))) for _ in range(2000)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return mean(lambda each: each), float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=300_000)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--problems", nargs="+", default=["h2r2", "heis4r2", "heis4r3", "tfim4r2"])
    parser.add_argument("--options", type=json.loads, default={}, help="of NoisyCourse, as JSON")
    parser.add_argument("--natural", nargs="+", choices=ORDERS, default=[], help="orders of jobs")
    parser.add_argument("--baselines", nargs="+", choices=GRIDS, default=list(GRIDS))
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    table = {}
    for name in given.problems:
        case = case_of(name)
        print(f"{name}: {case.unrolled.count} angles, ansatz minimum {case.lowest:.6f}", flush=True)
        table[name] = compared(
            case, given.shots, seeds, given.options, given.natural, given.baselines
        )
        if given.output:
            given.output.write_text(json.dumps({"shots": given.shots, "errors": table}))
    untuned = [named for (name, *_), named in UNTUNED.items() if name in given.baselines]
    orders = [f"natural, {order}" for order in given.natural]
    for name in (*given.baselines, *untuned, *orders):
        ratio, low, high = bootstrap(list(table.values()), name)
        wins = sum(int(np.sum(np.array(t["ours"]) < np.array(t[name]))) for t in table.values())
        print(
            f"ours / {name}: {ratio:.2f} [{low:.2f}, {high:.2f}]  {wins}/{len(table) * given.seeds}"
        )


if __name__ == "__main__":
    main()
