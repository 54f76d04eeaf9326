"""Shift rules against differences of Qiskit's energies, and their weights against theory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.quantum.noise.gradients import rows_of
from suite.quantum.noise.shift_rules import frequencies_of, shift_rule
from suite.quantum.noise.simulator import simulator
from suite.quantum.noise.unrolled import unroll
from suite.quantum.request import Estimates
from tests.quantum.noise.circuits import every_gate, heisenberg, layered, slopes


@pytest.mark.parametrize("circuit", [every_gate(), layered()], ids=["every gate", "su2"])
def test_gradient_of_every_gate_kind(circuit):
    values = np.random.default_rng(3).uniform(-2.0, 2.0, circuit.num_parameters)
    machine = simulator(circuit, heisenberg(3))
    rows = rows_of(machine.unrolled)
    energies = machine.exact_energies(rows.at(values))
    found = rows.gradient(values, Estimates(energies, np.zeros(len(rows)), 0))
    # Fourth-order differences with a step of 1e-3: truncation about 1e-12 times the frequencies.
    expected = slopes(circuit, heisenberg(3), values)
    np.testing.assert_allclose(found.values, expected, atol=1e-8)


def test_excitations_take_four_terms_and_rotations_two():
    unrolled = unroll(every_gate())
    terms = {len(shift_rule(frequencies_of(gate.words)).shifts) for gate in unrolled.rotations}
    assert {2, 4} <= terms
    assert frequencies_of(((0.5, 1, 1),)) == (1.0,)
    assert frequencies_of(((0.25, 1, 0), (-0.25, 1, 2))) == (0.5, 1.0)  # a controlled rotation
    assert frequencies_of(((0.25, 0, 1), (0.25, 0, 2), (-0.25, 0, 3))) == (1.0,)  # cp: a projector
    assert frequencies_of(((1.0, 3, 0),)) == (2.0,)  # exp(-itP) has no half


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=4, unique=True),
    st.integers(0, 2**32 - 1),
)
def test_any_spectrum(tenths, seed):
    """A random Fourier sum is differentiated exactly, by weights no larger than must be."""
    frequencies = np.array(sorted(tenths)) / 10.0
    rule = shift_rule(tuple(frequencies.tolist()))
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, len(frequencies)))
    angle = rng.uniform(-3.0, 3.0)

    def at(x):
        return np.cos(np.multiply.outer(x, frequencies)) @ a + (
            np.sin(np.multiply.outer(x, frequencies)) @ b
        )

    exact = frequencies @ (b * np.cos(frequencies * angle) - a * np.sin(frequencies * angle))
    assert rule.weights @ at(angle + rule.shifts) == pytest.approx(exact, abs=1e-7)
    least = frequencies[-1]  # Bernstein's inequality
    assert least * (1 - 1e-9) <= np.sum(np.abs(rule.weights)) < 1.6 * least
