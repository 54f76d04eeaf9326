"""The options that the commands of quantum share: how a ground state is searched, and on what."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from suite.cli.whole import whole

__all__ = ["DEFAULT", "Way", "given"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Way:
    """How a ground state is searched; each field is an option that wins over the problem file."""

    method: Annotated[
        str | None,
        Parameter(
            help="gauss-newton (the default on the exact engine), natural, or to compare with: "
            "qng, adam, gradient-descent, l-bfgs. With shots: annealed (the default), natural, "
            "qng, adam, spsa, qnspsa."
        ),
    ] = None
    ansatz: Annotated[
        str | None,
        Parameter(
            help="uccsd (the default for molecules), k-upccgsd, hva (for spin models), "
            "efficient_su2 (for Pauli terms), real_amplitudes, n_local, or a circuit's file: "
            "ansatz.qasm, .qpy."
        ),
    ] = None
    repetitions: Annotated[int | None, Parameter(converter=whole, help="Layers of the ansatz.")] = (
        None
    )
    backend: Annotated[
        str | None,
        Parameter(
            help="exact (the default), simulator (the default with shots), statevector, aer, a "
            "fake device such as fake:manila, or ibm:NAME, a device of your account."
        ),
    ] = None
    shots: Annotated[
        int | None,
        Parameter(converter=whole, help="Shots of the whole search; none on the exact engine."),
    ] = None
    max_shots: Annotated[
        int | None,
        Parameter(converter=whole, help="Budget of shots: what would pass it is not submitted."),
    ] = None
    max_qpu_seconds: Annotated[
        float | None, Parameter(help="Budget of seconds on the machine, as estimated.")
    ] = None
    order: Annotated[
        str | None,
        Parameter(
            help="Of natural with shots: together (one job an attempt) or 'energy first' "
            "(gradients of kept points only). Default: by price."
        ),
    ] = None
    overlaps: Annotated[
        bool | None,
        Parameter(
            negative="",
            help="Of natural with shots: measure the angle really turned, which governs the "
            "damping of the metric.",
        ),
    ] = None
    mode: Annotated[
        str | None,
        Parameter(help="How jobs are sent to a machine: job (the default), batch or session."),
    ] = None
    resilience: Annotated[
        int | None,
        Parameter(
            converter=whole,
            help="Error mitigation by a machine's estimator, 0 to 2: 1 by default, 0 on fakes.",
        ),
    ] = None
    evaluations: Annotated[
        int | None,
        Parameter(
            converter=whole, help="Evaluations of energy with gradient at most: 500 if exact."
        ),
    ] = None
    gradient: Annotated[float | None, Parameter(help="Largest gradient component to stop at.")] = (
        None
    )
    seed: Annotated[
        int | None,
        Parameter(converter=whole, help="Seed of random starts, kicks and simulated shots."),
    ] = None


DEFAULT = Way()


def given(way: Way) -> dict[str, Any]:
    """The options that were given."""
    options = {name: value for name, value in asdict(way).items() if value is not None}
    if way.ansatz is not None and way.ansatz.lower().endswith((".qasm", ".qpy")):
        # A run may be gone on with from elsewhere.
        options["ansatz"] = str(Path(way.ansatz).absolute())
    return options
