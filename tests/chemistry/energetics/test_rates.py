"""Rates and tunnelling beside the Schrödinger equation, 60 digits, and other programs' values."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from suite.chemistry.energetics.rates import eckart, rate, rate_constant, transmission, wigner
from suite.chemistry.energetics.thermochemistry import BOLTZMANN, thermochemistry, together
from suite.chemistry.stationary.modes import WAVENUMBER
from suite.errors import InputError

KJ = 1.0 / 2625.4996394799
FORWARD, REVERSE, IMAGINARY = 282.8219 * KJ, 251.0053 * KJ, -2017.96


def exact(imaginary, forward, reverse, temperature):
    """Johnston and Heicklen's equations as they stand, with enough digits to bear them."""
    with mpmath.workdps(70):
        quantum = mpmath.mpf(abs(imaginary)) / WAVENUMBER
        thermal = mpmath.mpf(BOLTZMANN) * temperature
        a, b = (2 * mpmath.pi * v / quantum for v in (forward, reverse))
        scale = 2 / (a**-0.5 + b**-0.5)

        def integrand(u):
            xi = 1 + u * thermal / forward
            x, y = scale * mpmath.sqrt(a * xi), scale * mpmath.sqrt((xi - 1) * a + b)
            d = 2 * mpmath.sqrt(a * b - mpmath.pi**2 / 4)
            passed = 1 - (mpmath.cosh(x - y) + mpmath.cosh(d)) / (
                mpmath.cosh(x + y) + mpmath.cosh(d)
            )
            return mpmath.re(passed) * mpmath.exp(-u)

        floor = -min(forward, reverse) / thermal
        edges = [*mpmath.linspace(floor, 0, 9), 8, 60]
        return float(mpmath.quad(integrand, edges, maxdegree=4))


@pytest.mark.parametrize(
    "case",
    [
        (IMAGINARY, FORWARD, REVERSE, 300.0),
        (-1000.0, 0.01, 0.04, 298.15),
        (-1000.0, 0.04, 0.01, 150.0),
        (-2500.0, 0.002, 0.003, 298.15),  # so thin that the hyperbolic cosine becomes a cosine
        (-60.0, 0.1, 0.15, 298.15),
    ],
)
def test_eckarts_factor_is_that_of_the_equations_in_many_digits(case):
    assert eckart(*case) == pytest.approx(exact(*case), rel=1e-7)


def test_factors_are_those_of_rmg():
    """Values of RMG-Py's own tests for this barrier.

    Its Eckart value at 300 K, 1.6e6, is left out: 1 - ratio in doubles loses what lies below
    1e-16, which is most of it there; many digits give 1.16e7 (above).
    """
    temperatures = (300.0, 500.0, 1000.0, 1500.0, 2000.0)
    for t, value in zip(temperatures, (4.90263, 2.40495, 1.35124, 1.15611, 1.08781), strict=True):
        assert wigner(IMAGINARY, t) == pytest.approx(value, abs=1e-4)
    for t, value in zip(temperatures[1:], (7.69349, 1.46551, 1.18111, 1.09858), strict=True):
        assert eckart(IMAGINARY, FORWARD, REVERSE, t) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("energy", [0.0105, 0.013, 0.016, 0.02])
def test_transmission_is_that_of_the_schrodinger_equation(energy):
    """A wave through V = A y/(1+y) + B y/(1+y)², y = exp(x/w), by integration in x."""
    mass, width, forward, reverse = 1836.0, 0.4, 0.016, 0.006
    a, b = forward - reverse, (np.sqrt(forward) + np.sqrt(reverse)) ** 2

    def potential(x):
        y = 1.0 / (1.0 + np.exp(-x / width))
        return a * y + b * y * (1.0 - y)

    y = (a + b) / (2.0 * b)  # dV/dx = 0, where d²V/dx² = -2B (dy/dx)²
    imaginary = np.sqrt(2.0 * b / mass) * y * (1.0 - y) / width * WAVENUMBER
    assert potential(width * np.log(y / (1.0 - y))) == pytest.approx(forward, rel=1e-12)

    before, after = np.sqrt(2 * mass * energy), np.sqrt(2 * mass * (energy - a))
    out = np.exp(1j * after * 12.0)
    wave = solve_ivp(
        lambda x, f: [f[1], 2 * mass * (potential(x) - energy) * f[0]],
        (12.0, -12.0),
        [out, 1j * after * out],
        method="DOP853",
        rtol=1e-10,
        atol=1e-12,
    ).y[:, -1]
    incoming = abs(0.5 * (wave[0] + wave[1] / (1j * before))) ** 2
    assert transmission(np.array(energy), imaginary, forward, reverse) == pytest.approx(
        after / before / incoming, rel=1e-6
    )


def test_transmission_is_closed_below_the_other_side_and_open_far_above():
    energies = np.array([-1.0, 0.0, 0.0099999, 0.0100001, 1.0])
    passed = transmission(energies, 1000.0, 0.03, 0.02)
    assert np.all(passed[:3] == 0.0)
    assert 0.0 < passed[3] < 1e-3
    assert passed[4] == pytest.approx(1.0, abs=1e-9)


@given(
    st.floats(50.0, 3000.0),
    st.floats(0.005, 0.1),
    st.floats(0.005, 0.1),
    st.floats(200.0, 1500.0),
)
def test_both_directions_tunnel_alike(imaginary, forward, reverse, temperature):
    """Detailed balance; the sign of the imaginary mode is a convention."""
    one = eckart(imaginary, forward, reverse, temperature)
    assert eckart(-imaginary, reverse, forward, temperature) == pytest.approx(one, rel=1e-6)


@pytest.mark.parametrize("imaginary", [200.0, 1000.0])
def test_a_hot_high_symmetric_barrier_has_wigners_factor(imaginary):
    quantum, temperature = imaginary / WAVENUMBER, 40.0 * imaginary
    barrier = 200.0 * BOLTZMANN * temperature
    assert eckart(imaginary, barrier, barrier, temperature) - 1.0 == pytest.approx(
        wigner(imaginary, temperature) - 1.0, rel=0.02
    )
    assert wigner(imaginary, temperature) - 1.0 == pytest.approx(
        (quantum / (BOLTZMANN * temperature)) ** 2 / 24.0
    )


def test_a_factor_beyond_doubles_and_no_barrier_are_refused():
    with pytest.raises(InputError, match="1e300"):
        eckart(3000.0, 0.3, 0.3, 5.0)
    with pytest.raises(InputError, match="Wigner"):
        eckart(1000.0, -0.001, 0.02, 300.0)
    with pytest.raises(InputError, match="imaginary"):
        wigner(0.0, 300.0)
    with pytest.raises(InputError, match="temperature"):
        wigner(1000.0, -1.0)
    assert np.isfinite(eckart(20.0, 0.3, 0.3, 3000.0))  # cosh of 4e4


def test_eyrings_rate_is_that_of_its_formula_in_si_units():
    k, h, hartree, t, p = 1.380649e-23, 6.62607015e-34, 4.3597447222071e-18, 350.0, 1e5
    barrier = 0.03
    one = k * t / h * np.exp(-barrier * hartree / (k * t))
    two = one * k * t / p * 1e6
    assert rate_constant(barrier, t) == pytest.approx(one, rel=1e-10)
    assert rate_constant(barrier, t, molecularity=2, pressure=p) == pytest.approx(two, rel=1e-10)
    assert rate_constant(barrier, t, tunnelling=2.5) == pytest.approx(2.5 * one, rel=1e-10)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"molecularity": 4}, "molecularity"),
        ({"pressure": 0.0}, "pressure"),
        ({"tunnelling": -1.0}, "tunnelling"),
    ],
)
def test_impossible_rates_are_named(wrong, named):
    with pytest.raises(InputError, match=named):
        rate_constant(0.03, 300.0, **wrong)
    with pytest.raises(InputError, match="no barrier"):
        rate_constant(-3.0, 300.0)


def _atom(energy, mass, **options):
    return thermochemistry(energy, np.array([mass]), np.zeros(3), np.array([]), **options)


def _hydrogens(energy, gap, waves, **options):
    """H, H2 and H3 in line, by their number of gaps."""
    x = np.array([[0.0, 0, gap * i] for i in range(len(waves) // 3 + 2)])
    masses = np.full(len(x), 1.008)
    return thermochemistry(energy, masses, x, np.array(waves), **options)


def h_and_h2(pressure):
    """H + H2 at 1000 K, with a linear saddle."""
    conditions = {"temperature": 1000.0, "pressure": pressure, "quasi": None}
    atom = _atom(-0.5, 1.008, spin=1, **conditions)
    molecule = _hydrogens(-1.17, 1.4, [4400.0], symmetry_number=2, **conditions)
    waves = [-1500.0, 900.0, 900.0, 2060.0]
    saddle = _hydrogens(-1.655, 1.76, waves, spin=1, order=1, **conditions)
    return together([atom, molecule]), saddle


def test_a_bimolecular_rate_is_that_of_partition_functions_and_knows_no_pressure():
    """(kT/h) q(saddle) / q(H) q(H2) exp(-E/kT), in SI units by hand."""
    k, h, amu, bohr, t = 1.380649e-23, 6.62607015e-34, 1.66053906660e-27, 5.29177210903e-11, 1e3
    quantum = h * 2.99792458e10

    def wave(mass):
        return (2 * np.pi * mass * 1.008 * amu * k * t / h**2) ** 1.5

    def rotation(mass, length, symmetry):
        inertia = mass * 1.008 * amu * (length * bohr) ** 2
        return 8 * np.pi**2 * inertia * k * t / h**2 / symmetry

    def vibration(waves):
        ratio = quantum * np.array(waves) / (k * t)
        return np.prod(np.exp(-ratio / 2) / (1 - np.exp(-ratio)))

    top = wave(3) * rotation(2.0, 1.76, 1) * vibration([900.0, 900.0, 2060.0]) * 2
    foot = 2 * wave(1) * wave(2) * rotation(0.5, 1.4, 2) * vibration([4400.0])
    expected = k * t / h * top / foot * np.exp(-0.015 * 4.3597447222071e-18 / (k * t)) * 1e6
    reactants, saddle = h_and_h2(101325.0)
    found = rate(reactants, saddle, reactants)
    assert found.unit == "cm3/molecule/s"
    assert found.classical == pytest.approx(expected, rel=1e-8)
    assert found.constant == pytest.approx(found.classical * found.eckart)
    reactants, saddle = h_and_h2(5000.0)
    assert rate(reactants, saddle, reactants).constant == pytest.approx(found.constant, rel=1e-9)
    assert found.summary()["tunnelling"] == "eckart"


def test_rates_of_both_directions_give_the_equilibrium_constant():
    reactant = _hydrogens(-1.0, 1.4, [4000.0])
    product = _hydrogens(-1.02, 1.6, [3000.0])
    saddle = replace(_hydrogens(-0.96, 2.0, [2000.0]), left_out=(-1200.0,))
    there, back = rate(reactant, saddle, product), rate(product, saddle, reactant)
    exponent = (reactant.gibbs - product.gibbs) / (BOLTZMANN * 298.15)
    assert there.constant / back.constant == pytest.approx(np.exp(exponent), rel=1e-6)
    assert there.unit == "1/s"


def test_a_rate_without_a_zero_point_barrier_falls_back_on_wigner_and_says_so():
    reactant = _hydrogens(-1.0, 1.4, [4000.0])
    saddle = replace(_hydrogens(-0.999, 2.0, [500.0]), left_out=(-1200.0,))
    found = rate(reactant, saddle, reactant)
    assert found.eckart is None
    assert "positive" in found.reason
    assert found.constant == pytest.approx(found.classical * found.wigner)
    with pytest.raises(InputError, match="order=1"):
        rate(reactant, reactant, reactant)
    with pytest.raises(InputError, match="same temperature"):
        rate(reactant, _hydrogens(-0.9, 2.0, [500.0], temperature=300.0), reactant)
