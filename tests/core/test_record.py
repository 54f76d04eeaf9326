"""The record and its tally, against a plain count of the attempts."""

import csv
import io
import json
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from suite.core import ErrorControl, Record, Signal, Tally, Trial, begin, march
from suite.core.record import row_of


def attempts(errors):
    def attempt(state, step):
        seen = {"error": Signal(errors[step.number - 1], 1e-3, 2)}
        notes = {"energy": -0.5 * step.number, "path": np.zeros(3), "basis": "sto-3g"}
        return Trial(state + 1, seen, {"gradients": 1, "cycles": step.number}, notes=notes)

    law = ErrorControl()
    start = begin(0, law, 1.0, cost={"hessians": 1}, phase="ridge")
    return list(march(attempt, start, law, lambda n: 0, most=len(errors)))


errors = st.lists(st.one_of(st.floats(0.0, 3.0), st.just(np.nan)), min_size=1, max_size=20)


@given(errors=errors)
def test_the_tally_counts_what_happened(errors):
    run = attempts(errors)
    record = Record(row_of(one, "forward") for one in run)
    tally = record.tally
    taken = run[1:]
    assert len(record) == len(run) == tally.attempts + 1
    assert tally.accepted == sum(one.accept for one in taken)
    assert tally.attempts == tally.accepted + tally.refused.total() == tally.bound.total()
    assert tally.bound == Counter(one.bound for one in taken)
    assert tally.refused == Counter(one.refused for one in taken if one.refused)
    n = len(taken)
    assert tally.cost == Counter(hessians=1, gradients=n, cycles=n * (n + 1) // 2)
    assert json.loads(json.dumps(tally.to_dict()))["cost"]["gradients"] == n
    kept = [row["number"] for row in record.accepted("forward")]
    assert kept == [one.number for one in run if one.accept]
    assert list(record.accepted("backward")) == []
    assert [row["number"] for row in record.accepted()] == kept


@given(errors=errors)
def test_csv_keeps_every_number(errors):
    run = attempts(errors)
    text = Record(row_of(one) for one in run).to_csv()
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == len(run)
    assert "path" not in table[0]
    for one, row in zip(run, table, strict=True):
        assert float(row["size"]) == one.step.size
        assert (row["accepted"] == "True") == one.accept
        assert row["phase"] == "ridge"
        if one.number:
            value, noise, order = one.trial.evidence["error"]
            got = float(row["error"]), float(row["error_noise"]), float(row["error_order"])
            np.testing.assert_array_equal(got, (value, noise, order))
            assert float(row["energy"]) == -0.5 * one.number
            assert int(row["cost_cycles"]) == one.number
    assert table[0]["cost_hessians"] == "1"
    assert table[0]["error"] == ""


def test_a_csv_cell_with_commas_quotes_and_lines_comes_back():
    run = attempts([0.5])
    sentence = 'SCF: "no convergence",\nsecond line'
    text = Record([row_of(one) | {"refused": sentence} for one in run]).to_csv()
    assert [row["refused"] for row in csv.DictReader(io.StringIO(text))] == [sentence] * 2


@given(
    accept=st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 2)), min_size=1),
)
def test_rows_are_counted_as_one_by_one(accept):
    running, kept, codes = (np.array(column) for column in zip(*accept, strict=True))
    names = ["error", "end", "never", "unused"]
    many, one_by_one = Tally(), Tally()
    many.rows(codes[running], 2 - codes[running & ~kept], names, {"calls": 3})
    for i in np.flatnonzero(running):
        one_by_one.add(
            {
                "number": 1,
                "bound": names[codes[i]],
                "accepted": kept[i],
                "refused": names[2 - codes[i]],
                "cost": {"calls": 3},
            }
        )
    many.cost += Counter()  # drops a cost of nothing
    assert many == one_by_one


@given(errors=errors)
def test_rows_made_late_are_the_same_rows(errors):
    run = attempts(errors)
    record = Record()
    record.add(run[0])
    record.defer(len(run) - 1, lambda: run[1:])
    assert len(record) == len(run)
    assert json.dumps(record.tally.to_dict()) == json.dumps(
        Record(row_of(one) for one in run).tally.to_dict()
    )
    assert [row["number"] for row in record] == [one.number for one in run]
    assert len(record) == len(run)
