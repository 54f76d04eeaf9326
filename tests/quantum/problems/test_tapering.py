"""Two qubits fewer: the same spectrum in the sector, the same surface of the ansatz."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from suite.errors import InputError
from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.exact.circuits import circuit_engine, engine_of
from suite.quantum.problems.hamiltonian import TAPERED, molecule
from suite.quantum.problems.jordan_wigner import fermion_to_qubits
from suite.quantum.problems.tapering import tapered

H2 = "H 0 0 0; H 0 0 0.735"
H3 = "H 0 0 0; H 0 0 1.1; H 0 0 2.3"


def conserving(orbitals, seed):
    """A random real Hermitian operator that hops and exchanges, spin by spin."""
    rng = np.random.default_rng(seed)
    terms = {}
    for shift in (0, orbitals):
        for p, q in itertools.combinations_with_replacement(range(orbitals), 2):
            weight = rng.normal()
            for a, b in {(p, q), (q, p)}:
                terms[(a + shift, True), (b + shift, False)] = weight
    for p, q in itertools.combinations(range(orbitals), 2):
        weight, pair = rng.normal(), (p, q + orbitals, p + orbitals, q)
        there = tuple(zip(pair, (True, True, False, False), strict=True))
        terms[there] = weight
        terms[tuple((mode, not create) for mode, create in reversed(there))] = weight
    return fermion_to_qubits(terms, 2 * orbitals)


@pytest.mark.parametrize("electrons", [(1, 1), (2, 1), (1, 0), (2, 2), (3, 2)])
@pytest.mark.parametrize("seed", range(3))
def test_the_spectrum_is_that_of_its_parities(electrons, seed):
    orbitals = 3
    whole = conserving(orbitals, seed)
    index = np.arange(4**orbitals)
    counts = [np.bitwise_count(index & mask) % 2 for mask in (0b111, 0b111000)]
    there = (counts[0] == electrons[0] % 2) & (counts[1] == electrons[1] % 2)
    block = whole.to_matrix()[np.ix_(there, there)]
    small = tapered(whole, electrons)
    assert small.num_qubits == 2 * orbitals - 2
    np.testing.assert_allclose(
        np.linalg.eigvalsh(small.to_matrix()), np.linalg.eigvalsh(block), atol=1e-12
    )


@pytest.mark.parametrize("name", ["uccsd", "k-upccgsd"])
@pytest.mark.parametrize(("geometry", "spin"), [(H2, 0), (H3, 1), (H3, 3)])
def test_the_ansatz_is_the_same_on_fewer_qubits(name, geometry, spin):
    problem = molecule(geometry, spin=spin)
    small = tapered(problem.observable, problem.electrons)
    fewer = replace(problem, observable=small, mapping=TAPERED)
    one, two = ansatz_of(name, problem), ansatz_of(name, fewer)
    assert two.num_qubits == one.num_qubits - 2
    assert two.excitations == one.excitations
    values = np.random.default_rng(1).uniform(-1.0, 1.0, one.num_parameters)
    there = circuit_engine(two.circuit, small).geometry(values)
    for engine in (circuit_engine(one.circuit, problem.observable), engine_of(fewer, two)):
        here = engine.geometry(values)
        assert there.energy == pytest.approx(here.energy, abs=1e-12)
        np.testing.assert_allclose(there.gradient, here.gradient, atol=1e-12)
        np.testing.assert_allclose(there.metric, here.metric, atol=1e-12)


def test_hydrogen_takes_an_eighth_of_the_two_qubit_gates():
    from qiskit import transpile

    def gates(problem):
        circuit = ansatz_of("uccsd", problem).circuit
        return transpile(circuit, basis_gates=["rz", "sx", "x", "cx"], seed_transpiler=1)

    counts = [gates(molecule(H2, mapping=m)).count_ops()["cx"] for m in ("jordan-wigner", TAPERED)]
    assert 8 * counts[1] <= counts[0]
    assert molecule(H2, mapping=TAPERED).exact == pytest.approx(-1.1373060357534, abs=1e-9)


def test_what_cannot_be_tapered_is_refused():
    with pytest.raises(InputError, match="changes the number of electrons of a spin"):
        tapered(fermion_to_qubits({((0, True), (2, False)): 1.0}, 4), (1, 1))
    with pytest.raises(InputError, match="One orbital leaves no qubit to taper"):
        molecule("He 0 0 0", mapping=TAPERED)
    assert molecule(H2, mapping="Jordan_Wigner").qubits == 4
    with pytest.raises(InputError, match=r"mapping must be 'jordan-wigner' or 'tapered'. Got 'p"):
        molecule(H2, mapping="parity")
