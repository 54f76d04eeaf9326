"""The run file: resume, refusals that leave a file as it was, full disks, and paid work."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from suite.core import (
    ErrorControl,
    Fixed,
    Reader,
    Record,
    Signal,
    Status,
    Store,
    Trial,
    begin,
    march,
    run,
)
from suite.errors import (
    BudgetExhausted,
    StoreError,
    StoreLocked,
    StoreMismatch,
    StoreUnreadable,
)

ABOUT = {
    "job": "walk",
    "inputs": {"file": "a.xyz", "atoms": ["H", "H"]},
    "options": {"tolerance": 1e-6, "nested": {"deep": None}},
    "versions": {"suite": "1", "numpy": "2"},
    "seed": 3,
}


class Walker(NamedTuple):
    place: np.ndarray
    taken: int


def attempt(state, step):
    rng = np.random.default_rng((ABOUT["seed"], step.number))
    place = state.place + step.size * rng.normal(size=2)
    seen = {"error": Signal(rng.exponential(0.7), 1e-9, 2)}
    notes = {"place": place, "label": "é, \n", "energy": float("nan")}
    return Trial(Walker(place, state.taken + 1), seen, {"calls": 1}, notes=notes)


def go(store, end=60, stop=(), observe=(), track="main"):
    law = ErrorControl()

    def prepare():
        return begin(Walker(np.zeros(2), 0), law, 0.1, cost={"hessians": 1})

    def until(state):
        return Status.CONVERGED if state.taken >= end else Status.RUNNING

    def walk(where):
        # Random errors let the size wander; the wall keeps it from leaving the range of doubles.
        wall = {"wall": 10.0}
        return march(attempt, where, law, until, lambda _: wall)

    record = Record()
    status = run(walk, prepare, record, store=store, stop=stop, observe=observe, track=track)
    return status, record


opened = partial(Store, about=ABOUT, kinds=(Walker,))


def tables(path):
    """All that a run file holds, but for the time-dependent."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        found = [
            database.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
            for name in ("about", "attempt", "point")
        ]
    database.close()
    return found


class Stopped(Exception):
    pass


def stop_at(number):
    def look(one):
        if one.number == number:
            raise Stopped

    return look


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    with opened(tmp_path / "whole") as store:
        status, whole = go(store)
    for number in (0, 1, 5, 17, 30):
        with pytest.raises(Stopped), opened(tmp_path / "parts") as store:
            go(store, observe=(stop_at(number),))
    with opened(tmp_path / "parts") as store:
        assert store.point().step.number == 30
        resumed_status, resumed = go(store)
    assert resumed_status is status is Status.CONVERGED
    assert repr(list(resumed)) == repr(list(whole))
    assert resumed.tally == whole.tally
    assert tables(tmp_path / "parts/run.sqlite") == tables(tmp_path / "whole/run.sqlite")
    # A run that has ended is read, not run.
    with opened(tmp_path / "parts") as store:
        again_status, again = go(store, observe=(stop_at(0),))
    assert again_status is status
    assert repr(list(again)) == repr(list(whole))
    # Without a store it is the same walk.
    assert repr(list(go(None)[1])) == repr(list(whole))


@pytest.mark.parametrize("status", [Status.INTERRUPTED, Status.OUT_OF_BUDGET])
def test_a_stopped_run_can_be_resumed(tmp_path, status):
    def rule(one):
        return status if one.number == 9 else Status.RUNNING

    with opened(tmp_path) as store:
        assert go(store, stop=(rule,))[0] is status
    with opened(tmp_path) as store:
        ended, record = go(store)
    assert ended is Status.CONVERGED
    assert [row["number"] for row in record] == list(range(len(record)))
    assert record.tally == go(None)[1].tally


def test_tracks_share_a_file(tmp_path):
    with opened(tmp_path) as store:
        go(store, end=5, track="forward")
        go(store, end=3, track="reverse")
    with Reader(tmp_path) as reader:
        tracks = [row["track"] for row in reader.rows()]
        assert set(tracks) == {"forward", "reverse"}
        forward = list(reader.rows("forward"))
        assert repr(forward) == repr([row for row in reader.rows() if row["track"] == "forward"])
        newer = list(reader.rows(after={"forward": forward[-2]["number"], "reverse": 10**9}))
        assert repr(newer) == repr(forward[-1:])
        assert reader.about()["inputs"] == ABOUT["inputs"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"job": "run"}, "job was 'walk', now 'run'"),
        ({"seed": 4}, "seed was 3, now 4"),
        (
            {"options": {"tolerance": 1e-7, "nested": {"deep": None}}},
            "options.tolerance was 1e-06, now 1e-07",
        ),
        (
            {"options": {"tolerance": 1e-6, "nested": {"deep": 1}}},
            "options.nested.deep was None, now 1",
        ),
        ({"inputs": {"file": "a.xyz", "atoms": ["H", "He"]}}, "inputs.atoms was"),
        (
            {"inputs": {"file": "a.xyz", "atoms": ["H", "H"], "new": 1}},
            "inputs.new was None, now 1",
        ),
    ],
)
def test_another_run_is_refused_by_name(tmp_path, change, said):
    with opened(tmp_path) as store:
        store.write(begin(0.0, Fixed(), 1.0))
    before = (tmp_path / "run.sqlite").read_bytes()
    with pytest.raises(StoreMismatch, match=said):
        Store(tmp_path, ABOUT | change)
    assert (tmp_path / "run.sqlite").read_bytes() == before
    opened(tmp_path).close()  # and the lock was let go


def test_other_versions_are_said_and_not_refused(tmp_path):
    with opened(tmp_path) as store:
        store.write(begin(0.0, Fixed(), 1.0))
    newer = ABOUT | {"versions": {"suite": "1", "numpy": "3"}}
    with pytest.warns(UserWarning, match=r"versions\.numpy was '2', now '3'"):
        Store(tmp_path, newer).close()


HOLDER = """
import sys
from suite.core import Store
store = Store(sys.argv[1], {"job": "held"})
print("held", flush=True)
sys.stdin.read()
"""


def test_one_writer_at_a_time(tmp_path):
    held = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with held:
        assert held.stdout.readline() == b"held\n"
        with pytest.raises(StoreLocked, match="Another process is writing"):
            Store(tmp_path, {"job": "held"})
        with Reader(tmp_path) as reader:
            assert reader.about()["job"] == "held"
        held.send_signal(signal.SIGKILL)
        held.wait()
        Store(tmp_path, {"job": "held"}).close()


def foreign(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE attempt (track TEXT, number INTEGER)")
        database.execute("INSERT INTO attempt VALUES ('mine', 1)")
    database.close()


def foreign_wal(path):
    """A file of another program that died: its last words are in the log beside it."""
    script = """
    import os, sqlite3, sys
    database = sqlite3.connect(sys.argv[1], isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE mine (x)")
    os._exit(0)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script), path], check=True)
    assert path.with_name(path.name + "-wal").exists()


def garbage(path):
    path.write_bytes(np.random.default_rng(0).bytes(20000))


def text(path):
    path.write_text("not a run\n")


def ours(path):
    with opened(path.parent) as store:
        go(store)


def truncated(path):
    ours(path)
    os.truncate(path, path.stat().st_size // 2 + 100)


def other_schema(path):
    ours(path)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()


def overwritten(path):
    ours(path)
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "make",
    [
        foreign,
        foreign_wal,
        garbage,
        text,
        truncated,
        other_schema,
        overwritten,
    ],
)
def test_a_file_that_is_no_good_run_is_left_as_it_was(tmp_path, make):
    path = tmp_path / "run.sqlite"
    make(path)
    before = path.read_bytes()
    for use in (opened, Reader):
        with pytest.raises(StoreUnreadable) as caught, use(tmp_path) as store:
            store.about()
        assert str(path) in str(caught.value)
        assert path.read_bytes() == before
    if make is other_schema:
        assert "schema version 99" in str(caught.value)
    elif make in (foreign, foreign_wal):
        assert "another program" in str(caught.value)


HALF_WRITTEN = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_spill=1")
database.execute("PRAGMA cache_size=1")
database.execute("BEGIN")
database.execute("UPDATE attempt SET document = hex(randomblob(5000))")
os._exit(0)
"""


@pytest.mark.parametrize("use", [Reader, opened], ids=["read", "resumed"])
def test_a_file_left_half_written_is_recovered(tmp_path, use):
    # Killed inside a commit of the rollback journal: pages are overwritten, the journal is hot.
    ours(tmp_path / "run.sqlite")
    whole = tables(tmp_path / "run.sqlite")
    before = (tmp_path / "run.sqlite").read_bytes()
    subprocess.run([sys.executable, "-c", HALF_WRITTEN, tmp_path / "run.sqlite"], check=True)
    assert (tmp_path / "run.sqlite").read_bytes() != before
    assert (tmp_path / "run.sqlite-journal").stat().st_size > 0
    with use(tmp_path) as store:
        assert len(list(store.rows())) == len(whole[1])
    assert tables(tmp_path / "run.sqlite") == whole


def test_a_file_killed_before_its_first_commit(tmp_path):
    (tmp_path / "run.sqlite").touch()
    with pytest.raises(StoreUnreadable, match="before it had begun"):
        Reader(tmp_path)
    with opened(tmp_path) as store:
        assert go(store)[0] is Status.CONVERGED


@pytest.mark.parametrize(
    "document", ["[1, ", '{"$kind": "system", "$fields": {}}', '{"x": {"$array": ["|O", [1], 0]}}']
)
def test_a_crafted_row_or_point_is_damage(tmp_path, document):
    ours(tmp_path / "run.sqlite")
    with sqlite3.connect(tmp_path / "run.sqlite") as database:
        database.execute("UPDATE attempt SET document = ? WHERE number = 3", (document,))
        database.execute("UPDATE point SET document = ?", (document,))
    database.close()
    with opened(tmp_path) as store:
        with pytest.raises(StoreUnreadable, match="damaged"):
            list(store.rows())
        with pytest.raises(StoreUnreadable, match="damaged"):
            store.point()


def test_reading_while_it_is_written(tmp_path):
    with opened(tmp_path) as store, Reader(tmp_path) as reader:
        lengths = []

        def look(one):
            store.flush()
            lengths.append((len(list(reader.rows())), one.number + 1))

        go(store, observe=(look,))
    assert all(read == written for read, written in lengths)
    # What is left is one plain file.
    assert {path.name for path in tmp_path.iterdir()} <= {"run.sqlite", "run.sqlite.lock"}


def test_cheap_attempts_share_commits_and_dear_ones_do_not_wait(tmp_path):
    # An attempt that is not followed by another is committed by itself.
    with opened(tmp_path) as store:
        attempts = march(
            attempt,
            begin(Walker(np.zeros(2), 0), ErrorControl(), 0.1),
            ErrorControl(),
            lambda s: 0,
        )
        for _ in range(3):
            store.write(next(attempts))
        assert store._timer is not None
        store._timer.join(10.0)
        with Reader(tmp_path) as reader:
            assert [row["number"] for row in reader.rows()] == [0, 1, 2]


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.path.insert(0, sys.argv[2])
import test_store as t
with t.opened(sys.argv[1]) as store:
    store.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
    try:
        t.go(store, end=100_000, observe=(lambda one: store.flush(),))
    except t.StoreError as error:
        print(type(error).__name__, error)
        raise SystemExit(4)
"""


def test_a_full_disk(tmp_path):
    # The system refuses to let any file of that process grow, as a full disk does.
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path, Path(__file__).parent, str(2_000_000)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert done.stdout.startswith("StoreError ")
    assert "free some space and resume" in done.stdout
    kept = list(Reader(tmp_path).rows())
    assert [row["number"] for row in kept] == list(range(len(kept)))
    with opened(tmp_path) as store:
        point = store.point()
        assert point.step.number == len(kept) - 1 > 50
        end = point.state.taken + 50
        status, record = go(store, end=end)
    assert status is Status.CONVERGED
    assert repr(list(record)) == repr(list(go(None, end=end)[1]))


def stop_after_one(one):
    return Status.INTERRUPTED if one.number else Status.RUNNING


def test_a_database_at_its_page_limit(tmp_path):
    with opened(tmp_path) as store:
        go(store, end=3, stop=(stop_after_one,))
        (pages,) = store._db.execute("PRAGMA page_count").fetchone()
        store._db.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreError, match="full"):
            go(store, end=2000)
        store._db.execute("PRAGMA max_page_count=100000")
        kept = list(store.rows())
        assert [row["number"] for row in kept] == list(range(len(kept)))


READ_ONLY = """
import os, sys
sys.path.insert(0, sys.argv[2])
import test_store as t
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    t.opened(sys.argv[1])
except t.StoreError as error:
    print(error)
with t.Reader(sys.argv[1] + "/old") as reader:
    print(len(list(reader.rows())))
"""


@pytest.fixture
def public_folder():
    """A folder that another user can reach, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in (folder, *folder.iterdir()):
            if path.is_dir():
                path.chmod(0o755)


def test_a_folder_that_may_not_be_written(public_folder):
    old = public_folder / "old"
    old.mkdir()
    ours(old / "run.sqlite")
    with Reader(old) as reader:
        rows = len(list(reader.rows()))
    for folder in (old, public_folder):
        folder.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, public_folder, Path(__file__).parent],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sentence, read = done.stdout.splitlines()
    assert "cannot be opened or written" in sentence
    assert sentence.endswith("Choose a folder that you may write to.")
    assert int(read) == rows


def test_a_folder_in_a_file_system_without_files():
    with pytest.raises(StoreError, match="Choose a folder that you may write to"):
        Store("/proc/self/run", {"job": "x"})


class Service:
    """A paid service that outlives the client: it remembers its jobs by the tag they came with."""

    def __init__(self):
        self.jobs = {}

    def submit(self, key):
        self.jobs.setdefault(key, []).append(f"job-{len(self.jobs)}-{key}")
        return self.jobs[key][-1]

    def find(self, key):
        return self.jobs[key][-1] if key in self.jobs else None

    def wait(self, job):
        return {"counts": np.array([3, 5]), "job": job}


class Dies(BaseException):
    """What SIGKILL looks like from inside: nothing after it runs."""


def dying(function, moment):
    def call(*arguments):
        if moment == "before":
            raise Dies
        result = function(*arguments)
        if moment == "after":
            raise Dies
        return result

    return call


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize(
    "deaths",
    [
        {},
        {"submit": "before"},
        {"submit": "after"},
        {"wait": "before"},
        {"wait": "after"},
        {"find": "before"},
        {"find": "after", "submit": "after"},
    ],
    ids=str,
)
def test_nothing_is_paid_twice(tmp_path, deaths, repeats):
    service = Service()
    if "find" in deaths:  # only a second life looks for a job
        with pytest.raises(Dies), opened(tmp_path) as store:
            store.once("1/shots", dying(service.submit, "after"), service.wait, find=service.find)
    for _ in range(repeats if deaths else 0):
        doors = {
            name: dying(getattr(service, name), deaths.get(name))
            for name in ("submit", "wait", "find")
        }
        with suppress(Dies), opened(tmp_path, budget={"seconds": 5.0}) as store:
            store.once(
                "1/shots",
                doors["submit"],
                doors["wait"],
                find=doors["find"],
                price={"seconds": 4.0},
            )
    for _ in range(2):  # the second time from the ledger alone
        with opened(tmp_path, budget={"seconds": 5.0}) as store:
            result = store.once(
                "1/shots", service.submit, service.wait, find=service.find, price={"seconds": 4.0}
            )
            np.testing.assert_array_equal(result["counts"], [3, 5])
            assert sum(map(len, service.jobs.values())) == 1
            if "find" not in deaths:
                assert store.spent() == {"seconds": 4.0}


def test_a_budget_refuses_before_it_is_spent(tmp_path):
    service = Service()
    price = {"seconds": 2.0, "shots": 100}
    with opened(tmp_path, budget={"seconds": 5.0}) as store:
        for key in ("a", "b"):
            store.once(key, service.submit, service.wait, price=price)
        with pytest.raises(BudgetExhausted, match=r"c would cost 2 seconds; 4 of the budget of 5"):
            store.once("c", service.submit, service.wait, price=price)
        assert list(service.jobs) == ["a", "b"]
        assert store.spent() == {"seconds": 4.0, "shots": 200}
        store.once("a", service.submit, service.wait, price=price)  # paid for already
        store.once("free", service.submit, service.wait)
    with opened(tmp_path, budget={"seconds": 6.0}) as store:
        store.once("c", service.submit, service.wait, price=price)
    assert list(service.jobs) == ["a", "b", "free", "c"]


def test_paid_work_of_a_service_that_cannot_find_is_submitted_again(tmp_path):
    # Nothing else can be done where the id was lost and the service cannot be asked.
    service = Service()
    with pytest.raises(Dies), opened(tmp_path) as store:
        store.once("a", dying(service.submit, "after"), service.wait)
    with opened(tmp_path) as store:
        store.once("a", service.submit, service.wait)
    assert len(service.jobs["a"]) == 2


def test_attempts_before_a_paid_one_are_safe(tmp_path):
    # The ledger commits: no result may be newer than the attempts that asked for it.
    law = ErrorControl()
    with opened(tmp_path) as store:
        store.write(begin(Walker(np.zeros(2), 0), law, 0.1))
        store.once("a", str.upper, lambda job: [r["number"] for r in Reader(tmp_path).rows()])
        assert store.once("a", str.upper, lambda job: None) == [0]


def test_a_run_refused_before_its_first_step_does_not_block_its_folder(tmp_path):
    Store(tmp_path, {"job": "refused", "options": {"size": 1}}).close()
    with Store(tmp_path, {"job": "mended", "options": {"size": 2}}) as store:
        assert store.about()["job"] == "mended"
