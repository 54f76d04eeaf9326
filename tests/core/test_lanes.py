"""Many rows at once: each must be what `march` makes of it alone."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import TOLERANCE, Decay, at_end, decay, to_end

from suite.core import (
    PI,
    Anneal,
    Both,
    Damping,
    ErrorControl,
    Fixed,
    Signal,
    Status,
    Tally,
    Trial,
    TrustRegion,
    begin,
    lanes,
    march,
)
from suite.core.record import row_of

LAWS = {
    "error": ErrorControl(),
    "pi": ErrorControl(filter=PI),
    "trust": TrustRegion(),
    "trust and damping": Both(TrustRegion(most_effort=8.0), Damping("angle")),
    "two errors": Both(ErrorControl(), ErrorControl("angle")),
    "anneal": Both(Anneal(0.5), ErrorControl()),
    "fixed": Fixed(),
}
N = 31
RNG = np.random.default_rng(11)
RATES = 10.0 ** RNG.uniform(-2, 1.5, N)
ENDS = RNG.uniform(0.5, 2.0, N)


def start(rows):
    rates, ends = RATES[rows], ENDS[rows]
    return Decay(np.zeros_like(rates), np.ones_like(rates), rates, ends)


def batch(law, rows=None, chunk=16384, most=150):
    rows = np.arange(N) if rows is None else rows
    return lanes(
        decay,
        lambda part: start(rows[part]),
        law,
        at_end,
        lambda state: (state.time, state.y),
        rows=len(rows),
        limits=to_end,
        size=0.05,
        chunk=chunk,
        most=most,
    )


def same(one, other):
    for a, b in zip(
        (*one.answer, one.status, one.count, one.refused),
        (*other.answer, other.status, other.count, other.refused),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
    assert one.tally == other.tally


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_row_is_a_march_bit_by_bit(law):
    done = batch(law)
    tally = Tally()
    for i in range(N):
        state = Decay(0.0, 1.0, float(RATES[i]), float(ENDS[i]))
        run = march(decay, begin(state, law, 0.05), law, lambda s: int(at_end(s)), to_end, most=150)
        attempts = list(run)
        for one in attempts:
            tally.add(row_of(one))
        last = attempts[-1]
        assert (done.answer[0][i], done.answer[1][i]) == last.after.state[:2]
        assert (done.status[i], done.count[i]) == (last.status, last.number)
        refusals = [one.refused for one in attempts if one.refused]
        assert (done.reasons[done.refused[i]] if done.refused[i] >= 0 else "") == (
            refusals[-1] if refusals else ""
        )
    assert done.tally == tally
    assert Status.ENDPOINT in done.status


def test_the_answers_are_the_closed_form():
    # Each step keeps its error below 1e-7 (|y| + 1e-3), and decay does not amplify it.
    done = batch(ErrorControl(), most=2000)
    assert set(done.status) == {Status.ENDPOINT}
    bound = done.count * TOLERANCE * 1.001
    assert np.all(np.abs(done.answer[1] - np.exp(-RATES * ENDS)) < bound)


@settings(max_examples=10)
@given(order=st.permutations(range(N)), chunk=st.sampled_from([1, 7, 16, 31]))
def test_no_answer_depends_on_chunk_or_order(order, chunk):
    order = np.array(order)
    law = LAWS["trust and damping"]
    whole, parts = batch(law), batch(law, order, chunk)
    for a, b in zip(
        (*whole.answer, whole.status, whole.count, whole.refused),
        (*parts.answer, parts.status, parts.count, parts.refused),
        strict=True,
    ):
        np.testing.assert_array_equal(a[order], b)
    assert whole.tally == parts.tally


def test_ends_by_row():
    # Row by row: converges; NaN for ever; refused for ever; needs too many attempts; done before.
    kinds = np.array([0, 1, 2, 3, 4])

    def attempt(state, step):
        x, kind = state
        error = np.where(kind == 1, np.nan, np.where(kind == 2, 7.0, 0.5))
        return Trial((x + np.where(kind == 3, 0.0, 1.0), kind), {"error": Signal(error)}, {"f": 2})

    done = lanes(
        attempt,
        lambda rows: (np.where(kinds == 4, 9.0, 0.0)[rows], kinds[rows]),
        ErrorControl(),
        lambda state: np.where(state[0] >= 5.0, Status.CONVERGED, 0),
        lambda state: state[0],
        rows=5,
        floor=1e-9,
        most=60,
    )
    assert list(done.status) == [
        Status.CONVERGED,
        Status.NOT_FINITE,
        Status.UNDERFLOW,
        Status.OUT_OF_ATTEMPTS,
        Status.CONVERGED,
    ]
    assert [done.reasons[r] if r >= 0 else "" for r in done.refused] == [
        "",
        "error not finite",
        "error",
        "",
        "",
    ]
    assert done.count[0] == 5
    assert done.count[3] == 60
    assert done.count[4] == 0
    assert done.count[1] == done.count[2] == 13  # 0.2^12 = 4e-9 is still above the floor
    assert done.tally.cost == Counter(f=2 * int(done.count.sum()))
    assert sum(done.tally.bound.values()) == done.tally.attempts == done.count.sum()


def test_a_floor_ends_a_row_as_it_ends_a_march():
    # y' = y^2 has its pole at 1/y(0); steps shrink towards it and are accepted all the way down.
    starts, law = np.array([1.0, 2.0, 0.3, 0.01]), ErrorControl()

    def attempt(state, step):
        time, y = state
        h = step.size
        middle = y + 0.5 * h * y * y
        after = y + h * middle * middle
        error = np.abs(after - (y + h * y * y)) / (1e-3 * (1.0 + np.abs(after)))
        return Trial((time + h, after), {"error": Signal(error, 0.0, 2.0)}, {"calls": 2})

    def until(state):
        return np.where(state[0] >= 5.0, Status.ENDPOINT, 0)

    def limits(state):
        return {"end": 5.0 - state[0]}

    done = lanes(
        attempt,
        lambda rows: (np.zeros(4)[rows], starts[rows]),
        law,
        until,
        lambda state: state,
        rows=4,
        limits=limits,
        size=0.1,
        floor=1e-9,
        most=10_000,
    )
    for i, y in enumerate(starts):
        *_, last = march(
            attempt,
            begin((0.0, y), law, 0.1),
            law,
            lambda s: int(until(s)),
            limits,
            floor=lambda state: 1e-9,
        )
        assert (done.status[i], done.count[i]) == (last.status, last.number)
        assert (done.answer[0][i], done.answer[1][i]) == last.after.state
    assert list(done.status) == [*[Status.UNDERFLOW] * 3, Status.ENDPOINT]
    np.testing.assert_allclose(done.answer[0][:3], 1.0 / starts[:3], rtol=0.01)


def test_a_jointly_refused_row_leaves_no_memory_but_keeps_what_it_learned():
    # The second law refuses where the first would have accepted and remembered: the memory after
    # must be the one before, in the refused rows only.
    seen = []

    class Spy(ErrorControl):
        def decide(self, evidence, step, memory):
            seen.append(np.array(memory[0]))
            return ErrorControl.decide(self, evidence, step, memory)

    def attempt(state, step):
        x, learned = state
        gain = np.where((step.number == 1) & (x == 0.0), 9.0, 0.5)
        state = (x + 1.0, learned)
        return Trial(
            state,
            {"error": Signal(0.5 + 0.0 * x), "energy": Signal(gain)},
            {},
            learned=(x, learned + 1.0),
        )

    done = lanes(
        attempt,
        lambda rows: (np.array([0.0, 10.0])[rows], np.zeros(2)[rows]),
        Both(Spy(), ErrorControl("energy")),
        lambda s: np.where(s[1] + s[0] > 20, 1, 0),
        lambda s: s,
        rows=2,
    )
    assert np.isnan(seen[1][0])
    assert np.isfinite(seen[1][1])
    np.testing.assert_array_equal(done.answer[1], [1.0, 0.0])


def test_a_law_may_accept_every_row_at_once():
    # Without evidence `Fixed` answers one plain True, and nothing is merged row by row.
    done = lanes(
        lambda x, step: Trial(x + step.size, {}, {"calls": 1}),
        lambda rows: np.arange(5.0)[rows],
        Fixed(),
        lambda x: np.where(x >= 5.0, Status.ENDPOINT, 0),
        lambda x: x,
        rows=5,
        size=0.5,
    )
    np.testing.assert_array_equal(done.answer, np.full(5, 5.0))
    np.testing.assert_array_equal(done.count, [10, 8, 6, 4, 2])
    assert done.tally.to_dict() == {
        "attempts": 30,
        "accepted": 30,
        "refused": {},
        "bound": {"start": 5, "fixed": 25},
        "cost": {"calls": 30},
    }


def test_no_rows():
    done = batch(ErrorControl(), np.arange(0))
    assert done.answer[0].shape == (0,)
    assert done.tally.attempts == 0


@pytest.mark.parametrize("shape", [(3,), (2, 2)])
def test_leaves_of_any_rank(shape):
    # Each row walks by its own step of one; the leaf behind it follows.
    def attempt(state, step):
        refuse = (step.number % 2 == 1) & (state["n"] % 2 == 0)
        after = {"n": state["n"] + 1, "x": state["x"] + 1.0}
        return Trial(after, {"error": Signal(np.where(refuse, 3.0, 0.5))}, {})

    done = lanes(
        attempt,
        lambda rows: {"n": np.arange(10)[rows], "x": np.zeros((10, *shape))[rows]},
        ErrorControl(),
        lambda s: np.where(s["n"] >= 10, 1, 0),
        lambda s: s["x"],
        rows=10,
        chunk=4,
    )
    for i in range(10):
        np.testing.assert_array_equal(done.answer[i], np.full(shape, 10.0 - i))
