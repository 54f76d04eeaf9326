"""Small engines whose minima are known, for the tests of the methods."""

from dataclasses import dataclass, field

import numpy as np
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp

from suite.quantum.geometry import Geometry
from suite.quantum.steps import Course, methods


@dataclass
class Sphere:
    """A real state of d + 1 amplitudes in angles from the first: every state is reachable.

    The state is (cos|t|, sin|t| t/|t|), so t = 0 is the first basis state and the metric there is
    the identity. `calls` are the parameters that were asked for.
    """

    matrix: np.ndarray
    calls: list = field(default_factory=list)

    @property
    def parameters(self):
        return len(self.matrix) - 1

    @property
    def scale(self):
        return float(np.abs(np.linalg.eigvalsh(self.matrix)).max())

    def state(self, values):
        size = np.linalg.norm(values)
        return np.concatenate([[np.cos(size)], np.sinc(size / np.pi) * values])

    def across(self, values):
        """Derivatives of the state [p, p + 1]."""
        size = np.linalg.norm(values)
        unit = values / size if size > 0 else np.zeros_like(values)
        sinc = np.sinc(size / np.pi)
        slopes = (np.cos(size) - sinc) * np.outer(unit, unit) + sinc * np.eye(len(values))
        return np.hstack([-np.sin(size) * unit[:, None], slopes])

    def overlaps(self, values, vector):
        return self.across(values) @ vector

    def geometry(self, values, *, curvature=True):
        self.calls.append(np.array(values))
        state, across = self.state(values), self.across(values)
        energy = float(state @ self.matrix @ state)
        acted = across @ self.matrix
        return Geometry(
            energy,
            2.0 * acted @ state,
            across @ across.T,
            2.0 * (acted @ across.T - energy * across @ across.T),
            state,
        )

    def gradient(self, values):
        return self.geometry(values)[:2]

    def variance(self, state):
        acted = self.matrix @ state
        return float(acted @ acted - (state @ acted) ** 2)


def sphere(size, seed):
    """A random symmetric matrix and the lowest of its eigenvalues."""
    random = np.random.default_rng(seed).normal(size=(size, size))
    matrix = random + random.T
    return Sphere(matrix), float(np.linalg.eigvalsh(matrix)[0])


def chain(width, letters="ZZ", field=1.0):
    """A spin chain: -ZZ with a transverse field, or any pair couplings of +1."""
    sign = -1.0 if letters == "ZZ" else 1.0
    pairs = [letters[i : i + 2] for i in range(0, len(letters), 2)]
    terms = [(pair, [i, i + 1], sign) for i in range(width - 1) for pair in pairs]
    terms += [("X", [i], -field) for i in range(width) if field]
    return SparsePauliOp.from_sparse_list(terms, width)


def su2(width, repetitions):
    return efficient_su2(width, reps=repetitions, entanglement="linear")


def attempts(engine, first, method="gauss-newton", **knobs):
    """All attempts of a method from parameters [p], and the method."""
    options = {"gradient": 1e-8, "evaluations": 200} | knobs
    way = methods[method](Course(engine, **options))
    return list(way.walk(way.prepare(np.asarray(first, float)))), way
