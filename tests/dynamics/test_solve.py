"""`solve` as its users call it: shapes as SciPy's, statuses told apart, no trace of a kill."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from suite.core import Status
from suite.dynamics import solve
from suite.errors import InputError, StoreMismatch


def kepler(t, y):
    cube = (y[0] * y[0] + y[1] * y[1]) ** -1.5
    return np.array([y[2], y[3], -y[0] * cube, -y[1] * cube])


def energy(t, y):
    return 0.5 * (y[2] ** 2 + y[3] ** 2) - 1.0 / np.hypot(y[0], y[1])


ORBIT = [0.4, 0.0, 0.0, 2.0]


def van_der_pol(t, y):
    return [y[1], 1000.0 * (1.0 - y[0] ** 2) * y[1] - y[0]]


METHODS = ["auto", "DOP853", "RK45", "RK4", "Radau"]


@pytest.mark.parametrize("method", METHODS)
def test_shapes_and_values_are_those_of_solve_ivp(method):
    times = np.linspace(0.0, 10.0, 7)
    options = {"t_eval": times, "dense_output": True, "rtol": 1e-8, "atol": 1e-10}
    ours = solve(kepler, (0.0, 10.0), ORBIT, method, **options)
    theirs = solve_ivp(kepler, (0.0, 10.0), ORBIT, "DOP853", **options)
    assert ours.success
    assert ours.t.shape == theirs.t.shape
    assert ours.y.shape == theirs.y.shape
    assert ours.sol(3.3).shape == theirs.sol(3.3).shape
    assert ours.sol(times).shape == theirs.sol(times).shape
    np.testing.assert_allclose(ours.y, theirs.y, atol=2e-4)
    np.testing.assert_allclose(ours.sol(times), ours.y, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_every_call_of_the_function_is_counted(method):
    calls = []

    def counted(t, y):
        calls.append(t)
        return kepler(t, y)

    done = solve(counted, (0.0, 8.0), ORBIT, method, dense_output=True, events=lambda t, y: y[1])
    assert done.evaluations == done.nfev == len(calls)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_complex_state_in_both_directions_of_time(method, sign):
    matrix = np.array([[1.0j, 0.3], [-0.3, 2.0j]])  # skew-Hermitian: the norm stays
    values, vectors = np.linalg.eig(matrix)
    start = np.array([1.0, 1.0j])
    done = solve(lambda t, y: matrix @ y, (0.0, 3.0 * sign), start, method, rtol=1e-9, atol=1e-11)
    exact = vectors @ (np.exp(3.0 * sign * values) * np.linalg.solve(vectors, start))
    np.testing.assert_allclose(done.y[:, -1], exact, atol=1e-6)


def test_tolerances_by_component_and_by_block():
    def two(t, y):
        return np.array([np.cos(t), 1e6 * np.cos(1e3 * t)])

    loose = solve(two, (0.0, 10.0), [0.0, 0.0], rtol=1e-9, atol=[1e-9, 1e9])
    tight = solve(two, (0.0, 10.0), [0.0, 0.0], rtol=1e-9, atol=1e-9)
    assert loose.evaluations < 0.02 * tight.evaluations
    # A circle: each component passes through zero, the vector does not.
    blocks = solve(kepler, (0.0, 50.0), [1.0, 0, 0, 1.0], rtol=1e-9, atol=0.0, blocks=[0, 0, 1, 1])
    single = solve(kepler, (0.0, 50.0), [1.0, 0, 0, 1.0], rtol=1e-9, atol=0.0)
    assert blocks.evaluations < single.evaluations
    assert abs(np.hypot(*blocks.y[:2, -1]) - 1.0) < 1e-7


def test_arguments_as_scipy_takes_them():
    done = solve(lambda t, y, a, b: a * y + b, (0.0, 1.0), 1.0, args=(-2.0, 1.0), jac=[[-2.0]])
    assert abs(done.y[0, -1] - (0.5 + 0.5 * np.exp(-2.0))) < 1e-6
    positional = solve(kepler, (0.0, 1.0), ORBIT, "LSODA", None, False, None, False, None)
    assert positional.method == "auto"
    assert solve(kepler, (0.0, 1.0), ORBIT, method="BDF").method == "Radau"
    columns = solve(
        lambda t, y: np.vstack([y[1, :], -y[0, :]]), (0.0, 1.0), [1.0, 0.0], vectorized=True
    )
    np.testing.assert_allclose(columns["y"][:, -1], [np.cos(1.0), -np.sin(1.0)], rtol=1e-5)
    still = solve(lambda t, y: -y, (1.0, 1.0), [2.0])
    assert still.success
    assert still.y.tolist() == [[2.0]]
    bounded = solve(lambda t, y: -y, (0.0, 1.0), [1.0], max_step=0.01)
    assert np.diff(bounded.t).max() <= 0.01 * (1 + 1e-12)


STATUSES = {
    "event": (Status.EVENT, kepler, ORBIT, 10.0, {"events": "crossing"}),
    "singular": (Status.SINGULAR, lambda t, y: y**2, [1.0], 2.0, {}),
    "stiff": (
        Status.STIFF,
        van_der_pol,
        [2.0, 0.0],
        2000.0,
        {"method": "DOP853", "max_evaluations": 20_000},
    ),
    "budget": (Status.OUT_OF_BUDGET, kepler, ORBIT, 1e4, {"max_evaluations": 5000}),
    "wrong": (
        Status.NOT_FINITE,
        lambda t, y: np.array([np.sqrt(1.0 - t)]),
        [0.0],
        2.0,
        {},
    ),
    "wrong at once": (Status.NOT_FINITE, lambda t, y: y * np.nan, [1.0], 2.0, {}),
    "raises": (Status.FAILED, lambda t, y: [1.0 / (t < 0.5)], [1.0], 2.0, {}),
    "rounding": (Status.ROUNDING, kepler, ORBIT, 5.0, {"rtol": 1e-18, "atol": 1e-20}),
}


@pytest.mark.parametrize("name", STATUSES)
def test_each_end_has_its_status_and_no_state_is_not_finite(name):
    status, fun, y0, end, options = STATUSES[name]
    if "events" in options:

        def crossing(t, y):
            return y[1]

        crossing.terminal, crossing.direction = True, -1
        options = {"events": crossing}
    done = solve(fun, (0.0, end), y0, **options)
    assert done.status is status, done.message
    assert done.success == (name == "event")
    assert np.isfinite(done.y).all()
    assert np.isfinite(done.t).all()
    at_once = name == "wrong at once"
    assert done.message.startswith("fun gave nan" if at_once else status.sentence)
    if name in ("wrong", "raises"):
        place = {"wrong": 1.0, "raises": 0.5}[name]
        assert abs(done.t[-1] - place) < 1e-9
        assert f"t = {done.t[-1]:.3g}" in done.message or "ZeroDivisionError" in done.message


@pytest.mark.parametrize("tight", [1e-17, 1e-120, 1e-150, 1e-160, 1e-300, 5e-324])
@pytest.mark.parametrize("method", ["auto", "RK45", "RK4"])
def test_a_tolerance_below_rounding_is_told_as_such_however_small(method, tight):
    done = solve(lambda t, y: [y[1], -y[0]], (0.0, 1.0), [1.0, 0.0], method, rtol=tight, atol=tight)
    assert done.status is Status.ROUNDING, done.message
    assert abs(done.y[0, -1] - np.cos(1.0)) < 1e-13


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pace", [1.0, 1e3])
def test_a_state_that_leaves_the_range_of_doubles_is_not_the_fault_of_the_function(method, pace):
    done = solve(lambda t, y: pace * y, (0.0, 1000.0 / pace), [1.0], method, rtol=1e-4)
    assert done.status is Status.NOT_FINITE
    assert done.y[0, -1] > 1e304
    assert "The state leaves the range of double precision just beyond t" in done.message
    assert "integrate its logarithm" in done.message
    assert "fun" not in done.message.lower()


def test_a_forgotten_return_is_told():
    for y0 in ([1.0], [1.0, 2.0]):
        with pytest.raises(InputError, match="fun returned None at t = 0: is its return missing"):
            solve(lambda t, y: None, (0.0, 1.0), y0)


def test_a_clock_that_is_too_coarse_for_the_steps_is_told():
    done = solve(lambda t, y: [y[1], -y[0]], (1e15, 1e15 + 10.0), [1.0, 0.0])
    assert done.status is Status.UNDERFLOW
    assert "t = 1000000000000000 of 1000000000000010." in done.message
    assert "integrate over t - 1e+15, from 0" in done.message


def test_the_summary_says_what_was_asked_of_the_method():
    done = solve(kepler, (0.0, 1.0), ORBIT, rtol=1e-7, atol=[1e-9, 1e-9, 1e-8, 1e-8], max_step=0.5)
    options = done.summary()["options"]
    assert options["rtol"] == 1e-7
    assert options["atol"] == [1e-9, 1e-9, 1e-8, 1e-8]
    assert (options["max_step"], options["first_step"]) == (0.5, None)


ANSWERS = {
    "a list": lambda y: [-v for v in y],
    "a column": lambda y: -y[:, None],
    "one array again and again": None,
    "in place": None,
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ANSWERS)
def test_functions_may_answer_in_other_forms(method, form):
    buffer = np.zeros(2)

    def again(y):
        np.negative(y, out=buffer)
        return buffer

    def in_place(y):
        y *= -1.0
        return y

    answer = ANSWERS.get(form) or {"in place": in_place}.get(form, again)
    done = solve(lambda t, y: answer(y), (0.0, 2.0), [1.0, 3.0], method)
    assert done.success
    np.testing.assert_allclose(done.y[:, -1], np.exp(-2.0) * np.array([1.0, 3.0]), rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_component_that_stays_zero_without_absolute_tolerance(method):
    done = solve(lambda t, y: [-y[0], 0.0], (0.0, 1.0), [1.0, 0.0], method, rtol=1e-6, atol=0.0)
    assert done.success, done.message


def test_an_event_that_is_no_number_is_told():
    done = solve(
        lambda t, y: y, (0.0, 2.0), [1.0], events=lambda t, y: 3.0 - y[0] if t < 1.0 else np.nan
    )
    assert done.status is Status.FAILED
    assert "Event 0 is NaN" in done.message
    with pytest.raises(InputError, match="event 0 must answer one real number"):
        solve(lambda t, y: y, (0.0, 2.0), [1.0, 1.0], events=lambda t, y: y)


def test_a_mistake_of_programming_comes_through():
    with pytest.raises(NameError):
        solve(lambda t, y: undefined * y, (0.0, 1.0), [1.0])  # noqa: F821


REFUSED = [
    ({"rtol": -1.0}, "rtol must be finite and not negative. Got -1.0."),
    ({"rtol": 0.0, "atol": 0.0}, "must not both be 0"),
    ({"rtol": [1e-3, 1e-3]}, "rtol must be one number or one for each of the 4 components. Got 2."),
    ({"method": "DOP835"}, "Did you mean 'DOP853'"),
    ({"y0": [1.0, np.nan, 0.0, 0.0]}, "y0 must be finite. Got nan in component 1."),
    ({"y0": [[1.0]]}, r"Got shape (1, 1)"),
    ({"y0": [1.0, 0.0, 1.0]}, "index|fun must answer"),
    ({"t_span": (0.0, np.inf)}, "t_span must be finite"),
    ({"t_span": 3.0}, "t_span must be two times"),
    ({"t_eval": [0.0, 11.0]}, "within t_span (0 to 10). Got 11 at index 1."),
    ({"t_eval": [1.0, 0.5]}, "strictly from t0 towards t_end. Got 0.5 after 1 at index 1."),
    ({"t_eval": [[1.0, 2.0]]}, "t_eval must be times [k], in one row. Got shape (1, 2)."),
    ({"method": "Euler"}, "one of auto, DOP853, RK45, RK4, Radau, or LSODA, BDF, RK23."),
    ({"max_step": 0.0}, "max_step must be positive and finite. Got 0.0."),
    ({"first_step": -1.0}, "first_step must be positive"),
    ({"max_evaluations": 0}, "max_evaluations must be at least 1"),
    ({"blocks": [0, 1]}, "blocks must be 4 labels"),
    ({"project": True}, "project=True needs invariants"),
    ({"project": "energie", "invariants": {"energy": energy}}, "Declared: energy"),
    ({"names": ["x", "x", "y", "z"]}, "4 different names"),
    ({"jac": [[1.0]]}, "matrix of 4 by 4"),
    ({"args": 3}, "args must be a tuple"),
    ({"max_evaluations": np.inf}, "max_evaluations must be at least 1, and finite"),
    ({"max_evaluations": "many"}, "must be a whole number"),
    ({"max_step": None}, "max_step must be one finite number. Got None"),
    ({"max_step": 1e-18}, "would not move the time"),
    ({"t_eval": "abc"}, "t_eval must be times"),
    ({"project": 5}, "project must be True, False or names"),
    ({"names": 5}, "4 different names"),
    ({"names": ["t", "x", "y", "z"]}, "none of them 't'"),
    ({"events": 5}, "events must be functions"),
    ({"invariants": {"error": energy}}, "may not be called 'error'"),
    ({"compiled": True, "method": "Radau"}, "compiled=True is not to be had with method='Radau'"),
]


@pytest.mark.parametrize(("given_", "sentence"), REFUSED)
def test_bad_input_is_refused_by_a_sentence(given_, sentence):
    options = {"t_span": (0.0, 10.0), "y0": ORBIT, **given_}
    if sentence.startswith("index"):
        with pytest.raises((IndexError, InputError), match=sentence):
            solve(kepler, **options)
        return
    with pytest.raises(InputError) as refusal:
        solve(kepler, **options)
    assert sentence in str(refusal.value)


def test_a_function_of_the_wrong_shape():
    with pytest.raises(InputError, match=r"fun must answer 4 values.*Got shape \(2,\)"):
        solve(lambda t, y: y[:2], (0.0, 1.0), ORBIT)
    with pytest.raises(InputError, match="give y0 as complex"):
        solve(lambda t, y: 1j * y, (0.0, 1.0), [1.0])


def stiffness_of(k):
    def rate(t, y):
        return -k * y

    return rate


class Growth:
    def __init__(self, rate):
        self.rate = rate

    def __call__(self, t, y):
        return self.rate * y


OTHERS = {
    "closure": (stiffness_of(1.0), stiffness_of(2.0)),
    "object": (Growth(1.0), Growth(2.0)),
    "method": (Growth(1.0).__call__, Growth(2.0).__call__),
    "lambda": (lambda t, y: -y, lambda t, y: -2.0 * y),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_function_or_state_does_not_go_on_with_a_run(kind, tmp_path):
    first, other = OTHERS[kind]
    solve(first, (0.0, 1.0), [1.0], store=tmp_path)
    with pytest.raises(StoreMismatch, match="fun"):
        solve(other, (0.0, 1.0), [1.0], store=tmp_path)
    solve(first, (0.0, 1.0), [1.0 + 0.0j], store=tmp_path / "complex")
    with pytest.raises(StoreMismatch, match="y0"):
        solve(first, (0.0, 1.0), [1.0 + 1.0j], store=tmp_path / "complex")


def test_a_spent_budget_stays_spent_and_a_larger_one_goes_on(tmp_path):
    call = (kepler, (0.0, 50.0), ORBIT)
    first = solve(*call, max_evaluations=500, store=tmp_path)
    again = solve(*call, max_evaluations=500, store=tmp_path)
    assert first.status is again.status is Status.OUT_OF_BUDGET
    assert (again.evaluations, again.message) == (first.evaluations, first.message)
    whole = solve(*call, store=tmp_path)
    assert whole.success
    assert whole.y.tobytes() == solve(*call).y.tobytes()


@pytest.mark.parametrize("name", ["wrong", "raises"])
def test_a_finished_run_says_the_same_when_it_is_opened_again(name, tmp_path):
    _, fun, y0, end, options = STATUSES[name]
    told = [solve(fun, (0.0, end), y0, store=tmp_path, **options).message for _ in range(2)]
    assert told[0] == told[1]


class Killed(BaseException):
    """The process dies."""


RUNS = {
    "orbit": (kepler, (0.0, 40.0), ORBIT, {"invariants": {"energy": energy}, "project": True}),
    "watched": (kepler, (0.0, 40.0), ORBIT, {"invariants": {"energy": energy}}),
    "hand-over": (van_der_pol, (0.0, 900.0), [2.0, 0.0], {"atol": 1e-10}),
    "radau": (van_der_pol, (0.0, 200.0), [2.0, 0.0], {"atol": 1e-10, "method": "Radau"}),
    "singular": (lambda t, y: y**2, (0.0, 2.0), [1.0], {}),
    "events": (kepler, (0.0, 40.0), ORBIT, {"events": lambda t, y: y[1], "dense_output": True}),
}


@pytest.mark.parametrize("name", RUNS)
@settings(max_examples=4, deadline=None)
@given(moments=st.lists(st.integers(1, 120), min_size=1, max_size=3))
def test_a_run_that_is_killed_goes_on_to_the_same_bits(name, moments, tmp_path_factory):
    fun, span, y0, options = RUNS[name]
    whole = solve(fun, span, y0, **options)
    folder = tmp_path_factory.mktemp("run")

    for moment in moments:
        left = [moment]

        def die(attempt, left=left):
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        try:
            solve(fun, span, y0, store=folder, observe=(die,), **options)
        except Killed:
            continue
    done = solve(fun, span, y0, store=folder, **options)
    assert done.t.tobytes() == whole.t.tobytes()
    assert done.y.tobytes() == whole.y.tobytes()
    assert done.evaluations == whole.evaluations
    assert (done.status, done.message, done.stiff) == (whole.status, whole.message, whole.stiff)
    assert done.singularity == whole.singularity
    assert done.invariants == whole.invariants
    if whole.sol is not None:
        middle = 0.5 * (span[0] + whole.t[-1])
        assert done.sol(middle).tobytes() == whole.sol(middle).tobytes()
        assert done.t_events[0].tobytes() == whole.t_events[0].tobytes()
    again = solve(fun, span, y0, store=folder, **options)
    assert again.y.tobytes() == whole.y.tobytes()
    assert again.message == whole.message


@pytest.mark.parametrize("method", METHODS)
def test_complex_values_on_a_trial_step_refuse_it(method):
    """A negative number to a broken power is complex in Python."""
    done = solve(lambda t, y: [0.5 * (1.0 - t) ** 0.5], (0.0, 2.0), [0.0], method)
    assert done.status is Status.FAILED
    assert "complex values for a real state" in done.message
    assert done.t[-1] == pytest.approx(1.0, abs=1e-6)
    assert done.y[0, -1] == pytest.approx(1.0 / 3.0, abs=1e-3)


def test_what_is_no_number_at_all_is_a_mistake_of_the_program():
    with pytest.raises(TypeError):
        solve(lambda t, y: [object()] if t > 0.5 else [1.0], (0.0, 2.0), [0.0])


@pytest.mark.parametrize("span", [1e-100, 1e-20, 1e25, 1e30])
def test_the_length_of_the_interval_is_no_matter(span):
    done = solve(lambda t, y: -y / span, (0.0, span), [1.0], rtol=1e-6)
    assert done.success
    assert done.y[0, -1] == pytest.approx(np.exp(-1.0), rel=1e-5)


def test_a_first_step_may_be_as_short_as_one_likes():
    assert solve(lambda t, y: -y, (0.0, 1.0), [1.0], first_step=1e-100).success
