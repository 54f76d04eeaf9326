"""The Kepler orbit on the core: one problem, three ways to measure and judge its steps.

    python examples/core/kepler.py --method energy --rtol 1e-9 --periods 10 --store run

Eccentricity 0.6, GM = 1, semi-major axis 1, from pericentre. `embedded` judges the error of
Dormand and Prince's pair, `doubling` that of two half steps of the classical Runge-Kutta method
against a whole one, `energy` the pair's error and the energy that a step gains or loses, both at
once. With `--store` the run is kept; the same command goes on where it was stopped or killed.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import suite
from suite.core import (
    Attempt,
    Both,
    ErrorControl,
    Law,
    Point,
    Record,
    Signal,
    Status,
    Step,
    Store,
    Trial,
    begin,
    march,
    run,
)
from suite.dynamics.equation import (
    EPS,
    Equation,
    Flow,
    Tolerance,
    Try,
    smallest_step,
    start,
)
from suite.dynamics.methods.doubling import classical, step_doubling
from suite.dynamics.methods.explicit import dormand_prince

ECCENTRICITY = 0.6
ENERGY = -0.5  # -GM / 2a
PERIOD = 2.0 * math.pi
PERICENTRE = np.array(
    [1.0 - ECCENTRICITY, 0.0, 0.0, math.sqrt((1.0 + ECCENTRICITY) / (1.0 - ECCENTRICITY))]
)
METHODS = ("embedded", "doubling", "energy")


def gravity(time: float, y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rate of position and velocity, y = (x, y, vx, vy)."""
    cube = (y[0] * y[0] + y[1] * y[1]) ** -1.5
    return np.array([y[2], y[3], -y[0] * cube, -y[1] * cube])


def energies(y: NDArray[np.float64]) -> tuple[float, float]:
    """Kinetic and potential energy."""
    return 0.5 * float(y[2] * y[2] + y[3] * y[3]), -1.0 / math.hypot(y[0], y[1])


def watching_energy(attempt: Try, allowed: float) -> Try:
    """The same attempt that shows one more signal: the energy that its step gained or lost.

    It is given over what is allowed; counted from the start it would not vanish with the size. Its
    noise is the rounding of the two energies; its order, that of a local error of a method of
    order 5, is 6.
    """

    def watched(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        kinetic, potential = energies(trial.state.y)
        change = kinetic + potential - sum(energies(flow.y))
        signal = Signal(abs(change) / allowed, EPS * (kinetic - potential) / allowed, 6)
        return trial._replace(evidence={**trial.evidence, "energy": signal})

    return watched


def setup(method: str, rtol: float, end: float) -> tuple[Law, Try, Equation]:
    """The law, the attempt and the equation of a method."""
    equation = Equation(gravity, Tolerance(rtol, rtol), end)
    if method == "doubling":
        return ErrorControl(), step_doubling(classical, 4, equation).attempt, equation
    attempt = dormand_prince(equation).attempt
    if method == "embedded":
        return ErrorControl(), attempt, equation
    law = Both(ErrorControl("error"), ErrorControl("energy"))
    return law, watching_energy(attempt, rtol * abs(ENERGY)), equation


def orbit(
    method: str, rtol: float, periods: float, store: Store | None = None
) -> tuple[Status, Record, Flow]:
    """Follow the orbit; how it ended, its record, and the last point."""
    law, attempt, equation = setup(method, rtol, periods * PERIOD)
    last = [store.point() if store is not None else None]

    def walk(where: Attempt | Point) -> Iterator[Attempt]:
        return march(attempt, where, law, equation.until, equation.limits, floor=smallest_step)

    def prepare() -> Attempt:
        # A hundredth of the free-fall time at pericentre: the law finds the rest.
        size = 0.01 * PERICENTRE[0] ** 1.5
        return begin(start(gravity, 0.0, PERICENTRE), law, size, cost={"evaluations": 1})

    def remember(attempt: Attempt) -> None:
        last[0] = attempt.after

    record = Record()
    status = run(walk, prepare, record, store=store, observe=(remember,))
    assert last[0] is not None
    return status, record, last[0].state


def exact_position(time: float) -> NDArray[np.float64]:
    """The closed form: solve Kepler's equation M = E - e sin E by Newton's method."""
    mean = math.remainder(time, PERIOD)
    anomaly = mean + math.copysign(ECCENTRICITY, mean)
    for _ in range(50):
        residual = anomaly - ECCENTRICITY * math.sin(anomaly) - mean
        anomaly -= residual / (1.0 - ECCENTRICITY * math.cos(anomaly))
    minor = math.sqrt(1.0 - ECCENTRICITY**2)
    return np.array([math.cos(anomaly) - ECCENTRICITY, minor * math.sin(anomaly)])


def report(status: Status, record: Record, end: Flow) -> str:
    """What the run did, and how far it ended from the closed form."""
    tally = record.tally

    def counts(counter: Counter[str]) -> str:
        return ", ".join(f"{name} {count}" for name, count in counter.most_common()) or "none"

    position = float(np.linalg.norm(end.y[:2] - exact_position(end.time)))
    lines = {
        "status": status.sentence,
        "attempts": tally.attempts,
        "accepted": tally.accepted,
        "size set by": counts(tally.bound),
        "refused for": counts(tally.refused),
        "evaluations": tally.cost["evaluations"],
        "position error": f"{position:.2e}",
        "energy error": f"{abs(sum(energies(end.y)) / ENERGY - 1.0):.2e}",
    }
    return "\n".join(f"{name:15s} {value}" for name, value in lines.items())


def main() -> None:
    """Read the options, follow the orbit, print the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--method", choices=METHODS, default="embedded")
    parser.add_argument("--rtol", type=float, default=1e-8, help="relative and absolute tolerance")
    parser.add_argument("--periods", type=float, default=10.0)
    parser.add_argument("--store", type=Path, help="folder that keeps the run")
    asked = parser.parse_args()
    options = {"method": asked.method, "rtol": asked.rtol, "periods": asked.periods}
    if asked.store is None:
        print(report(*orbit(**options)))
        return
    versions = {"suite": suite.__version__, "numpy": np.__version__}
    about = {"job": "kepler", "options": options, "versions": versions}
    with Store(asked.store, about, kinds=(Flow,)) as store:
        print(report(*orbit(**options, store=store)))


if __name__ == "__main__":
    main()
