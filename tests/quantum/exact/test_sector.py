"""The sector engine against Jordan-Wigner circuits, PySCF's full CI and dense exponentials."""

from itertools import combinations, product
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.linalg import expm

from suite.errors import InputError
from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.exact import kernel, memory
from suite.quantum.exact.circuits import CircuitEngine, circuit_engine, engine_of
from suite.quantum.exact.sector import SectorEngine, sector_engine
from suite.quantum.exact.sector_hamiltonian import sector_action, strings
from suite.quantum.problems.hamiltonian import fermion_to_qubits, molecule


def random_integrals(orbitals, electrons, seed=0):
    """Integrals with the eightfold symmetry of real orbitals."""
    random = np.random.default_rng(seed)
    one = random.normal(size=(orbitals,) * 2)
    two = random.normal(size=(orbitals,) * 4)
    for order in ((1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1)):
        two = two + two.transpose(order)
    return SimpleNamespace(one=one + one.T, two=0.2 * two, constant=0.7, electrons=electrons)


def excitations_of(orbitals, electrons):
    """Singles of each spin and all doubles that conserve the spins."""
    sides = [[(q,) for q in range(s, s + n)] for s, n in zip((0, orbitals), electrons, strict=True)]
    free = [
        [(q,) for q in range(s + n, s + orbitals)]
        for s, n in zip((0, orbitals), electrons, strict=True)
    ]
    singles = [list(product(*pair)) for pair in zip(sides, free, strict=True)]
    doubles = [(i + j, a + b) for (i, a), (j, b) in product(*singles)]
    for own, empty in zip(sides, free, strict=True):
        pairs = [[a + b for a, b in combinations(part, 2)] for part in (own, empty)]
        doubles += list(product(*pairs))
    return [*singles[0], *singles[1], *doubles]


def ladder(terms, modes):
    return fermion_to_qubits(terms, modes).to_matrix()


def jordan_wigner(integrals):
    """The Hamiltonian as a matrix over all qubits, term by term."""
    o = len(integrals.one)
    terms = {}
    for s in (0, o):
        for p, q in np.ndindex(o, o):
            terms[(p + s, True), (q + s, False)] = integrals.one[p, q]
    for s, t in product((0, o), repeat=2):
        for p, q, r, u in np.ndindex(o, o, o, o):
            key = ((p + s, True), (r + t, True), (u + t, False), (q + s, False))
            if p + s != r + t and u + t != q + s:
                terms[key] = 0.5 * integrals.two[p, q, r, u]
    return ladder(terms, 2 * o) + integrals.constant * np.eye(4**o)


def slow_state(excitations, values, orbitals, electrons):
    """Dense exponentials on the determinant of the lowest orbitals, in the full space."""
    start = sum(1 << q for q in range(electrons[0]))
    start += sum(1 << (orbitals + q) for q in range(electrons[1]))
    state = np.eye(4**orbitals)[start]
    for (filled, empty), value in zip(excitations, values, strict=True):
        up = tuple((m, True) for m in empty) + tuple((m, False) for m in filled)
        matrix = ladder({up: 1.0}, 2 * orbitals).real
        state = expm(value * (matrix - matrix.T)) @ state
    return state


def numbers_of(orbitals, electrons):
    up, down = strings(orbitals, electrons[0]), strings(orbitals, electrons[1])
    return (down[:, None] << orbitals | up).ravel()


@pytest.fixture(params=["compiled", "numpy"])
def either_kernel(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(kernel, "native", lambda: None)


@pytest.mark.usefixtures("either_kernel")
@pytest.mark.parametrize(("orbitals", "electrons"), [(3, (2, 1)), (4, (2, 2)), (3, (2, 0))])
def test_energy_and_derivatives_match_dense_exponentials(orbitals, electrons):
    integrals = random_integrals(orbitals, electrons)
    excitations = excitations_of(orbitals, electrons)
    values = np.random.default_rng(1).uniform(-1, 1, len(excitations))
    engine = sector_engine(integrals, excitations)
    here = engine.geometry(values)
    sector = numbers_of(orbitals, electrons)
    matrix = jordan_wigner(integrals).real[np.ix_(sector, sector)]
    state = slow_state(excitations, values, orbitals, electrons)[sector]
    np.testing.assert_allclose(here.state, state, atol=1e-12)
    assert here.energy == pytest.approx(state @ matrix @ state, abs=1e-11)

    def derivative(i, h):
        step = h * np.eye(len(values))[i]
        return (engine.state(values + step) - engine.state(values - step)) / (2 * h)

    rows = np.array(
        [(4 * derivative(i, 1e-3) - derivative(i, 2e-3)) / 3 for i in range(len(values))]
    )
    np.testing.assert_allclose(here.gradient, 2 * rows @ matrix @ state, atol=1e-8)
    np.testing.assert_allclose(here.metric, rows @ rows.T, atol=1e-10)
    shifted = matrix - here.energy * np.eye(len(matrix))
    np.testing.assert_allclose(here.curvature, 2 * rows @ shifted @ rows.T, atol=1e-8)
    energy, gradient = engine.gradient(values)
    np.testing.assert_allclose(gradient, here.gradient, atol=1e-12)
    assert energy == pytest.approx(here.energy, abs=1e-12)
    assert engine.energy(values) == energy
    vector = np.random.default_rng(2).normal(size=len(state))
    np.testing.assert_allclose(engine.overlaps(values, vector), rows @ vector, atol=1e-9)


@pytest.mark.parametrize(("orbitals", "electrons"), [(3, (2, 1)), (4, (2, 2)), (4, (3, 1))])
@pytest.mark.parametrize("matrix", [True, False])
def test_the_hamiltonian_is_jordan_wigners(orbitals, electrons, matrix):
    integrals = random_integrals(orbitals, electrons, seed=4)
    sector = numbers_of(orbitals, electrons)
    full = jordan_wigner(integrals).real[np.ix_(sector, sector)]
    act, bound = sector_action(integrals, matrix)
    np.testing.assert_allclose(act(np.eye(len(sector))), full, atol=1e-12)
    assert np.abs(np.linalg.eigvalsh(full)).max() < bound


def test_the_lowest_eigenvalue_is_pyscfs_full_ci():
    problem = molecule("Li 0 0 0; H 0 0 1.595")
    act, _ = sector_action(problem.integrals, True)
    matrix = act(np.eye(225))
    assert np.linalg.eigvalsh(matrix)[0] == pytest.approx(problem.exact, abs=1e-9)
    assert matrix[0, 0] == pytest.approx(problem.hartree_fock, abs=1e-9)


@pytest.mark.parametrize(
    ("geometry", "spin"),
    [
        ("H 0 0 0; H 0 0 0.735", 0),
        ("H 0 0 0; H 0 0 1; H 0 0 2; H 0 0 3", 0),
        ("H 0 0 0; H 0 0 1; H 0 1 0.5", 1),
    ],
)
def test_the_sector_and_the_circuit_are_the_same_ansatz(geometry, spin):
    problem = molecule(geometry, spin=spin)
    ansatz = ansatz_of("uccsd", problem)
    sector = engine_of(problem, ansatz)
    circuit = circuit_engine(ansatz.circuit, problem.observable)
    assert isinstance(sector, SectorEngine)
    assert isinstance(engine_of(problem, ansatz.circuit), CircuitEngine)
    values = np.random.default_rng(2).uniform(-0.5, 0.5, sector.parameters)
    one, other = sector.geometry(values), circuit.geometry(values)
    for name in ("energy", "gradient", "metric", "curvature"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-10)
    assert sector.variance(one.state) == pytest.approx(circuit.variance(other.state), abs=1e-10)


def test_streaming_in_little_memory_changes_nothing(monkeypatch):
    integrals = random_integrals(4, (2, 2))
    excitations = excitations_of(4, (2, 2)) * 3
    values = np.random.default_rng(3).uniform(-1, 1, len(excitations))
    engine = sector_engine(integrals, excitations)
    whole = engine.geometry(values)
    rows = []
    swept = SectorEngine._rows
    monkeypatch.setattr(
        SectorEngine, "_rows", lambda self, v, a, b: rows.append(b - a) or swept(self, v, a, b)
    )
    monkeypatch.setattr(memory, "MOST_BYTES", engine.fixed_bytes + 40 * 8 * 36 * 4)
    for one, other in zip(whole, engine.geometry(values), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    assert len(rows) > 3
    assert max(rows) <= 20


@pytest.mark.parametrize(
    "excitation", [((0,), (3,)), ((0,), (9,)), ((0, 1), (2,)), ((0,), (0,)), ((0, 0), (1, 2))]
)
def test_an_excitation_that_breaks_the_spins_is_refused(excitation):
    with pytest.raises(InputError, match="as many different modes of each spin"):
        sector_engine(random_integrals(3, (1, 1)), [excitation])


def test_a_sector_that_does_not_fit_is_refused():
    integrals = SimpleNamespace(
        one=np.zeros((30, 30)), two=np.zeros((1, 1, 1, 1)), constant=0.0, electrons=(15, 15)
    )
    with pytest.raises(InputError, match=r"60 qubits with 1 excitations need at least .* GiB"):
        sector_engine(integrals, [((0,), (20,))])
