"""Hessians by differences of gradients: beside analytic ones, beside energies, and killed."""

import numpy as np
import pytest
from pyscf import gto, mp, scf
from scipy.spatial.transform import Rotation

from suite.chemistry import MullerBrown
from suite.chemistry.journal import Journal, Unfinished
from suite.chemistry.stationary.hessian import hessian
from suite.chemistry.stationary.state import Stationary
from suite.chemistry.surfaces import Measured
from suite.core import Store
from suite.errors import AttemptFailed

WATER = np.array([[0.0, 0.0, 0.0], [1.5, 0.1, 1.0], [-1.4, 0.0, 1.2]])
HCN = np.array([[0.0, 0.0, -2.0], [0.0, 0.0, 0.0], [0.0, 0.0, 2.2]])


class Counted:
    """A PySCF calculation without a Hessian of its own, which may be told to fail."""

    masses = np.array([16.0, 1.0, 1.0])
    noise = 1e-7
    has_hessian = False

    def __init__(self, symbols, method=scf.RHF, post=None, fails_at=None, failure=None):
        self.symbols, self.method, self.post = symbols, method, post
        self.fails_at, self.failure, self.calls = fails_at, failure, []

    def field(self, x):
        atoms = list(zip(self.symbols, x.reshape(-1, 3), strict=True))
        molecule = gto.M(atom=atoms, unit="Bohr", basis="sto-3g", verbose=0)
        return self.method(molecule).set(conv_tol=1e-12, conv_tol_grad=1e-7, chkfile=None)

    def solved(self, x):
        field = self.field(x).run()
        return field if self.post is None else self.post(field).run()

    def measure(self, x, guess=None):
        if len(self.calls) == self.fails_at:
            raise self.failure
        self.calls.append(x.tobytes())
        solved = self.solved(x)
        return Measured(float(solved.e_tot), solved.nuc_grad_method().kernel().ravel())

    def hessian(self, x, guess=None):
        raise AssertionError("not to be asked")


def analytic(surface, x):
    found = surface.field(x).run().Hessian().kernel()
    return found.transpose(0, 2, 1, 3).reshape(x.size, x.size)


@pytest.mark.parametrize(("symbols", "place", "gradients"), [("OHH", WATER, 6), ("HCN", HCN, 8)])
def test_differences_are_the_analytic_hessian_at_two_gradients_a_vibration(
    symbols, place, gradients
):
    surface, journal = Counted(symbols), Journal()
    x = Rotation.random(random_state=3).apply(place).ravel()  # and far from stationary
    found = hessian(surface, x, surface.measure(x).gradient, journal=journal)
    # h² f''''/6 with h = 0.0067 bohr and f'''' up to 20 hartree/bohr⁴
    assert np.abs(found - analytic(surface, x)).max() < 2e-4
    assert np.array_equal(found, found.T)
    assert journal.record.tally.cost == {"gradients": gradients}


def test_an_mp2_hessian_bends_as_the_mp2_energy_does():
    surface, x = Counted("OHH", post=mp.MP2), WATER.ravel()
    found = hessian(surface, x, surface.measure(x).gradient)
    direction = np.random.default_rng(5).normal(size=9)
    direction /= np.linalg.norm(direction)

    def second_difference(h):
        energies = [surface.solved(x + s * h * direction).e_tot for s in (-1.0, 0.0, 1.0)]
        return (energies[0] - 2.0 * energies[1] + energies[2]) / h**2

    bend = (4.0 * second_difference(0.02) - second_difference(0.04)) / 3.0
    assert direction @ found @ direction == pytest.approx(bend, abs=2e-4)


def test_a_killed_hessian_goes_on_without_repeating_a_gradient(tmp_path):
    x, about = WATER.ravel(), {"job": "test"}
    whole = Counted("OHH")
    gradient = whole.measure(x).gradient
    expected = hessian(whole, x, gradient)
    killed = Counted("OHH", fails_at=4, failure=KeyboardInterrupt())
    with Store(tmp_path, about, kinds=(Stationary,)) as store, pytest.raises(KeyboardInterrupt):
        hessian(killed, x, gradient, journal=Journal(store=store))
    resumed = Counted("OHH")
    with Store(tmp_path, about, kinds=(Stationary,)) as store:
        found = hessian(resumed, x, gradient, journal=Journal(store=store))
        again = hessian(Counted("OHH", fails_at=0), x, gradient, journal=Journal(store=store))
    assert np.array_equal(found, expected)
    assert np.array_equal(again, expected)
    assert killed.calls + resumed.calls == whole.calls[1:]


def test_a_surface_that_fails_is_told_with_its_reason():
    surface = Counted("OHH", fails_at=2, failure=AttemptFailed("The SCF did not converge."))
    with pytest.raises(Unfinished, match="could not be finished: The SCF did not converge"):
        hessian(surface, WATER.ravel(), np.zeros(9))


def test_a_model_surface_has_its_closed_form_either_way():
    class Differences(MullerBrown):
        has_hessian = False

    x = np.array([-0.7, 0.9])
    gradient = MullerBrown().measure(x).gradient
    expected = MullerBrown().hessian(x)
    assert np.array_equal(hessian(MullerBrown(), x, gradient), expected)
    # h² f''''/6 with h = 1e-4 and f'''' below 1e4
    assert np.allclose(hessian(Differences(), x, gradient), expected, atol=2e-5)
