"""Operators of qiskit-nature: stand-ins always, its own objects where it is installed."""

import warnings

import numpy as np
import pytest

from suite.errors import InputError
from suite.quantum import vqe
from suite.quantum.problems.operators import problem_of


class Fermionic:
    """What a `FermionicOp` offers."""

    def __init__(self, terms, modes):
        self._terms, self.register_length = terms, modes
        self.num_spin_orbitals = modes

    def items(self):
        return self._terms.items()


class Bosonic:
    """A `BosonicOp`, whose labels look like those of fermions."""

    register_length = 2

    def items(self):
        return {"+_0 -_1": 1.0, "+_1 -_0": 1.0}.items()


class Structure:
    """What an `ElectronicStructureProblem` offers."""

    num_particles, reference_energy = (1, 1), -1.5

    def __init__(self, operator):
        self.hamiltonian = self
        self.constants = {"nuclear_repulsion_energy": 0.25}
        self.second_q_op = lambda: operator


def test_operators_of_other_packages_are_known_by_what_they_can_do():
    operator = Fermionic({"+_0 -_1": 0.5, "+_1 -_0": 0.5, "+_0 -_0": 1.0, "": 2.0}, 2)
    problem = problem_of(operator)
    assert problem.exact == pytest.approx(2.5 - 0.5**0.5, abs=1e-12)
    found = problem.observable.to_matrix()
    np.testing.assert_allclose(np.linalg.eigvalsh(found), [1.79289322, 2, 3, 3.20710678], atol=1e-8)
    whole = problem_of(Structure(operator))
    assert (whole.electrons, whole.hartree_fock) == ((1, 1), -1.5)
    assert whole.exact == pytest.approx(3.25, abs=1e-12)  # both modes filled, one of each spin
    np.testing.assert_allclose(whole.observable.to_matrix(), found + 0.25 * np.eye(4), atol=1e-12)


@pytest.mark.parametrize(
    ("given_", "sentence"),
    [
        (Fermionic({"a_0": 1.0}, 1), "no product of ladder operators"),
        (Fermionic({"+_0 -_1": 1.0}, 2), "real coefficients"),
        (Fermionic({"+_0": object()}, 1), "unbound"),
        (Bosonic(), "must be of electrons .* Got Bosonic"),
        (3.0, "Got float"),
    ],
)
def test_what_is_no_problem_is_refused(given_, sentence):
    with pytest.raises(InputError, match=sentence):
        problem_of(given_)


@pytest.fixture
def nature():
    """A molecule's problem by qiskit-nature's own driver."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it leans on what Qiskit 3 will remove
        drivers = pytest.importorskip("qiskit_nature.second_q.drivers")
        yield lambda **what: drivers.PySCFDriver(**what).run()


def test_a_real_problem_of_qiskit_nature_is_solved(nature):
    # Energies by PySCF's full CI, as in tests/reference/ground_states.json.
    hydrogen = nature(atom="H 0 0 0; H 0 0 0.735")
    found = vqe(hydrogen)
    assert problem_of(hydrogen).hartree_fock == pytest.approx(-1.116998996754004, abs=1e-8)
    assert found.exact_energy == pytest.approx(-1.1373060357534003, abs=1e-8)
    assert found.energy == pytest.approx(found.exact_energy, abs=1e-8)
    bare = hydrogen.hamiltonian.second_q_op()
    mapper = pytest.importorskip("qiskit_nature.second_q.mappers").JordanWignerMapper()
    assert problem_of(bare).observable.equiv(mapper.map(bare))
    assert problem_of(hydrogen.hamiltonian).exact == pytest.approx(found.exact_energy, abs=1e-8)


def test_an_open_shell_of_qiskit_nature_in_an_active_space_is_that_of_the_package(nature):
    from suite.quantum import molecule

    whole = nature(atom="O 0 0 0; H 0 0 0.97", spin=1)
    transformers = pytest.importorskip("qiskit_nature.second_q.transformers")
    part = transformers.ActiveSpaceTransformer((3, 2), 4).transform(whole)
    found = problem_of(part)
    expected = molecule("O 0 0 0; H 0 0 0.97", spin=1, active_space=(5, 4))
    assert found.electrons == expected.electrons == (3, 2)
    # Both programs stop Hartree-Fock at about 1e-9 hartree, its orbitals at the root of that.
    assert found.hartree_fock == pytest.approx(expected.hartree_fock, abs=1e-7)
    assert found.exact == pytest.approx(expected.exact, abs=1e-7)
