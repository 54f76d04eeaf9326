"""The control laws against the papers' step sequences, and their bits in floats and arrays."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from suite.core import (
    H211B,
    INTEGRAL,
    PI,
    PREDICTIVE,
    Anneal,
    Both,
    Damping,
    ErrorControl,
    Fixed,
    Signal,
    Step,
    Trial,
    TrustRegion,
    begin,
    march,
)
from suite.core.law import NO_DAMPING, NO_EFFORT, NO_SIZE
from suite.core.metric import Dense

LAWS = {
    "integral": ErrorControl("error", INTEGRAL),
    "pi": ErrorControl("error", PI),
    "predictive": ErrorControl("error", PREDICTIVE),
    "h211b": ErrorControl("error", H211B),
    "trust": TrustRegion("gain"),
    "bounded trust": TrustRegion("gain", most_size=1.0),
    "trust with effort": TrustRegion("gain", most_effort=64.0),
    "damping": Damping("angle"),
    "anneal": Anneal(0.1),
    "fixed": Fixed(),
    "two errors": Both(ErrorControl("error"), ErrorControl("energy", PI)),
    "trust and damping": Both(TrustRegion("gain", most_effort=64.0), Damping("angle")),
    "nested": Both(ErrorControl("error"), Both(Anneal(0.1), TrustRegion("gain"))),
    "fixed and damping": Both(Fixed(), Damping("angle")),
}
SIGNALS = ("error", "energy", "gain", "angle")


def wide(bound):
    """A law that stays in the linear regime: no bound on one change of size."""
    return ErrorControl("error", bound, shrink=1e-30, grow=1e30)


def log_errors(law, log_phi, order, log_size):
    """log(error)/order along the run of a law on error_n = phi_n · h_n^order."""
    memory, step, found = law.begin(1.0), Step(math.exp(log_size)), []
    for number, log_constant in enumerate(log_phi):
        log_error = log_constant + order * math.log(step.size)
        verdict = law.decide({"error": Signal(math.exp(log_error), 0.0, order)}, step, memory)
        assert verdict.accept
        found.append(log_error / order)
        step, memory = Step(verdict.step.size, number=number), verdict.memory
    return np.array(found)


ORDERS = pytest.mark.parametrize("order", [1, 2, 5, 8])


@ORDERS
def test_pi_follows_the_roots_of_its_closed_loop(order):
    # Gustafsson 1991: h' = h (tol/r)^(0.3/k) (r_last/r)^(0.4/k). With x = log(r)/k and a constant
    # phi, x' = x - 0.3 x - 0.4 (x - x_last) + log(safety): (q - 0.8)(q + 0.5) = 0 about its rest.
    rest = math.log(0.9) / 0.3
    found = log_errors(wide(PI), [0.0] * 30, order, -1.0)
    start = np.array([-1.0, math.log(0.9)]) - rest  # the first step follows the elementary rule
    slow, fast = np.linalg.solve([[1.0, 1.0], [0.8, -0.5]], start)
    n = np.arange(30)
    np.testing.assert_allclose(found, rest + slow * 0.8**n + fast * (-0.5) ** n, atol=1e-12)


@ORDERS
@pytest.mark.parametrize("drift", [-0.4, 0.0, 0.08])
def test_predictive_holds_the_set_point_under_a_steady_drift(order, drift):
    # Gustafsson 1994: an error constant that grows by a steady factor is followed without offset.
    found = log_errors(wide(PREDICTIVE), drift * order * np.arange(40), order, -1.5)
    np.testing.assert_allclose(found[2:], math.log(0.9), atol=1e-12)
    # The elementary controller lags behind by one step's drift.
    lagging = log_errors(wide(INTEGRAL), drift * order * np.arange(40), order, -1.5)
    np.testing.assert_allclose(lagging[2:], math.log(0.9) + drift, atol=1e-12)


@ORDERS
def test_h211b_halves_the_distance_to_its_set_point(order):
    # Söderlind 2003, table IV: for b = 4 the closed loop has the roots 1/2 and 0.
    found = log_errors(wide(H211B), [0.0] * 30, order, -1.0)
    rest = 2.0 * math.log(0.9)
    n = np.arange(1, 30)
    np.testing.assert_allclose(
        found[1:], rest + 0.5 ** (n - 1) * (math.log(0.9) - rest), atol=1e-12
    )


@pytest.mark.parametrize(
    ("law", "paper"),
    [
        (PI, lambda h, h_last, r, r_last, k: h * r ** (-0.3 / k) * (r_last / r) ** (0.4 / k)),
        (
            PREDICTIVE,
            lambda h, h_last, r, r_last, k: (
                h * (h / h_last) * (1 / r) ** (1 / k) * (r_last / r) ** (1 / k)
            ),
        ),
        (
            H211B,
            lambda h, h_last, r, r_last, k: (
                h * r ** (-1 / (4 * k)) * r_last ** (-1 / (4 * k)) * (h / h_last) ** (-1 / 4)
            ),
        ),
    ],
    ids=["pi", "predictive", "h211b"],
)
@given(data=st.data())
def test_one_step_is_the_papers_product(law, paper, data):
    unit = st.floats(0.01, 1.0)
    h_last, h, r_last, r = (data.draw(unit) for _ in range(4))
    k = data.draw(st.sampled_from([1, 3, 5]))
    control = wide(law)
    first = control.decide({"error": Signal(r_last, 0.0, k)}, Step(h_last), control.begin(1.0))
    second = control.decide({"error": Signal(r, 0.0, k)}, Step(h), first.memory)
    assert second.step.size == pytest.approx(0.9 * paper(h, h_last, r, r_last, k), rel=1e-12)


def test_a_signal_below_its_noise_does_not_drive_the_size():
    # What a step shows is rounding only, of any size down to exactly zero: the law must neither
    # creep (every lucky zero would be followed by a cut) nor run away for ever.
    rng = np.random.default_rng(5)

    def attempt(state, step):
        value = 1e-3 * abs(rng.integers(-2, 3)) + step.size**6
        return Trial(state + step.size, {"energy": Signal(value, 1e-3, 6)}, {})

    law = ErrorControl("energy")
    run = march(attempt, begin(0.0, law, 0.5), law, lambda x: 2 if x > 1000.0 else 0, most=5000)
    last = list(run)[-1]
    assert last.status == 2
    assert last.number < 2000  # a step of 0.5 already has an error of 1/64


specials = [0.0, 5e-324, 1e-300, 1e-9, 0.25, 0.75, 1.0, 1.0 + 2**-52, 3.0, 1e9, 1e308, math.inf]
values = st.one_of(
    st.sampled_from([*specials, *(-x for x in specials), math.nan]),
    st.floats(),
    st.floats(0.0, 2.0),
)
noises = st.one_of(st.sampled_from([0.0, 1e-17, 0.1, 1.0, 1e300, math.inf]), st.floats(0.0, 2.0))
sizes = st.one_of(st.sampled_from([1e-100, 1.0, 1e100]), st.floats(1e-6, 1e3))
signals = st.tuples(values, noises, st.sampled_from([1.0, 2.0, 5.0, 6.0]))
rows = st.fixed_dictionaries(
    {
        "signals": st.lists(signals, min_size=8, max_size=8),
        "sizes": st.tuples(sizes, sizes),
        "damping": st.one_of(st.sampled_from([0.0, 1e-6, 1.0]), st.floats(0.0, 2.0)),
        "effort": st.one_of(st.sampled_from([1.0, 64.0]), st.floats(1.0, 100.0)),
        "tries": st.integers(0, 3),
    }
)


def two_steps(law, table, number):
    """Judge two steps one after another; `number` makes one of a column of the table."""
    memory = law.begin(number([row["sizes"][0] for row in table]))
    verdicts = []
    for turn in range(2):
        evidence = {
            name: Signal(
                *(
                    number([row["signals"][4 * turn + i][part] for row in table])
                    for part in range(3)
                )
            )
            for i, name in enumerate(SIGNALS)
        }
        step = Step(
            number([row["sizes"][turn] for row in table]),
            number([row["damping"] for row in table]),
            number([row["effort"] for row in table]),
            number([row["tries"] for row in table]),
        )
        verdict = law.decide(evidence, step, memory)
        verdicts.append(verdict)
        memory = merged(verdict.accept, verdict.memory, memory)
    return verdicts


def merged(accept, new, old):
    """The memory that the drivers keep: the new one where the step was accepted."""
    if isinstance(new, tuple):
        return tuple(merged(accept, *parts) for parts in zip(new, old, strict=True))
    return np.where(accept, new, old)[()]


def flat(tree):
    """The numbers of a verdict in order."""
    return [x for part in tree for x in flat(part)] if isinstance(tree, tuple) else [tree]


def strided(column):
    """A column of a wider table, of odd stride."""
    return np.repeat(np.array(column)[:, None], 3, axis=1)[:, 1]


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
@given(table=st.lists(rows, min_size=1, max_size=9))
def test_a_law_gives_the_same_bits_for_floats_and_arrays(law, table):
    contiguous = two_steps(law, table, np.array)
    apart = two_steps(law, table, strided)
    for i, row in enumerate(table):
        python = two_steps(law, [row], lambda column: column[0])
        numpy = two_steps(law, [row], lambda column: np.array(column)[0])
        for answers in (numpy, contiguous, apart):
            for want, got in zip(flat(tuple(python)), flat(tuple(answers)), strict=True):
                got = np.broadcast_to(got, len(table))[i] if np.ndim(got) else got
                assert np.float64(want).tobytes() == np.float64(got).tobytes() or (
                    np.isnan(want) and np.isnan(got)
                )


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
@given(row=rows)
def test_a_verdict_is_sound(law, row):
    for turn, verdict in enumerate(two_steps(law, [row], lambda column: column[0])):
        seen = {name: Signal(*row["signals"][4 * turn + i]) for i, name in enumerate(SIGNALS)}
        size, tried = verdict.step.size, row["sizes"][turn]
        assert size >= 0.0  # never NaN
        if not verdict.accept:
            more_effort = size == tried and verdict.step.effort > row["effort"]
            assert size < tried or more_effort or verdict.stalled
        elif row["tries"]:
            assert size <= tried or size == NO_SIZE
        read = {name for name in SIGNALS if any(r.startswith(name) for r in law.reasons)}
        if any(math.isnan(seen[name].value) for name in read):
            assert not verdict.accept
            assert isinstance(law, Both) or "not finite" in law.reasons[int(verdict.reason)]


@pytest.mark.parametrize("turned", [0, 1])
def test_both_takes_the_least_size_the_most_damping_and_the_most_effort(turned):
    class Says:
        """A law with a fixed answer."""

        reasons = ("said",)

        def __init__(self, *answer):
            self.answer = answer

        def begin(self, like):
            return ()

        def decide(self, evidence, step, memory):
            from suite.core import Verdict

            return Verdict(True, Step(*self.answer, step.tries, step.number), 0, ())

    one, two = Says(0.5, NO_DAMPING, 8.0), Says(NO_SIZE, 0.25, 2.0)
    law = Both(two, one) if turned else Both(one, two)
    said = law.decide({}, Step(1.0), law.begin(1.0)).step
    assert (said.size, said.damping, said.effort) == (0.5, 0.25, 8.0)
    silent = Both(Says(NO_SIZE, NO_DAMPING, NO_EFFORT), Says(NO_SIZE, NO_DAMPING, NO_EFFORT))
    said = silent.decide({}, Step(1.0), silent.begin(1.0)).step
    assert (said.size, said.damping, said.effort) == (NO_SIZE, NO_DAMPING, NO_EFFORT)


@example(accepts=(True, False), sizes=(0.1, 0.9))
@given(
    accepts=st.tuples(st.booleans(), st.booleans()),
    sizes=st.tuples(st.floats(0.1, 2.0), st.floats(0.1, 2.0)),
)
def test_both_names_the_law_that_refuses_or_asks_for_least(accepts, sizes):
    errors = [0.5 * s if a else 2.0 + s for a, s in zip(accepts, sizes, strict=True)]
    law = Both(ErrorControl("error"), ErrorControl("energy"))
    evidence = {"error": Signal(errors[0]), "energy": Signal(errors[1])}
    verdict = law.decide(evidence, Step(1.0), law.begin(1.0))
    assert verdict.accept == all(accepts)
    named = law.reasons[verdict.reason]
    if accepts[0] != accepts[1]:
        assert named == ("energy" if accepts[0] else "error")
    elif errors[0] != errors[1]:
        larger = "error" if errors[0] > errors[1] else "energy"
        shared = verdict.step.size in (5.0, 0.9, 0.2)  # both at the same bound
        assert shared or named == larger


def test_damping_falls_beside_a_law_without_opinion():
    law = Both(TrustRegion("gain"), Damping("angle"))
    well = {"gain": Signal(0.9), "angle": Signal(0.01)}
    step, seen = Step(0.1, damping=0.8), []
    for _ in range(4):
        wanted = law.decide(well, step, law.begin(step.size)).step
        step = Step(wanted.size, wanted.damping)
        seen.append(float(step.damping))
    assert seen == [0.4, 0.2, 0.1, 0.05]
    assert step.size == 0.1 * 2**4


def test_damping_makes_a_dense_metric_more_cautious():
    # The law's damping is the one `Dense` takes: more of it, a shorter and straighter direction.
    metric, gradient = np.diag([1.0, 1e-6]), np.array([1.0, 1.0])
    badly = Damping("angle").decide({"angle": Signal(0.9)}, Step(1.0, damping=0.1), ()).step
    lengths = [np.linalg.norm(Dense(metric, d).direction(gradient)) for d in (0.1, badly.damping)]
    assert lengths[1] < 0.5 * lengths[0]


def test_anneal_spends_a_share_of_what_was_spent():
    # Summed efforts then grow by the factor 1 + growth an attempt, once past the floor of 1.
    law = Anneal(0.1)
    memory, step, efforts = law.begin(1.0), Step(1.0), []
    for _ in range(100):
        verdict = law.decide({"energy": Signal(0.0)}, step, memory)
        efforts.append(step.effort)
        memory, step = verdict.memory, Step(1.0, effort=float(verdict.step.effort))
    total = np.cumsum(efforts)
    np.testing.assert_allclose(total[30:] / total[29:-1], 1.1, rtol=1e-12)
    assert efforts[:10] == [1.0] * 10


def test_trust_region_asks_for_effort_before_size_and_gives_it_back():
    law = TrustRegion(most_effort=16.0)
    step, asked = Step(0.5), []
    for _ in range(3):  # a gain of 0.2 ± 0.1 does not stand out
        verdict = law.decide({"gain": Signal(0.2, 0.1)}, step, ())
        assert not verdict.accept
        asked.append((float(verdict.step.size), float(verdict.step.effort)))
        step = Step(*verdict.step[:3], tries=step.tries + 1)
    assert asked[:2] == [(0.5, 4.0), (0.5, 16.0)]
    assert verdict.stalled
    assert law.reasons[verdict.reason] == "gain at rounding"
    resolved = law.decide({"gain": Signal(0.9, 0.01)}, step, ())
    assert resolved.accept
    assert resolved.step.effort == 8.0
