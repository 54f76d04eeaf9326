"""The same results in the same order from a loop and from worker processes."""

import builtins
import os
import signal
import subprocess
import sys
import time

import pytest

from suite.cluster import map_parts
from suite.errors import InputError, MissingPackage, SuiteError

# What Dask itself says when its event loop or sockets close.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed"),
]


def slow_square(x):
    time.sleep(0.05 if x % 3 == 0 else 0.0)  # so that later parts are ready before earlier ones
    return x * x, os.getpid()


def fails_at_three(x):
    if x == 3:
        raise InputError("strike must be positive.")
    if x == 30:
        raise ZeroDivisionError("nothing to divide by")
    return x


@pytest.mark.parametrize("cluster", [None, "local:2"])
def test_results_come_in_order(cluster):
    results = list(map_parts(slow_square, range(20), cluster))
    assert [square for square, _ in results] == [x * x for x in range(20)]
    processes = {process for _, process in results}
    assert (processes == {os.getpid()}) == (cluster is None)
    assert len(processes) == (2 if cluster else 1)


def test_parts_are_drawn_only_as_workers_get_free():
    drawn = []

    def parts():
        for number in range(100):
            drawn.append(number)
            yield number

    for cluster, most in ((None, 1), ("local:1", 3)):
        drawn.clear()
        results = map_parts(slow_square, parts(), cluster)
        next(results)
        results.close()
        assert len(drawn) <= most


@pytest.mark.parametrize("cluster", [None, "local:1"])
def test_a_failed_part_is_named(cluster):
    with pytest.raises(InputError, match=r"^Part 3: strike must be positive\.$"):
        list(map_parts(fails_at_three, range(10), cluster))
    with pytest.raises(ZeroDivisionError) as caught:
        list(map_parts(fails_at_three, [1, 30], cluster))
    assert caught.value.__notes__ == ["This happened in part 1."]


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_part_that_kills_its_workers_is_named():
    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        pytest.raises(SuiteError, match="Part 0: every worker that took it died"),
    ):
        list(map_parts(die, [1], "local:1"))


@pytest.mark.parametrize(
    "cluster", ["local:0", "local:x", "local:", "tcp://127.0.0.1:1", "no/where"]
)
def test_a_cluster_that_is_none_is_refused_in_one_sentence(cluster):
    with pytest.raises(InputError, match="local:4"):
        list(map_parts(abs, [1], cluster))


def test_without_dask_the_install_line_is_said(monkeypatch):
    real = builtins.__import__

    def absent(name, *rest):
        if name == "distributed":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingPackage, match=r"suite-adaptive\[distributed\]"):
        map_parts(abs, [1], "local:2")


CTRL_C = """
import time
from suite.cluster import map_parts
if __name__ == "__main__":
    for _ in map_parts(time.sleep, [0] + [600] * 10, "local:2"):
        print("begun", flush=True)
"""


def test_ctrl_c_closes_the_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CTRL_C)
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "begun\n"
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in said
    for _ in range(100):  # nobody of its group is left, once the dead are buried
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("A worker outlived the program.")
