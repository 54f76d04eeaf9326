"""Big tables: the same answers as in one piece, after any kill, in bounded memory."""

import json
import random
import shutil
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from suite.errors import InputError, StoreError, StoreLocked, StoreMismatch, StoreUnreadable
from suite.finance import solve_table
from suite.finance.black import price
from suite.finance.forwards.fitted import forwards_of, legs_of
from suite.finance.parts import collect as collecting
from suite.finance.parts.batches import open_source, parts
from suite.finance.parts.collect import collect, read_forwards
from suite.finance.parts.stream import solve_stream
from suite.finance.verdict import Verdict
from tests.kill import killed_until_done

EQUAL = ["mid", "years", "forward", "discount", "iv_bid", "iv", "iv_ask", "iv_status"]


def quotes(times=6, given=True, seed=0):
    """Chains of three expirations and eleven strikes at several quote times, some rows bad."""
    rng = np.random.default_rng(seed)
    days, moneyness = np.array([20, 60, 200]), np.linspace(0.85, 1.15, 11)
    shape = (times, 3, 11, 2)
    quoted = pd.Timestamp("2025-03-03 10:00") + pd.to_timedelta(np.arange(times), "min")
    day = np.broadcast_to(days[None, :, None, None], shape).ravel()
    years = day / 365.0
    forward = 100.0 * np.exp(0.02 * years) + np.repeat(np.arange(times) * 0.1, 66)
    strike = np.round(100.0 * np.broadcast_to(moneyness[None, None, :, None], shape).ravel(), 1)
    call = np.broadcast_to(np.array([True, False]), shape).ravel()
    terms = {
        "forward": forward,
        "strike": strike,
        "expiry": years,
        "discount": np.exp(-0.03 * years),
    }
    volatility = np.repeat(0.2 + 0.1 * rng.random(len(call) // 2), 2)
    mid = price(volatility, **terms, call=call)
    frame = pd.DataFrame(
        {
            "quoted": np.repeat(quoted, 66).astype("datetime64[s]"),
            "root": "X",
            "expiration": (pd.Timestamp("2025-03-03") + pd.to_timedelta(day, "D")).astype(
                "datetime64[s]"
            ),
            "strike": strike,
            "type": np.where(call, "C", "P"),
            "bid": np.round(mid - 0.05, 2),
            "ask": np.round(mid + 0.05, 2),
            "size": np.arange(len(call)),
        }
    )
    frame.loc[rng.choice(len(frame), 6, replace=False), "bid"] = [
        np.nan,
        0.0,
        -1.0,
        900.0,
        0.01,
        np.nan,
    ]
    return frame.assign(forward=forward, rate=0.03) if given else frame


@pytest.fixture
def source(tmp_path):
    """A Parquet file of quotes in small row groups, the forwards in it."""
    path = tmp_path / "quotes.parquet"
    quotes().to_parquet(path, row_group_size=100)
    return path


def written(tmp_path, frame, name="quotes.parquet"):
    path = tmp_path / name
    if path.suffix == ".parquet":
        frame.to_parquet(path, row_group_size=70)
    elif path.suffix == ".zst":
        with pa.CompressedOutputStream(str(path), "zstd") as packed:
            packed.write(frame.to_csv(index=False).encode())
    else:
        frame.to_csv(path, index=False)
    return path


def assert_same(found, expected, names=EQUAL):
    for name in names:
        pd.testing.assert_series_equal(
            found[name], expected[name], check_exact=True, check_dtype=False, check_index=False
        )


@pytest.mark.parametrize("rows", [1, 7, 66, 10_000])
def test_given_forwards_give_the_whole_tables_answers_bit_for_bit(source, tmp_path, rows):
    rows_per_part = max(rows, 40 if rows == 1 else 1)
    summary = solve_stream(source, tmp_path / "iv.parquet", rows_per_part=rows_per_part)
    found = pd.read_parquet(tmp_path / "iv.parquet")
    assert_same(found, solve_table(quotes()))
    assert summary.verdicts == found["iv_status"].value_counts().to_dict()
    assert summary.rows == len(found) == 396
    assert summary.expirations == 0  # no pass for them
    assert not (tmp_path / "iv.parquet.parts").exists()


@pytest.mark.parametrize("name", ["quotes.parquet", "quotes.csv", "quotes.csv.gz"])
@pytest.mark.parametrize("order", ["time", "shuffled"])
def test_collected_forwards_are_those_of_the_whole_table(tmp_path, name, order):
    frame = quotes(given=False)
    if order == "shuffled":
        frame = frame.sample(frac=1.0, random_state=1).reset_index(drop=True)
    source = written(tmp_path, frame, name)
    summary = solve_stream(source, tmp_path / "iv.parquet", rows_per_part=50)
    assert summary.expirations == 18
    found = pd.read_parquet(tmp_path / "iv.parquet")
    assert_same(found, solve_table(frame))


def test_the_columns_of_the_input_stay_the_very_same(tmp_path):
    frame = quotes().assign(iv=0.5, note="née", mid=pd.array([1, None] * 198, "Int32"))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.set_column(0, "quoted", table["quoted"].cast(pa.timestamp("us")))
    table = table.append_column("kind of", table["type"].dictionary_encode())
    pq.write_table(table, tmp_path / "q.parquet")
    table = pq.read_table(tmp_path / "q.parquet")  # in the file's own types
    solve_stream(tmp_path / "q.parquet", tmp_path / "iv.parquet", rows_per_part=100)
    found = pq.read_table(tmp_path / "iv.parquet")
    for name in table.column_names:
        kept = f"{name}_given" if name in ("iv", "mid", "forward") else name
        assert found[kept].combine_chunks().equals(table[name].combine_chunks()), name
    assert found.schema.field("iv").type == pa.float64()


@pytest.mark.parametrize("hole", [np.nan, 0.0])
def test_one_row_without_its_forward_makes_a_first_pass(tmp_path, hole):
    frame = quotes()
    frame.loc[300:320, "forward"] = hole
    table = pa.table({name: frame[name].to_numpy() for name in frame})  # NaN is not null here
    pq.write_table(table, tmp_path / "q.parquet")
    summary = solve_stream(tmp_path / "q.parquet", tmp_path / "iv.parquet", rows_per_part=100)
    assert summary.expirations == 18
    found = pd.read_parquet(tmp_path / "iv.parquet")
    assert_same(found, solve_table(frame))
    assert found["iv_status"].isin(["no_forward"]).sum() == 0


def test_rates_are_percent_in_every_part_or_in_none(tmp_path):
    frame = quotes()
    rate = np.where(np.arange(len(frame)) < 200, 0.2, 1.5)
    source = written(tmp_path, frame.assign(rate=rate))
    solve_stream(source, tmp_path / "iv.parquet", rows_per_part=100)
    found = pd.read_parquet(tmp_path / "iv.parquet")
    np.testing.assert_array_equal(found["rate"], rate)
    np.testing.assert_allclose(found["discount"], np.exp(-rate / 100.0 * found["years"]))


@pytest.mark.parametrize("name", ["quotes.parquet", "quotes.csv"])
def test_rates_as_text_are_percent_in_every_part_too(tmp_path, name):
    frame = quotes().assign(rate="0.2")
    frame.loc[200:, "rate"] = "1.5"
    frame.loc[10, "rate"] = "-"
    frame.loc[11, "rate"] = "1.2%"
    solve_stream(written(tmp_path, frame, name), tmp_path / "iv.parquet", rows_per_part=100)
    assert_same(pd.read_parquet(tmp_path / "iv.parquet"), solve_table(frame))


def test_errors_raise_names_the_row_of_the_whole_table(source, tmp_path):
    first = int(np.flatnonzero(solve_table(quotes())["iv"].isna())[0])
    with pytest.raises(InputError, match=f"Row {first} has no implied volatility"):
        solve_stream(source, tmp_path / "iv.parquet", rows_per_part=7, errors="raise")


def test_a_refused_table_is_answered_and_an_answered_part_refused_when_errors_change(
    source, tmp_path
):
    output = tmp_path / "iv.parquet"
    answers = solve_table(quotes())["iv"]
    first = int(np.flatnonzero(answers.isna())[0])
    with pytest.raises(InputError, match=f"Row {first} has no"):
        solve_stream(source, output, rows_per_part=50, errors="raise")
    interrupted(source, output, 350)  # goes on with errors="nan"
    with pytest.raises(InputError, match=f"Row {first} has no"):  # of a part that is finished
        solve_stream(source, output, rows_per_part=50, errors="raise")
    assert solve_stream(source, output, rows_per_part=50).resumed == 7
    np.testing.assert_array_equal(pd.read_parquet(output)["iv"], answers)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rate": [0.03, 0.04]}, "rate must be one number"),
        ({"snapshot": True}, "give quoted="),
        ({"cuve": 1}, "Did you mean 'curve'"),
    ],
)
def test_options_that_need_the_whole_table_are_refused(source, tmp_path, options, says):
    with pytest.raises(InputError, match=says):
        solve_stream(source, tmp_path / "iv.parquet", **options)


def test_greeks_curve_and_price_are_those_of_the_whole_table(tmp_path):
    frame = quotes(given=False)
    (tmp_path / "curve.csv").write_text("tenor,rate\n1M,3.0\n1Y,3.2\n")
    options = {"curve": tmp_path / "curve.csv", "greeks": True, "price": "ask", "tick": 0.01}
    solve_stream(written(tmp_path, frame), tmp_path / "iv.parquet", rows_per_part=100, **options)
    found, expected = pd.read_parquet(tmp_path / "iv.parquet"), solve_table(frame, **options)
    assert found.columns.tolist() == expected.columns.tolist()
    assert_same(found, expected, [*EQUAL, "iv_error", "iv_note", "delta", "volga"])


def test_calls_and_puts_side_by_side_become_two_rows(tmp_path):
    strikes = np.arange(90.0, 115.0, 5.0)
    call = price(0.2, forward=100.0, strike=strikes, expiry=0.5, call=True)
    put = price(0.2, forward=100.0, strike=strikes, expiry=0.5, call=False)
    frame = pd.DataFrame(
        {"tradeDate": "2025-10-06", "ticker": "X", "expirDate": "2026-04-06", "strike": strikes}
        | {"cBidPx": call - 0.1, "cAskPx": call + 0.1, "pBidPx": put - 0.1, "pAskPx": put + 0.1}
    )
    solve_stream(written(tmp_path, frame), tmp_path / "iv.parquet", rows_per_part=2)
    found = pd.read_parquet(tmp_path / "iv.parquet")
    assert len(found) == 10
    assert_same(found, solve_table(frame))


def test_a_cluster_gives_the_same_file(source, tmp_path):
    for name, cluster in (("one", None), ("two", "local:2")):
        solve_stream(source, tmp_path / f"{name}.parquet", rows_per_part=100, cluster=cluster)
    one, two = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("one", "two"))
    assert one.equals(two)


def test_progress_tells_rows_and_time_of_every_stage(tmp_path):
    source = written(tmp_path, quotes(given=False))
    heard = []
    solve_stream(source, tmp_path / "iv.parquet", rows_per_part=100, progress=heard.append)
    assert list(dict.fromkeys(p.stage for p in heard)) == ["forwards", "volatilities", "joining"]
    solving = [p for p in heard if p.stage == "volatilities"]
    assert [p.done for p in solving] == [100, 200, 300, 396]
    assert all(p.total == 396 and p.rate > 0.0 for p in solving)
    assert solving[-1].left == 0.0


class Killed(BaseException):
    """As abrupt as a kill, as far as one process can tell."""


def interrupted(source, output, after, **options):
    """Solve until so many parts are done, then die."""

    def stop(progress):
        if progress.stage == "volatilities" and progress.done >= after:
            raise Killed

    with pytest.raises(Killed):
        solve_stream(source, output, rows_per_part=50, progress=stop, **options)


def test_a_resumed_run_reads_back_what_is_finished_and_ends_the_same(source, tmp_path):
    output = tmp_path / "iv.parquet"
    whole = solve_stream(source, tmp_path / "whole.parquet", rows_per_part=50)
    interrupted(source, output, 150)
    assert not output.exists()
    manifest = json.loads((tmp_path / "iv.parquet.parts" / "manifest.json").read_text())
    assert [entry["rows"] for entry in manifest["finished"]] == [50, 50, 50]
    (tmp_path / "iv.parquet.parts" / "part-000001.parquet").unlink()  # damaged by hand
    summary = solve_stream(source, output, rows_per_part=50)
    assert summary.resumed == 1
    assert summary.summary() == whole.summary()
    assert pq.read_table(output).equals(pq.read_table(tmp_path / "whole.parquet"))
    # The same call once more has nothing to do, and says the same.
    assert solve_stream(source, output, rows_per_part=50).summary() == whole.summary()
    assert not (tmp_path / "iv.parquet.parts").exists()


def test_another_input_or_option_is_refused_and_named(source, tmp_path):
    output = tmp_path / "iv.parquet"
    interrupted(source, output, 100)
    with pytest.raises(StoreMismatch, match=r"options.price was .mid., now .ask."):
        solve_stream(source, output, rows_per_part=50, price="ask")
    with pytest.raises(StoreMismatch, match=r"rows_per_part was 50, now 60"):
        solve_stream(source, output, rows_per_part=60)
    quotes(seed=1).to_parquet(source, row_group_size=100)
    with pytest.raises(
        StoreMismatch, match=r"input.size was .*mtime_ns was .*fingerprint"
    ) as refused:
        solve_stream(source, output, rows_per_part=50)
    assert "\n" not in str(refused.value)
    (tmp_path / "iv.parquet.parts" / "manifest.json").write_text("{}")
    with pytest.raises(StoreUnreadable, match="Delete"):
        solve_stream(source, output, rows_per_part=50)


def test_two_processes_do_not_write_the_same_output(source, tmp_path):
    def again(_):
        solve_stream(source, tmp_path / "iv.parquet", rows_per_part=50)

    with pytest.raises(StoreLocked):
        solve_stream(source, tmp_path / "iv.parquet", rows_per_part=50, progress=again)


LIFE = (
    "import sys; from suite.finance.parts.stream import solve_stream;"
    "solve_stream(*sys.argv[1:], rows_per_part=66)"
)


def test_kills_at_random_moments_lose_nothing(tmp_path):
    seed = random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"seed {seed}\n")
    source = written(tmp_path, quotes(30, given=False))
    command = [sys.executable, "-c", LIFE, source]
    began = time.monotonic()
    subprocess.run([*command, tmp_path / "whole.parquet"], check=True, capture_output=True)
    life = time.monotonic() - began
    kills = killed_until_done([*map(str, command), str(tmp_path / "cut.parquet")], 6, life, seed)
    assert kills >= 1
    assert pq.read_table(tmp_path / "cut.parquet").equals(pq.read_table(tmp_path / "whole.parquet"))
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"quotes.parquet", "whole.parquet", "cut.parquet"}


@pytest.mark.parametrize("stage", ["forwards", "joining"])
def test_a_kill_in_another_stage_is_no_different(tmp_path, stage):
    source = written(tmp_path, quotes(given=False))

    def stop(progress):
        if progress.stage == stage:
            raise Killed

    with pytest.raises(Killed):
        solve_stream(source, tmp_path / "iv.parquet", rows_per_part=66, progress=stop)
    assert not (tmp_path / "iv.parquet").exists()
    solve_stream(source, tmp_path / "iv.parquet", rows_per_part=66)
    assert_same(pd.read_parquet(tmp_path / "iv.parquet"), solve_table(quotes(given=False)))


def test_a_kill_between_the_join_and_the_tidying_leaves_only_the_tidying(source, tmp_path):
    output = tmp_path / "iv.parquet"
    interrupted(source, output, 396)
    kept = tmp_path / "kept"
    shutil.copytree(tmp_path / "iv.parquet.parts", kept)
    solve_stream(source, output, rows_per_part=50)
    before = output.stat().st_mtime_ns
    kept.rename(tmp_path / "iv.parquet.parts")
    solve_stream(source, output, rows_per_part=50)
    assert output.stat().st_mtime_ns == before
    assert not (tmp_path / "iv.parquet.parts").exists()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.parquet", b"no parquet", "cannot be read as a table"),
        ("a.csv", b"", "no header"),
        ("a.csv", b"strike,bid\n1,2\n3\n", "Expected 2 columns, got 1"),
        ("a.csv", b"strike,bid\n1,2\n", "holds the"),
        ("a.csv", "strike,bid\n1,2\n".encode("utf-16"), "found UTF-16"),
        ("a.csv", b"strike,bid,root\n1,2,\xe9\n", "no UTF-8"),
        ("a.csv", b"strike,bid,root\n" + b"1,2,x\n" * 20_000 + b"1,2,\xe9\n", "no UTF-8"),
        ("a.csv", b"Quotes of X\n\nstrike,bid\n1,2\n3,4\n", "the header in line 3"),
        ("a.xlsx", b"x", "neither Parquet nor CSV"),
        ("none.csv", None, "is no file"),
    ],
)
def test_a_source_that_is_none_is_refused_in_one_sentence(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says) as refused:
        solve_stream(tmp_path / name, tmp_path / "iv.parquet")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "iv.parquet").exists()


def test_outputs_that_cannot_be_are_refused(source, tmp_path):
    with pytest.raises(InputError, match=r"\.parquet"):
        solve_stream(source, tmp_path / "iv.csv")
    with pytest.raises(InputError, match="the input itself"):
        solve_stream(source, source)
    with pytest.raises(InputError, match="rows_per_part"):
        solve_stream(source, tmp_path / "iv.parquet", rows_per_part=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        solve_stream(source, tmp_path / "file" / "iv.parquet")


def test_a_file_with_semicolons_and_decimal_commas_is_that_with_points(tmp_path):
    frame = quotes()
    frame.to_csv(tmp_path / "q.csv", sep=";", decimal=",", index=False)
    solve_stream(tmp_path / "q.csv", tmp_path / "iv.parquet", rows_per_part=100)
    assert_same(pd.read_parquet(tmp_path / "iv.parquet"), solve_table(frame))


def test_a_table_without_rows_is_answered(tmp_path):
    source = written(tmp_path, quotes().iloc[:0])
    assert solve_stream(source, tmp_path / "iv.parquet").describe() == "0 rows, 0 solved"
    assert pq.read_table(tmp_path / "iv.parquet").num_rows == 0


@pytest.mark.parametrize("name", ["q.parquet", "q.csv", "q.csv.zst"])
def test_parts_are_the_same_rows_from_wherever_one_begins(tmp_path, name):
    frame = quotes()
    source = open_source(written(tmp_path, frame, name))
    assert source.rows == len(frame)
    whole = pa.concat_tables(part.read() for part in parts(source, 1000))
    for rows in (1, 50, 396):
        for first in (0, 1, 3):
            found = [part.read() for part in parts(source, rows, first=first, read=first != 1)]
            assert all(len(table) == rows for table in found[:-1])
            if found:
                assert pa.concat_tables(found).equals(whole.slice(first * rows))


def test_a_csv_column_is_text_where_one_cell_far_down_is_no_number(tmp_path):
    lines = [f"{i},{i},{i}.5,x" for i in range(600_000)]
    lines[599_000] = "7,2.5,-,y"
    path = tmp_path / "q.csv"
    path.write_text("\n".join(["a,b,c,a", *lines]) + "\n")
    source = open_source(path)
    kinds = {field.name: field.type for field in source.schema}
    assert kinds == {"a": pa.int64(), "b": pa.float64(), "c": pa.string(), "a.1": pa.string()}
    last = list(parts(source, 300_000))[-1].read()
    assert last.slice(299_000, 1).to_pylist() == [{"a": 7, "b": 2.5, "c": "-", "a.1": "y"}]


def legs(frame):
    """What the first pass keeps of a table."""
    call = frame["type"] == "C"
    years = (frame["expiration"] - frame["quoted"].dt.normalize()).dt.days / 365.0
    table = frame.assign(call=call, put=~call, years=years)
    market = np.where(frame["bid"] > 0.0, Verdict.SOLVED, Verdict.MISSING_FIELD)
    return table, market


@pytest.mark.parametrize("order", ["time", "strike"])
@pytest.mark.parametrize("batch", [10, 66, 1000])
def test_groups_are_fitted_once_they_are_complete(tmp_path, order, batch):
    frame = quotes(10, given=False).drop(columns=["rate", "forward"], errors="ignore")
    frame = frame.sort_values("strike", kind="stable") if order == "strike" else frame
    table, market = legs(frame.reset_index(drop=True))
    begun = []

    def passes():
        begun.append(1)
        for start in range(0, len(table), batch):
            part = slice(start, start + batch)
            yield legs_of(table[part], market[part])

    path = tmp_path / "forwards.parquet"
    assert collect(path, passes) == 30
    found = read_forwards(path, pd.NaT, pd.NaT).sort_values(["quoted", "root", "expiration"])
    whole = forwards_of(table, market)
    pd.testing.assert_frame_equal(
        found.drop(columns="note").reset_index(drop=True),
        whole.drop(columns="note"),
        check_exact=True,
        check_dtype=False,
    )
    assert len(begun) == (2 if order == "strike" and batch == 10 else 1)


def test_too_many_open_groups_keep_the_strikes_at_the_money_or_are_refused(tmp_path, monkeypatch):
    frame = quotes(10, given=False).sort_values("strike", kind="stable").reset_index(drop=True)
    table, market = legs(frame)

    def passes():
        for start in range(0, len(table), 100):
            yield legs_of(table[start : start + 100], market[start : start + 100])

    path = tmp_path / "forwards.parquet"
    monkeypatch.setattr(collecting, "MOST_STRIKES", 5)
    collect(path, passes, most=450)
    found = read_forwards(path, pd.NaT, pd.NaT)
    whole = forwards_of(table, market)
    assert (found["pairs"] < whole["pairs"]).any()
    misses = (found["forward"] - whole["forward"]) / whole["forward_error"]
    assert misses.abs().max() < 1.0
    with pytest.raises(InputError, match="Sort the table by quote time"):
        collect(path, passes, most=100)


def test_forwards_of_some_quote_times_are_read_alone(tmp_path):
    table, market = legs(quotes(10, given=False))
    path = tmp_path / "forwards.parquet"
    collect(path, lambda: [legs_of(table, market)])
    first, last = pd.Timestamp("2025-03-03 10:03"), pd.Timestamp("2025-03-03 10:05")
    found = read_forwards(path, first, last)
    assert len(found) == 9
    assert found["quoted"].between(first, last).all()


def test_memory_does_not_grow_with_the_table(tmp_path):
    """The largest resident memory of a process, for a table past its first parts and 4 times it."""
    one = quotes(150)
    script = (
        "import sys, resource; from suite.finance.parts.stream import solve_stream as s;"
        "s(*sys.argv[1:], rows_per_part=5000);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for times in (8, 32):
        source = tmp_path / f"{times}.parquet"  # one row group a part: each costs some metadata
        pd.concat([one] * times).to_parquet(source, row_group_size=5000)
        words = [sys.executable, "-c", script, source, tmp_path / f"out{times}.parquet"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] < 1.1 * peaks[0]
