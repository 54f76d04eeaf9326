"""One trajectory: what is kept, how it ends, and that no size grows right after a refusal."""

import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import Decay, at_end, decay, to_end

from suite.core import (
    H211B,
    PI,
    Anneal,
    Both,
    Damping,
    ErrorControl,
    Fixed,
    Point,
    Signal,
    Status,
    Step,
    Trial,
    TrustRegion,
    begin,
    finish,
    march,
    relay,
)
from suite.errors import AttemptFailed

LAWS = {
    "error": ErrorControl(),
    "pi": ErrorControl(filter=PI),
    "h211b": ErrorControl(filter=H211B),
    "trust": TrustRegion(),
    "trust with effort": TrustRegion(most_effort=64.0),
    "damping": Damping(),
    "anneal": Anneal(0.3),
    "fixed": Fixed(),
    "trust and damping": Both(TrustRegion(most_effort=8.0), Damping()),
    "error and anneal": Both(ErrorControl(), Anneal(0.3)),
    "three": Both(ErrorControl(), Both(TrustRegion(), Damping())),
}


def never(state):
    return 0


def showing(*errors, name="error", noise=0.0, order=1.0):
    """An attempt whose state counts the accepted steps and whose n-th signal is given."""

    def attempt(state, step):
        value = errors[min(step.number, len(errors)) - 1]
        return Trial(state + 1, {name: Signal(value, noise, order)}, {"calls": 1})

    return attempt


def walk(attempt, law=None, until=never, limits=None, *, state=0, size=1.0, **more):
    law = law or ErrorControl()
    return list(march(attempt, begin(state, law, size), law, until, limits, **more))


signals = st.builds(
    Signal,
    st.one_of(st.floats(), st.floats(0.0, 3.0)),
    st.sampled_from([0.0, 0.1, 1.0]),
    st.sampled_from([1.0, 5.0]),
)
shown = st.fixed_dictionaries(
    {
        "error": signals,
        "gain": signals,
        "angle": signals,
        "fails": st.integers(0, 9).map(lambda n: n == 0),
        "limit": st.one_of(st.just(math.inf), st.floats(1e-3, 10.0)),
    }
)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
@given(table=st.lists(shown, min_size=3, max_size=30))
def test_no_size_grows_right_after_a_refusal(law, table):
    def attempt(state, step):
        row, learned = table[step.number - 1], (state[0], state[1] + 1)
        if row["fails"]:
            raise AttemptFailed("no", {"calls": 1}, learned)
        seen = {k: row[k] for k in ("error", "gain", "angle")}
        return Trial((state[0] + 1, state[1] + 1), seen, {"calls": 1}, learned)

    # A refused attempt teaches too, so the limit may tighten or loosen with any attempt.
    attempts = walk(
        attempt,
        law,
        limits=lambda state: {"limit": table[state[1]]["limit"]},
        state=(0, 0),
        most=len(table) - 1,
    )
    assert [one.number for one in attempts] == list(range(len(attempts)))
    for one, following in pairwise(attempts[1:]):
        if not one.accept:
            assert following.step.size <= one.step.size
            assert following.step.tries == one.step.tries + 1
            assert one.after.step.size <= one.step.size
        elif one.step.tries:
            assert following.step.size <= one.step.size
    for before, one in pairwise(attempts):
        assert one.step.size <= before.after.step.size
        if not one.accept:
            assert one.refused
            assert one.after.state[0] == before.after.state[0]
            assert repr(one.after.memory) == repr(before.after.memory)
        assert bool(one.status) == (one is attempts[-1])


def test_a_limit_does_not_lower_the_wish():
    # The limit cuts the second step to a tenth; the law, from there, would grow to half at most.
    attempts = walk(
        showing(0.5), limits=lambda n: {"far": 2.0, "wall": 0.1 if n == 1 else 9.0}, most=3
    )
    first, cut, after = attempts[1:]
    assert (cut.step.size, cut.bound) == (0.1, "wall")
    assert after.step.size == first.after.step.size  # as if it had not been cut
    assert (first.bound, after.bound) == ("start", "error")


def test_a_refusal_of_a_cut_step_does_lower_the_wish():
    attempts = walk(showing(5.0), limits=lambda n: {"wall": 0.1}, most=2)
    assert attempts[2].step.size < 0.1
    assert attempts[2].bound == "error"


def test_what_cut_a_step_short_is_told_by_its_own_name():
    def attempt(state, step):
        short = step.size / 2.0 if state == 1 else None
        error = {"error": Signal(0.5, 0.0, 2.0)}
        return Trial(state + 1, error, {}, size=short, bound="" if short is None else "lowest")

    attempts = walk(attempt, most=3)
    assert [one.bound for one in attempts] == ["preparation", "start", "lowest", "error"]
    assert attempts[2].step.size == attempts[1].after.step.size / 2.0


def test_what_was_really_stepped_is_what_is_judged():
    def attempt(state, step):
        return Trial(state + 1, {"error": Signal(4.0, 0.0, 2.0)}, {}, size=0.25 * step.size)

    one, two = walk(attempt, most=2)[1:]
    assert one.step.size == 0.25
    assert two.after.step.size < two.step.size < 0.25


def test_a_jointly_refused_attempt_leaves_no_memory():
    def attempt(state, step):
        energy = 9.0 if step.number == 2 else 0.5
        return Trial(state + 1, {"error": Signal(0.3), "energy": Signal(energy)}, {"calls": 1})

    law = Both(ErrorControl(), ErrorControl("energy"))
    one, refused, after = walk(attempt, law, most=3)[1:]
    assert not refused.accept
    assert refused.refused == "energy"
    assert refused.after.memory == one.after.memory
    assert after.after.memory != one.after.memory


def test_learned_states_are_kept_when_refused_only():
    def attempt(state, step):
        error = 0.5 if step.number % 2 else 3.0
        return Trial((state[0] + 1, 0), {"error": Signal(error)}, {}, learned=(state[0], 7))

    attempts = walk(attempt, state=(0, 0), most=3)
    assert [one.after.state for one in attempts] == [(0, 0), (1, 0), (1, 7), (2, 0)]


@pytest.mark.parametrize("law", [Fixed(), ErrorControl(), TrustRegion(), Damping(), Anneal(0.1)])
def test_nan_evidence_ends_as_not_finite(law):
    def attempt(state, step):
        seen = {name: Signal(math.nan) for name in ("error", "gain", "angle")}
        return Trial(state, seen, {"calls": 1})

    attempts = walk(attempt, law, floor=lambda state: 1e-9)
    assert attempts[-1].status is Status.NOT_FINITE
    assert len(attempts) < 40
    assert all("not finite" in one.refused for one in attempts[1:])
    assert not any(one.accept for one in attempts[1:])


def test_a_size_that_underflows():
    attempts = walk(showing(7.0), floor=lambda state: 1e-6)
    assert attempts[-1].status is Status.UNDERFLOW
    assert attempts[-1].step.size > 1e-6 >= attempts[-1].after.step.size
    # Without a floor the sizes go down to exactly zero, which is an end too.
    assert walk(showing(1e300))[-1].status is Status.UNDERFLOW


def test_out_of_attempts():
    attempts = walk(showing(0.5), most=7)
    assert attempts[-1].number == 7
    assert attempts[-1].status is Status.OUT_OF_ATTEMPTS
    assert attempts[-1].after.state == 7
    # The goal met by the very last attempt is met.
    assert walk(showing(0.5), until=lambda n: n == 7, most=7)[-1].status is Status.CONVERGED


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_an_attempt_that_always_fails(law):
    def attempt(state, step):
        raise AttemptFailed(f"No convergence at size {step.size:g}.", {"cycles": 30})

    attempts = walk(attempt, law, floor=lambda state: 1e-9)
    assert attempts[-1].status is Status.FAILED
    assert attempts[1].refused == "No convergence at size 1."
    assert attempts[1].trial.cost == {"cycles": 30}
    assert len(attempts) < 40


def test_an_attempt_that_fails_once():
    def attempt(state, step):
        if step.number == 2:
            raise AttemptFailed("once", learned=state + 100)
        return Trial(state + 1, {"error": Signal(0.5)}, {})

    attempts = walk(attempt, until=lambda n: n > 103)
    assert attempts[-1].status is Status.CONVERGED
    assert [one.refused for one in attempts] == ["", "", "once", "", "", ""]
    assert attempts[3].step.size <= attempts[2].step.size
    assert attempts[-1].after.state == 104


def test_other_exceptions_propagate():
    def attempt(state, step):
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        walk(attempt)


def test_stalled_after_all_effort():
    attempts = walk(
        showing(0.01, name="gain", noise=1.0), TrustRegion(most_effort=64.0), floor=lambda s: 1e-9
    )
    assert attempts[-1].status is Status.STALLED
    assert [one.step.effort for one in attempts[1:]] == [1.0, 4.0, 16.0, 64.0]
    assert {one.step.size for one in attempts[1:]} == {1.0}
    assert [one.refused for one in attempts[1:]] == [*["gain unresolved"] * 3, "gain at rounding"]


def test_a_run_that_starts_finished_costs_its_preparation():
    law = ErrorControl()
    start = begin(0, law, 1.0, cost={"hessians": 1}, notes={"energy": -1.0})
    (only,) = march(showing(0.5), start, law, lambda n: Status.CONVERGED)
    assert (only.number, only.status, only.trial.cost) == (0, Status.CONVERGED, {"hessians": 1})
    assert (only.bound, only.trial.notes) == ("preparation", {"energy": -1.0})


@given(cut=st.integers(1, 40))
def test_a_march_from_a_point_goes_on_bit_by_bit(cut):
    law = Both(ErrorControl(), Damping("angle"))
    whole = list(march(decay, begin(Decay(0.0, 1.0, 3.0, 2.0), law, 0.3), law, at_end, to_end))
    cut = min(cut, len(whole) - 2)
    rest = list(march(decay, whole[cut].after, law, at_end, to_end))
    assert rest == whole[cut + 1 :]
    assert whole[-1].after.state.time == 2.0


def phases(law):
    """Two marches over one count, which differ in what a step adds."""

    def adding(amount):
        def attempt(state, step):
            return Trial(state + amount, {"error": Signal(0.5)}, {"calls": 1})

        return lambda where: march(attempt, where, law, lambda n: n >= 1000)

    return {"slow": adding(1), "fast": adding(100)}


def fast_after_five(law, one):
    if one.after.phase == "slow" and one.after.state == 5:
        step = Step(0.125, number=one.number)
        return Point(one.after.state, step, law.begin(0.125), "fast", "hand-over")
    return None


def test_relay_hands_over():
    law = ErrorControl()
    hand_over = partial(fast_after_five, law)
    start = begin(0, law, 1.0, phase="slow")
    attempts = list(relay(phases(law), start, hand_over))
    assert [one.number for one in attempts] == list(range(len(attempts)))
    assert [one.after.state for one in attempts[:8]] == [0, 1, 2, 3, 4, 5, 105, 205]
    assert [one.after.phase for one in attempts[4:7]] == ["slow", "fast", "fast"]
    # The attempt at which it was handed over was made in the old phase, and is recorded so.
    assert [one.phase for one in attempts[4:7]] == ["slow", "slow", "fast"]
    assert (attempts[6].step.size, attempts[6].bound) == (0.125, "hand-over")
    assert attempts[-1].status is Status.CONVERGED
    # A run killed at any attempt goes on in the right phase.
    for one in attempts[1:-1]:
        rest = list(relay(phases(law), one.after, hand_over))
        assert repr([r.after for r in rest]) == repr([a.after for a in attempts[one.number + 1 :]])


def test_relay_may_hand_over_from_an_end():
    law = ErrorControl()

    def hand_over(one):
        if one.status and one.after.phase == "slow":
            step = Step(1.0, number=one.number)
            return Point(0, step, law.begin(1.0), "fast")
        return None

    attempts = list(relay(phases(law), begin(990, law, 1.0, phase="slow"), hand_over))
    assert [one.status for one in attempts if one.status] == [Status.CONVERGED]
    assert attempts[-1].after == attempts[-1].after._replace(phase="fast", state=1000)


def test_finish_stops_and_shows_every_attempt():
    seen = []
    law = ErrorControl()

    def budget(one):
        return Status.OUT_OF_BUDGET if one.number >= 3 else Status.RUNNING

    last = finish(
        march(showing(0.5), begin(0, law, 1.0), law, never), stop=(budget,), observe=(seen.append,)
    )
    assert last.status is Status.OUT_OF_BUDGET
    assert [one.number for one in seen] == [0, 1, 2, 3]
    assert seen[-1] is last
    # An end of the run's own is not overwritten by a rule that would stop it too.
    run = march(showing(0.5), begin(0, law, 1.0), law, lambda n: n >= 3)
    assert finish(run, stop=(budget,)).status is Status.CONVERGED


def test_finish_of_nothing():
    with pytest.raises(ValueError, match="nothing to run"):
        finish(iter(()))


@pytest.mark.parametrize("status", Status)
def test_every_status_has_its_sentence(status):
    assert status.sentence.endswith(".")
    assert Status(int(status)) is status
    assert status.finished == (status.name in ("CONVERGED", "ENDPOINT", "EVENT"))


def test_a_signal_at_rounding_does_not_creep():
    # y' = -y beyond the reach of doubles: the same number of attempts at any tolerance below.
    def attempt(state, step):
        noise = np.float64(1e-16 / tolerance)
        return Trial(state + step.size, {"error": Signal(step.size**5 / tolerance, noise, 5.0)}, {})

    counts = {}
    for tolerance in (1e-15, 1e-17, 1e-25):
        attempts = walk(attempt, until=lambda t: t > 1.0, state=0.0, size=1e-3, most=5000)
        counts[tolerance] = len(attempts)
        assert attempts[-1].status == 1
        if tolerance < 1e-16:
            assert {one.bound for one in attempts[2:]} == {"error at rounding"}
    assert counts[1e-25] == counts[1e-17] < 3 * counts[1e-15]
