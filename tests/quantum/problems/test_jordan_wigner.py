"""Jordan-Wigner and coupled cluster, word by word, against OpenFermion and qiskit-nature."""

import json
from pathlib import Path

import numpy as np
import pytest

from suite.quantum.ansatz.named import k_upccgsd, uccsd
from suite.quantum.problems.hamiltonian import Integrals, molecule, qubit_hamiltonian

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference" / "quantum" / "jordan_wigner.json").read_text()
)
HAMILTONIANS = {case["id"]: case for case in REFERENCE["hamiltonians"]}
CLUSTERS = [pytest.param(case, id=f"{case['electrons']}") for case in REFERENCE["uccsd"]]


def assert_same_words(observable, expected, within=1e-12):
    found = dict(observable.to_list())
    assert len(found) == len(observable)
    assert found.keys() == expected.keys()
    for word, weight in expected.items():
        assert found[word] == pytest.approx(weight, abs=within), word


def excitations(records):
    """The reference's excitations as the package writes them."""
    return [(tuple(emptied), tuple(filled)) for emptied, filled in records]


@pytest.mark.parametrize("case", HAMILTONIANS.values(), ids=HAMILTONIANS.keys())
def test_the_hamiltonian_of_given_integrals_is_that_of_openfermion(case):
    one = np.array(case["one"])
    two = np.array(case["two"]).reshape((len(one),) * 4)
    integrals = Integrals(one, two, case["constant"], tuple(case["electrons"]))
    assert_same_words(qubit_hamiltonian(integrals), case["words"])


@pytest.mark.parametrize("name", ["h2", "oh_doublet"])
def test_the_spectrum_of_the_same_molecule_is_that_of_the_reference(name):
    """From the geometry on: other signs of orbitals change words, but no eigenvalue."""
    from qiskit.quantum_info import SparsePauliOp

    case = HAMILTONIANS[name]
    problem = molecule(case["geometry"], spin=case["spin"], active_space=case["active_space"])
    expected = SparsePauliOp.from_list(case["words"].items())
    found, known = (np.linalg.eigvalsh(each.to_matrix()) for each in (problem.observable, expected))
    # Both converge Hartree-Fock to 1e-12 hartree, its orbitals therefore to the root of that.
    np.testing.assert_allclose(found, known, atol=1e-6)


@pytest.mark.parametrize("case", CLUSTERS)
def test_uccsd_has_the_excitations_of_qiskit_nature(case):
    ansatz = uccsd(case["orbitals"], tuple(case["electrons"]))
    expected = excitations((each["emptied"], each["filled"]) for each in case["excitations"])
    singles = [each for each in expected if len(each[0]) == 1]
    assert list(ansatz.excitations[: len(singles)]) == singles
    assert len(ansatz.excitations) == len(expected)
    assert set(ansatz.excitations) == set(expected)


@pytest.mark.parametrize("case", CLUSTERS)
def test_each_generator_of_uccsd_is_that_of_openfermion(case):
    ansatz = uccsd(case["orbitals"], tuple(case["electrons"]))
    known = {
        (tuple(each["emptied"]), tuple(each["filled"])): each["words"]
        for each in case["excitations"]
    }
    gates = [each.operation for each in ansatz.circuit.data if each.operation.name != "x"]
    assert len(gates) == len(ansatz.excitations)
    for gate, excitation in zip(gates, ansatz.excitations, strict=True):
        # The gate is exp(-iθ i(T - T†)). OpenFermion writes doubles a†_a a_i a†_b a_j, which is
        # minus the package's a†_a a†_b a_i a_j; the imaginary parts of T - T† are stored.
        sign = -1.0 if len(excitation[0]) == 1 else 1.0
        expected = {word: sign * weight for word, weight in known[excitation].items()}
        assert_same_words(gate.operator, expected)


@pytest.mark.parametrize("case", REFERENCE["paired"], ids=lambda case: str(case["orbitals"]))
def test_a_layer_of_k_upccgsd_has_the_excitations_of_qiskit_nature(case):
    doubles, singles = excitations(case["doubles"]), excitations(case["singles"])
    for repetitions in (1, 2):
        found = k_upccgsd(case["orbitals"], (1, 1), repetitions).excitations
        assert found == (*doubles, *singles) * repetitions
