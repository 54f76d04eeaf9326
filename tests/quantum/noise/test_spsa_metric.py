"""The metric from fidelities: its mean over draws is the full metric."""

import numpy as np

from suite.quantum.noise.program import final_states
from suite.quantum.noise.simulator import simulator
from suite.quantum.noise.spsa_metric import metric_of_draws, spsa_pairs
from tests.quantum.noise.circuits import heisenberg, layered
from tests.quantum.noise.test_metric_blocks import full_metric


def test_mean_of_draws_is_the_metric():
    circuit, shift, draws = layered(2, 1), 0.02, 6000
    values = np.random.default_rng(4).uniform(-1.0, 1.0, circuit.num_parameters)
    machine = simulator(circuit, heisenberg(2))
    pairs, signs = spsa_pairs(machine.unrolled, values, draws, shift, seed=1)
    states = [final_states(machine.program, pairs[:, side]) for side in (0, 1)]
    fidelities = np.abs(np.sum(states[0].conj() * states[1], axis=1)) ** 2
    found = metric_of_draws(fidelities, signs, shift)
    exact = full_metric(circuit, values)
    # One draw spreads by about the sum of the metric's elements' squares.
    spread = np.sqrt(np.sum(exact**2) / draws)
    assert np.abs(found - exact).max() < 5 * spread
    assert np.trace(found) == np.trace(found.T)
