"""Energy, gradient and full metric beside the peers: same circuit, same values, one thread.

Run: python benchmarks/quantum/speed.py (with jax, PennyLane and qiskit-algorithms beside).
The engine is timed before and after every call of a peer, and the ratio is taken to the mean of
these, so that the load of the machine falls on both. Peers that are not installed are left out;
`--slow` adds those that take minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
if hasattr(os, "sched_setaffinity"):  # one core for everyone, whatever pools a peer opens
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})

import numpy as np  # noqa: E402
from qiskit.circuit.library import efficient_su2  # noqa: E402
from qiskit.quantum_info import SparsePauliOp  # noqa: E402

from suite.quantum.exact.circuits import circuit_engine  # noqa: E402

SIZES = ((4, 24), (8, 64), (10, 100), (12, 120))


def ising(qubits: int) -> SparsePauliOp:
    """The open transverse-field Ising chain at its critical point."""
    terms = [("ZZ", [q, q + 1], -1.0) for q in range(qubits - 1)]
    terms += [("X", [q], -1.0) for q in range(qubits)]
    return SparsePauliOp.from_sparse_list(terms, num_qubits=qubits)


def ansatz(qubits: int, parameters: int):
    return efficient_su2(qubits, reps=parameters // (2 * qubits) - 1, entanglement="linear")


def jax_state(qubits: int, parameters: int):
    """The state as a JAX function: a layer's RZ are one diagonal, its CX one permutation."""
    import jax.numpy as jnp

    layers, index = parameters // (2 * qubits), np.arange(2**qubits)
    bits = (index >> np.arange(qubits)[:, None]) & 1
    signs = jnp.asarray(1.0 - 2.0 * bits)
    source = index.copy()
    for q in reversed(range(qubits - 1)):  # where each amplitude comes from, last gate first
        source = source ^ (((source >> q) & 1) << (q + 1))

    def ry(state, angle, q):
        pair = state.reshape(-1, 2, 2**q)
        c, s = jnp.cos(angle / 2), jnp.sin(angle / 2)
        low, high = pair[:, 0], pair[:, 1]
        return jnp.stack([c * low - s * high, s * low + c * high], axis=1).reshape(-1)

    def state_of(values):
        state = jnp.zeros(2**qubits, complex).at[0].set(1.0)
        angles = values.reshape(layers, 2, qubits)
        for layer in range(layers):
            for q in range(qubits):
                state = ry(state, angles[layer, 0, q], q)
            state = state * jnp.exp(-0.5j * (angles[layer, 1] @ signs))
            if layer < layers - 1:
                state = state[source]
        return state

    return state_of, signs


def jax_geometry(qubits: int, parameters: int, *, metric: bool = True):
    """Energy, gradient and metric by forward-mode derivatives of the state, compiled."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    state_of, signs = jax_state(qubits, parameters)
    diagonal = -(signs[:-1] * signs[1:]).sum(0)

    def act(state):
        flipped = (state.reshape(-1, 2, 2**q)[:, ::-1].reshape(-1) for q in range(qubits))
        return diagonal * state - sum(flipped)

    def energy(values):
        state = state_of(values)
        return jnp.vdot(state, act(state)).real

    def everything(values):
        state, derivatives = state_of(values), jax.jacfwd(state_of)(values)
        image = act(state)
        berry = state.conj() @ derivatives
        real = jnp.concatenate([derivatives.real, derivatives.imag])
        found = real.T @ real - jnp.outer(berry.imag, berry.imag)
        return jnp.vdot(state, image).real, 2.0 * (derivatives.conj().T @ image).real, found

    return jax.jit(everything if metric else jax.value_and_grad(energy))


def peers_of(qubits: int, parameters: int, slow: bool) -> dict[str, Callable[[], dict]]:
    """Each peer by name: a function that prepares it and answers what to time and to compare."""
    found = {
        "jax jacfwd, jitted: E + g + G": lambda values: _jax(qubits, parameters, values),
        "jax value_and_grad, jitted: E + g": lambda values: _jax_gradient(
            qubits, parameters, values
        ),
    }
    if qubits <= 10 or slow:
        found["qiskit-algorithms ReverseEstimatorGradient: g"] = lambda values: _reverse_gradient(
            qubits, parameters, values
        )
    if qubits <= 10 or slow:
        found["qiskit-algorithms ReverseQGT: G"] = lambda values: _reverse_qgt(
            qubits, parameters, values
        )
    found["PennyLane lightning adjoint: g"] = lambda values: _lightning(qubits, parameters, values)
    if qubits <= 8 or slow:
        found["PennyLane metric_tensor, block-diagonal: G"] = lambda values: _pennylane_metric(
            qubits, parameters, values
        )
    return found


def _jax(qubits, parameters, values):
    import jax

    function = jax_geometry(qubits, parameters)
    return (lambda: jax.block_until_ready(function(values))), lambda out: (out[1], out[2])


def _jax_gradient(qubits, parameters, values):
    import jax

    function = jax_geometry(qubits, parameters, metric=False)
    return (lambda: jax.block_until_ready(function(values))), lambda out: (out[1], None)


def _reverse_gradient(qubits, parameters, values):
    from qiskit_algorithms.gradients import ReverseEstimatorGradient

    gradient, circuit, observable = (
        ReverseEstimatorGradient(),
        ansatz(qubits, parameters),
        ising(qubits),
    )
    circuit = circuit.decompose()
    return (
        lambda: gradient.run([circuit], [observable], [list(values)]).result().gradients[0],
        lambda out: (out, None),
    )


def _reverse_qgt(qubits, parameters, values):
    from qiskit_algorithms.gradients import ReverseQGT

    metric, circuit = ReverseQGT(), ansatz(qubits, parameters).decompose()
    return (
        lambda: metric.run([circuit], [list(values)]).result().qgts[0].real,
        lambda out: (None, out),
    )


def _pennylane(qubits, parameters, device, **options):
    import pennylane as qml

    layers = parameters // (2 * qubits)
    terms = [qml.PauliZ(q) @ qml.PauliZ(q + 1) for q in range(qubits - 1)]
    terms += [qml.PauliX(q) for q in range(qubits)]
    observable = qml.Hamiltonian([-1.0] * len(terms), terms)

    @qml.qnode(qml.device(device, wires=qubits), **options)
    def energy(values):
        for layer in range(layers):
            for q in range(qubits):
                qml.RY(values[2 * layer * qubits + q], wires=q)
            for q in range(qubits):
                qml.RZ(values[(2 * layer + 1) * qubits + q], wires=q)
            if layer < layers - 1:
                for q in range(qubits - 1):
                    qml.CNOT(wires=[q, q + 1])
        return qml.expval(observable)

    return qml, energy


def _lightning(qubits, parameters, values):
    qml, energy = _pennylane(qubits, parameters, "lightning.qubit", diff_method="adjoint")
    point = qml.numpy.array(values, requires_grad=True)
    gradient = qml.grad(energy)
    return (lambda: gradient(point)), lambda out: (out, None)


def _pennylane_metric(qubits, parameters, values):
    qml, energy = _pennylane(qubits, parameters, "default.qubit")
    point = qml.numpy.array(values, requires_grad=True)
    metric = qml.metric_tensor(energy, approx="block-diag")
    return (lambda: metric(point)), lambda out: (None, None)


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def beside(ours: Callable[[], object], theirs: Callable[[], object], patience: float) -> dict:
    """Both in turn until the patience (seconds) is spent: medians, and the median of the ratios."""
    mine, other, ratios = [], [], []
    start = time.perf_counter()
    while len(ratios) < 3 or (time.perf_counter() - start < patience and len(ratios) < 60):
        before = seconds(ours)
        other.append(seconds(theirs))
        after = seconds(ours)
        mine += [before, after]
        ratios.append(2.0 * other[-1] / (before + after))
        if time.perf_counter() - start > 20.0 * patience:
            break
    return {
        "ours_ms": 1e3 * statistics.median(mine),
        "theirs_ms": 1e3 * statistics.median(other),
        "ratio": statistics.median(ratios),
    }


def measure(qubits: int, parameters: int, given: argparse.Namespace) -> list[dict]:
    values = np.random.default_rng(qubits).uniform(-np.pi, np.pi, parameters)
    start = time.perf_counter()
    engine = circuit_engine(ansatz(qubits, parameters), ising(qubits))
    exact = engine.geometry(values, curvature=False)
    first = time.perf_counter() - start
    print(
        f"n={qubits:2d} p={parameters:3d} ours, first call with compilation {first:.2f} s",
        flush=True,
    )
    rows = [{"qubits": qubits, "parameters": parameters, "peer": "(ours)", "first_call_s": first}]
    for name, prepare in peers_of(qubits, parameters, given.slow).items():
        if given.peers not in name:
            continue
        try:
            theirs, numbers = prepare(values)
            begun = time.perf_counter()
            gradient, metric = numbers(theirs())
            warm = time.perf_counter() - begun
        except ImportError as error:
            print(f"  {name}: not installed ({error.name})", file=sys.stderr)
            continue
        for found, wanted in ((gradient, exact.gradient), (metric, exact.metric)):
            if found is not None:
                np.testing.assert_allclose(np.asarray(found), wanted, atol=1e-8)
        with_metric = name.endswith("G")
        ours = (
            (lambda: engine.geometry(values, curvature=False))
            if with_metric
            else (lambda: engine.gradient(values))
        )
        row = {"qubits": qubits, "parameters": parameters, "peer": name, "first_call_s": warm}
        rows.append(row | beside(ours, theirs, given.patience))
        print_row(rows[-1])
    return rows


def print_row(row: dict) -> None:
    print(
        f"n={row['qubits']:2d} p={row['parameters']:3d} {row['peer']:46s} "
        f"ours {row['ours_ms']:9.3f} ms  peer {row['theirs_ms']:11.3f} ms  "
        f"ratio {row['ratio']:9.1f}  (peer's first call {row['first_call_s']:.1f} s)",
        flush=True,
    )


def lithium_hydride() -> None:
    """UCCSD of LiH: energy, gradient, metric and Gauss-Newton matrix in the sector."""
    from suite.quantum import molecule
    from suite.quantum.ansatz.named import ansatz_of
    from suite.quantum.exact.circuits import engine_of

    problem = molecule("Li 0 0 0; H 0 0 1.595")
    start = time.perf_counter()
    engine = engine_of(problem, ansatz_of("uccsd", problem))
    values = np.random.default_rng(0).uniform(-0.1, 0.1, engine.parameters)
    engine.geometry(values)
    first = time.perf_counter() - start
    calls = {
        "E": lambda: engine.energy(values),
        "E + g": lambda: engine.gradient(values),
        "E + g + G": lambda: engine.geometry(values, curvature=False),
        "E + g + G + K": lambda: engine.geometry(values),
    }
    print(f"LiH UCCSD, {type(engine).__name__}, p={engine.parameters}, first call {first:.2f} s:")
    for name, call in calls.items():
        print(f"  {name:14s} {1e3 * min(seconds(call) for _ in range(50)):7.3f} ms")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", type=int, nargs="*", default=[n for n, _ in SIZES])
    options.add_argument("--peers", default="", help="only peers whose name has this in it")
    options.add_argument("--slow", action="store_true", help="peers that take minutes too")
    options.add_argument("--patience", type=float, default=2.0, help="seconds a peer")
    options.add_argument("--output", type=Path, help="JSON file of the rows")
    given = options.parse_args()
    rows = []
    for qubits, parameters in SIZES:
        if qubits in given.sizes:
            rows += measure(qubits, parameters, given)
    try:
        lithium_hydride()
    except ImportError as error:
        print(f"LiH left out: {error}", file=sys.stderr)
    if given.output:
        given.output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
