"""VQE as a run of the core: the entry point.

What a step is and how far it goes is the method's (`suite.quantum.steps`); this file brings a
problem, an ansatz, an exact engine and a method together and keeps the run. Whatever is not exact
is carried by `suite.quantum.shots`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.core import Attempt, Record, Store, run
from suite.core.law import Law
from suite.core.versions import versions
from suite.errors import InputError
from suite.quantum.advice import advice
from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.asked.problem_file import read_task
from suite.quantum.asked.start import first_parameters
from suite.quantum.asked.task import EVALUATIONS, EXACT, Task
from suite.quantum.exact.circuits import engine_of
from suite.quantum.naming import spelled
from suite.quantum.problems.hamiltonian import Problem
from suite.quantum.problems.operators import problem_of
from suite.quantum.problems.paulis import is_pauli_text
from suite.quantum.result import VQEResult
from suite.quantum.steps import Course, Method, methods

__all__ = ["VQEResult", "minimise", "vqe"]

Vector = NDArray[np.float64]

METHOD = "gauss-newton"
"""The method of exact engines where nobody chose."""
KICKS = 5
"""Kicks in a row that may find nothing better, where the ansatz is no coupled cluster."""


def vqe(
    problem: str | Path | Problem | Any,
    *,
    ansatz: str | Any = None,
    start: ArrayLike | None = None,
    method: str | None = None,
    gradient: float | None = None,
    evaluations: int | None = None,
    repetitions: int | None = None,
    rate: float | None = None,
    kicks: int | None = None,
    law: Law | None = None,
    backend: str | Any = None,
    shots: int | None = None,
    max_shots: int | None = None,
    max_qpu_seconds: float | None = None,
    order: str | None = None,
    overlaps: bool | None = None,
    mode: str | None = None,
    resilience: int | None = None,
    seed: int | None = None,
    store: str | Path | None = None,
    observe: tuple[Callable[[Attempt], object], ...] = (),
) -> VQEResult:
    """Find the ground-state energy of a problem.

    `problem` is a TOML file, a `Molecule` (in sto-3g), a `Problem`, a `SparsePauliOp`, Pauli text
    such as "-1.0 ZZ + 0.5 XI", or a qiskit-nature operator. Arguments that are given win over the
    file, as on the command line. `ansatz` is a name (by default "uccsd" for molecules, "hva" for
    spin models, "efficient_su2" for Pauli terms; with `repetitions` layers where it has any,
    default 2), a circuit's file (.qasm, .qpy), or any parametrised circuit. `start` [p] defaults to
    zeros (Hartree-Fock) for "uccsd", very small random angles for "k-upccgsd" and small ones for
    others, drawn with `seed` (default 0).

    On the `backend` "exact" (the default) `method` is "gauss-newton" (default), "natural", or one
    to compare with: "qng", "gradient-descent", "adam" (these take a fixed `rate`) and "l-bfgs". The
    run stops where the largest gradient component falls below `gradient` (default 1e-6), or after
    `evaluations` (default 500). Gauss-Newton that stalls short of an eigenstate is kicked out of
    its basin; after `kicks` of them in a row that found nothing better the search ends (default:
    none for coupled cluster, else 5).

    Any other backend, a name or a Qiskit backend (such as an `AerSimulator` with a noise model),
    measures with `shots`, never more than `max_shots` and `max_qpu_seconds`; with shots and no name
    it is the "simulator". `evaluations` then end the search before its shots do. `mode` ("job",
    "batch", "session") and `resilience` (0, 1, 2: error mitigation) say how a device serves the
    run. With shots "natural" takes the `order` of its jobs, "together" or "energy first" (default:
    by price), and `overlaps` to measure how far steps really turned the state.

    `store` is a folder that keeps the run; called again it goes on. Raises `InputError` for
    options and problems that make no sense.

    >>> from suite.quantum import pauli_sum
    >>> found = vqe(pauli_sum([("ZZ", -1.0), ("XI", 0.5), ("IX", 0.5)]), ansatz="real_amplitudes")
    >>> round(found.energy, 6)
    -1.414214
    """
    options = {
        "ansatz": ansatz,
        "start": start,
        "method": method,
        "gradient": gradient,
        "evaluations": evaluations,
        "repetitions": repetitions,
        "backend": backend,
        "shots": shots,
        "max_shots": max_shots,
        "max_qpu_seconds": max_qpu_seconds,
        "order": order,
        "overlaps": overlaps,
        "mode": mode,
        "resilience": resilience,
        "seed": seed,
    }
    task = _task(problem, options)
    _check_knobs(rate, kicks, law)
    if task.backend != EXACT:
        from suite.quantum.shots import with_shots

        return with_shots(task, method=task.method, rate=rate, store=store, observe=observe)
    if task.order or task.overlaps:
        raise InputError("order and overlaps are of the method 'natural' with shots: give shots.")
    if task.mode is not None or task.resilience is not None:
        raise InputError("mode and resilience are of fake: and ibm: backends: name one.")
    name = spelled(task.method or METHOD, methods)
    if name not in methods:
        near = difflib.get_close_matches(name, methods, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"method must be one of {', '.join(methods)}. Got {name!r}.{hint}")
    engine = engine_of(task.problem, task)
    first = first_parameters(task, engine.parameters)
    if kicks is None:
        kicks = KICKS if task.excitations is None else 0
    if not engine.parameters:  # the energy of the one state that there is
        kicks = 0
    most = task.evaluations or EVALUATIONS
    course = Course(engine, task.gradient, most, task.seed, kicks, rate, law)
    way = methods[name](course)
    about = _about(task, first, name, course, way) if store is not None else None
    found = minimise(task.problem, way, first, name, store, about, observe)
    spread = engine.spread(found.parameters)
    end = (found.record, found.status, found.energy, task.problem.exact)
    said = advice(*end, spread, engine.scale, task.problem.electrons is not None)
    sentence = f"{found.status.sentence} {said}".rstrip()
    details = {"energy_spread": spread, "sentence": sentence}
    return replace(found, circuit=task.circuit, details=details)


def minimise(
    problem: Problem,
    way: Method,
    first: Vector,
    name: str,
    store: str | Path | None = None,
    about: dict[str, Any] | None = None,
    observe: tuple[Callable[[Attempt], object], ...] = (),
) -> VQEResult:
    """Carry a method to its end from parameters [p], kept in a store where there is one."""
    record = Record()
    last: list[Attempt] = []
    look = (*observe, lambda attempt: last.__setitem__(slice(None), [attempt]))

    def prepare() -> Attempt:
        return way.prepare(first)

    if store is None:
        status = run(way.walk, prepare, record, observe=look)
        state = last[0].after.state
    else:
        with Store(store, about or {}, kinds=way.kinds) as kept:
            status = run(way.walk, prepare, record, store=kept, observe=look)
            point = kept.point()
            state = last[0].after.state if last else point.state  # type: ignore[union-attr]
    energy, parameters = way.answer(state)
    return VQEResult(
        energy, 0.0, parameters, problem.exact, problem.hartree_fock, status, record, name
    )


def _task(problem: Any, options: dict[str, Any]) -> Task:
    if isinstance(problem, str | Path) and not is_pauli_text(problem):
        return read_task(problem, options, None)
    problem = problem_of(problem)
    others = {name: value for name, value in options.items() if value is not None}
    form = ansatz_of(others.pop("ansatz", None), problem, others.pop("repetitions", 2))
    return Task(problem, form, form.name, **others)


def _check_knobs(rate: float | None, kicks: int | None, law: Law | None) -> None:
    if law is not None and not hasattr(law, "decide"):
        raise InputError(f"law must be a law of suite.core, such as TrustRegion(). Got {law!r}.")
    if rate is not None and not (isinstance(rate, int | float) and 0.0 < rate < float("inf")):
        raise InputError(f"rate must be positive and finite. Got {rate!r}.")
    if kicks is not None and not (isinstance(kicks, int) and kicks >= 0):
        raise InputError(f"kicks must be a whole number that is not negative. Got {kicks!r}.")


def _about(task: Task, first: Vector, name: str, course: Course, way: Method) -> dict[str, Any]:
    """What a stored run must agree in to be gone on with."""
    from qiskit import qasm3

    terms = [[word, value.real] for word, value in task.problem.observable.to_list()]
    return {
        "job": "quantum vqe",
        "inputs": {"observable": terms, "circuit": qasm3.dumps(task.circuit)},
        "options": {
            "method": name,
            "start": first.tolist(),
            "gradient": task.gradient,
            "evaluations": task.evaluations,
            "rate": course.rate,
            "kicks": course.kicks,
            "law": repr(way.law),
        },
        "seed": task.seed,
        "versions": versions("scipy", "qiskit", "pyscf"),
    }
