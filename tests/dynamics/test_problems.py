"""The named problems against statements of their own: potentials, closed forms, published ends."""

import math

import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from suite.dynamics.problems import PROBLEMS, problem
from suite.errors import InputError

EPS = np.finfo(float).eps
ALL = pytest.mark.parametrize("name", PROBLEMS)


def nearby(p, seed):
    """A state near the start, off its zeros, and a time."""
    random = np.random.default_rng(seed)
    y = np.array(p.y0)
    return 0.3, y * random.uniform(0.9, 1.1, y.size) + random.uniform(0.05, 0.1, y.size)


@ALL
def test_shapes_names_and_span(name):
    p = problem(name)
    y = np.array(p.y0)
    assert p.name == name
    assert p.fun(0.0, y).shape == y.shape == (len(p.names),)
    assert p.t_span[1] > p.t_span[0]
    assert p.source
    if p.singular_time is not None:
        assert p.t_span[0] < p.singular_time < p.t_span[1]


@pytest.mark.parametrize("name", [n for n in PROBLEMS if problem(n).jacobian])
def test_jacobian_is_the_derivative_of_the_function(name):
    """A complex step has no cancellation: what is left is rounding, some ulps of the entries."""
    p = problem(name)
    t, y = nearby(p, 1)
    step = 1e-30
    columns = [p.fun(t, y + 1j * step * unit).imag / step for unit in np.eye(y.size)]
    found = p.jacobian(t, y)
    assert found.shape == (y.size, y.size)
    size = np.abs(found).max()
    np.testing.assert_allclose(found, np.array(columns).T, rtol=1e-13, atol=8 * EPS * size)


@ALL
def test_invariants_do_not_change_along_the_flow(name):
    """grad I · f = 0, by central differences of the fourth order in the direction of f."""
    p = problem(name)
    t, y = nearby(p, 2)
    rate = p.fun(t, y)
    along = 1e-3 / np.abs(rate).max()
    weights = {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12}
    for invariant in p.invariants.values():
        values = {k: invariant(t, y + k * along * rate) for k in weights}
        change = sum(w * values[k] for k, w in weights.items())
        # Truncation: the fifth derivative times 1e-15 of the state; rounding: ulps of the terms.
        terms = max(1.0, *(abs(v) for v in values.values()))
        assert abs(change) <= 1e-10 * terms
        ahead = invariant(t, y + 0.1 * np.arange(1, y.size + 1))
        assert ahead != values[1]


def test_bodies_fall_along_the_gradient_of_newtons_potential():
    for name, masses in (("pleiades", range(1, 8)), ("figure_eight", (1, 1, 1))):
        p = problem(name)
        masses = list(masses)
        n = len(masses)
        y = nearby(p, 3)[1]
        found = p.fun(0.0, y)
        np.testing.assert_array_equal(found[: 2 * n], y[2 * n :])
        with mpmath.workdps(40):
            place = [mpmath.mpc(y[i], y[n + i]) for i in range(n)]
            pulls = [
                mpmath.fsum(
                    masses[j] * (place[j] - place[i]) / abs(place[j] - place[i]) ** 3
                    for j in range(n)
                    if j != i
                )
                for i in range(n)
            ]
        expected = [float(a.real) for a in pulls] + [float(a.imag) for a in pulls]
        size = np.abs(expected).max()
        np.testing.assert_allclose(found[2 * n :], expected, rtol=0, atol=50 * EPS * size)


def test_arenstorf_moves_along_the_gradient_of_its_effective_potential():
    """x'' - 2 y' = dU/dx, y'' + 2 x' = dU/dy with U = r²/2 + (1-m)/r1 + m/r2 (Szebehely)."""
    m = mpmath.mpf("0.012277471")
    y = np.array([0.3, 0.4, -0.2, 0.7])

    def potential(a, b):
        return (
            (a * a + b * b) / 2 + (1 - m) / mpmath.hypot(a + m, b) + m / mpmath.hypot(a - 1 + m, b)
        )

    with mpmath.workdps(40):
        at = (mpmath.mpf(y[0]), mpmath.mpf(y[1]))
        slope = [mpmath.diff(potential, at, order) for order in ((1, 0), (0, 1))]
        expected = [y[2], y[3], float(slope[0] + 2 * y[3]), float(slope[1] - 2 * y[2])]
    found = problem("arenstorf").fun(0.0, y)
    np.testing.assert_allclose(found, expected, rtol=0, atol=20 * EPS * np.abs(expected).max())


PUBLISHED = {
    # Test Set for IVP Solvers, release 2.4, chapters II-2 and II-10 (end of the interval).
    "hires": [
        0.7371312573325668e-3,
        0.1442485726316185e-3,
        0.5888729740967575e-4,
        0.1175651343283149e-2,
        0.2386356198831331e-2,
        0.6238968252742796e-2,
        0.2849998395185769e-2,
        0.2850001604814231e-2,
    ],
    "oregonator": [0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3],
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_stiff_ends_as_published(name):
    """SciPy's Radau at rtol 1e-9: its global error stays below 1e-6 in both."""
    p = problem(name)
    ours = solve_ivp(p.fun, p.t_span, p.y0, method="Radau", rtol=1e-9, atol=1e-12, jac=p.jacobian)
    np.testing.assert_allclose(ours.y[:, -1], PUBLISHED[name], rtol=1e-6)


def test_the_eight_closes_after_a_period():
    """Simó's values are given to 1e-8; they grow a few hundredfold in one stable period."""
    p = problem("figure_eight")
    done = solve_ivp(p.fun, p.t_span, p.y0, method="DOP853", rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(done.y[:, -1], p.y0, rtol=0, atol=3e-6)


def jacobi_elliptic(t):
    # The modulus is exact in the precision of the caller, which a derivative raises.
    return [mpmath.ellipfun(kind, t, m=mpmath.mpf(51) / 100) for kind in ("sn", "cn", "dn")]


CLOSED = {
    "harmonic_oscillator": lambda t: [mpmath.cos(t), -mpmath.sin(t)],
    "rigid_body": jacobi_elliptic,
    "blow_up": lambda t: [1 / (1 - t)],
    "exponential_blow_up": lambda t: [-mpmath.log(1 - t)],
    "tangent": lambda t: [mpmath.tan(t)],
    "weierstrass": lambda t: [(1 - t) ** -2, 2 * (1 - t) ** -3],
    "near_miss": lambda t: [1 / ((t - 1) ** 2 + mpmath.mpf(1e-3) ** 2)],
    "exponential_growth": lambda t: [mpmath.exp(t)],
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_solve_the_equation(name):
    """The derivative of the closed form by mpmath is the function on the closed form."""
    p = problem(name)
    exact = CLOSED[name]
    with mpmath.workdps(30):
        np.testing.assert_allclose([float(v) for v in exact(0)], p.y0, rtol=2 * EPS, atol=1e-30)
        for t in (0.2, 0.7, 0.95):
            y = np.array([float(v) for v in exact(mpmath.mpf(t))])
            rate = [
                float(mpmath.diff(lambda s, i=i: exact(s)[i], mpmath.mpf(t))) for i in range(y.size)
            ]
            size = np.abs(rate).max() + np.abs(y).max()
            np.testing.assert_allclose(p.fun(t, y), rate, rtol=1e-13, atol=8 * EPS * size)


def test_singular_times():
    assert problem("blow_up", p=1.5, factor=2.0, start=4.0).singular_time == pytest.approx(0.5)
    assert problem("exponential_blow_up", start=1.0).singular_time == pytest.approx(math.exp(-1))
    # The fall from rest at 1: t = integral of dx / sqrt(2 (1/x - 1)) from 0 to 1.
    fall = mpmath.quad(lambda x: mpmath.sqrt(x / (2 * (1 - x))), [0, 0.5, 1])
    assert problem("collision").singular_time == pytest.approx(float(fall), rel=1e-7)
    # y = -u'/u, u'' + t² u = 0: u = sqrt(t) J_{-1/4}(t²/2) has its first zero there.
    time = problem("riccati").singular_time
    zero = mpmath.findroot(lambda t: mpmath.besselj(mpmath.mpf(-1) / 4, t * t / 2), 2.0)
    assert time == pytest.approx(float(zero), rel=1e-14)


def test_refusals_name_what_is_near():
    with pytest.raises(InputError, match="nearest: lorenz"):
        problem("lorentz")
    with pytest.raises(InputError, match=r"no parameter 'e'\. It has eccentricity"):
        problem("kepler", e=0.5)
    with pytest.raises(InputError, match="by its name, such as 'kepler'"):
        problem(5)
    with pytest.raises(InputError, match="It has none"):
        problem("pleiades", bodies=3)
    for name, bad in (
        ("kepler", {"eccentricity": 1.0}),
        ("blow_up", {"p": 1.0}),
        ("kepler", {"eccentricity": "a"}),
        ("near_miss", {"distance": 0.0}),
        ("near_miss", {"distance": 1e-9}),
        ("van_der_pol", {"mu": math.nan}),
        ("lorenz", {"sigma": None}),
        ("brusselator", {"b": "3"}),
        ("harmonic_oscillator", {"omega": -1.0}),
        ("exponential_growth", {"rate": math.nan}),
    ):
        with pytest.raises(InputError, match="Got"):
            problem(name, **bad)
