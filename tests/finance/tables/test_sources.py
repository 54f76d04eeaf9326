"""Tables of every kind, and files that are none."""

import bz2
import gzip
import json
import sqlite3

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.errors import InputError
from suite.finance.tables.sources import frame_of_source, read_source

TABLE = pd.DataFrame({"name": ["née", "b"], "strike": [95.5, 100.25], "size": [3, 4]})
LINES = ["name,strike,size", "née,95.5,3", "b,100.25,4", ""]
TEXT = "\n".join(LINES)


@pytest.fixture
def put(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def assert_table(path, **options):
    frame, where = frame_of_source(path, **options)
    pd.testing.assert_frame_equal(frame, TABLE, check_dtype=False)
    assert where == str(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text_in_any_encoding_and_with_any_delimiter(put, encoding, delimiter, end):
    text = TEXT.replace(",", delimiter).replace("\n", end)
    assert_table(put("q.csv", text.encode(encoding)))


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        ("gz", gzip.compress),
        ("zst", lambda raw: pa.compress(raw, codec="zstd", asbytes=True)),
        ("bz2", bz2.compress),
    ],
)
def test_packed_files_are_known_by_their_content(put, suffix, pack):
    assert_table(put(f"q.csv.{suffix}", pack(TEXT.encode())))
    assert_table(put("q.txt", pack(TEXT.encode())))
    rows = TABLE.to_json(orient="records").encode()
    assert_table(put(f"q.json.{suffix}", pack(rows)))


@pytest.mark.parametrize(
    "above",
    [
        ["Option chain"],
        ["", "S&P 500,Last: 6711.20", '"Date: October 1, 2025",Bid: 1,Ask: 2,Size: 1', ""],
        ["a title, with a comma", "another; one"],
    ],
)
def test_lines_above_the_header_and_blank_lines(put, above):
    text = "\n".join([*above, LINES[0], "", *LINES[1:], "", ""])
    source = read_source(put("q.csv", text.encode()))
    pd.testing.assert_frame_equal(source.frame, TABLE)
    assert list(source.preamble) == [line for line in above if line]


def test_decimal_commas_are_read_only_between_other_delimiters(put):
    frame, _ = frame_of_source(put("q.csv", b"k;bid;day\n95,5;1,25;16.01.2026\n100;2;16.01.2026\n"))
    assert frame["k"].tolist() == [95.5, 100.0]
    assert frame["bid"].tolist() == [1.25, 2.0]
    assert frame["day"].tolist() == ["16.01.2026"] * 2
    frame, _ = frame_of_source(put("r.csv", b"k;bid\n1,250.5;1.25\n"))
    assert frame["k"].tolist() == ["1,250.5"]


def test_rows_may_end_with_a_delimiter_and_names_may_repeat(put):
    frame, _ = frame_of_source(put("q.csv", b"a,a,b\n1,2,3,\n4,5,6,\n"))
    assert frame.to_dict("list") == {"a": [1, 4], "a.1": [2, 5], "b": [3, 6]}
    twice = pd.DataFrame([[1, 2, 3]], columns=["a", "a", "a.1"])
    assert frame_of_source(twice)[0].columns.tolist() == ["a", "a.1", "a.1.1"]
    assert twice.columns.tolist() == ["a", "a", "a.1"]


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_decimals_are_read_to_the_last_bit(values, tmp_path_factory):
    folder = tmp_path_factory.mktemp("floats")
    (folder / "q.csv").write_text("n,x\n" + "".join(f"a,{v!r}\n" for v in values))
    (folder / "q.json").write_text(json.dumps({"x": values}))
    for name in ("q.csv", "q.json"):
        found = frame_of_source(folder / name)[0]["x"].to_numpy(float)
        np.testing.assert_array_equal(found, values)


ROWS = TABLE.to_dict("records")


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        {name: column.tolist() for name, column in TABLE.items()},
        {"data": ROWS},
        {"jsonrpc": "2.0", "result": ROWS, "usDiff": 3},
        {"status": "OK", "results": {name: column.tolist() for name, column in TABLE.items()}},
    ],
)
def test_json_in_the_forms_that_services_answer(put, content):
    assert_table(put("q.json", json.dumps(content).encode()))


def test_json_lines_and_nested_records(put):
    assert_table(put("q.jsonl", "\n".join(json.dumps(row) for row in ROWS).encode()))
    nested = [{"details": {"strike": 95.5, "deep": {"x": 1}}, "bid": 1}, {"bid": 2}]
    frame, _ = frame_of_source(put("n.json", json.dumps(nested).encode()))
    assert frame.columns.tolist() == ["details.strike", "details.deep", "bid"]
    assert frame["details.strike"][0] == 95.5


def test_columnar_files(tmp_path):
    TABLE.to_parquet(tmp_path / "q.parquet")
    pyarrow.feather.write_feather(TABLE, tmp_path / "q.feather")
    with pa.ipc.new_stream(tmp_path / "q.arrow", pa.Schema.from_pandas(TABLE)) as writer:
        writer.write_table(pa.Table.from_pandas(TABLE))
    for name in ("q.parquet", "q.feather", "q.arrow"):
        assert_table(tmp_path / name)


def test_frames_of_other_libraries():
    arrow = pa.Table.from_pandas(TABLE)
    for source in (
        TABLE,
        arrow,
        arrow.to_batches()[0],
        pl.DataFrame(arrow),
        pl.DataFrame(arrow).lazy(),
        duckdb.sql("SELECT * FROM arrow"),
        TABLE.to_dict("list"),
    ):
        frame, where = frame_of_source(source)
        pd.testing.assert_frame_equal(frame, TABLE, check_dtype=False)
        assert where == "the table"


@pytest.mark.parametrize("name", ["q.duckdb", "q.sqlite", "q.db"])
@pytest.mark.parametrize("query", [None, "quotes", "select * from quotes order by size"])
def test_databases_are_read_and_stay_as_they_are(tmp_path, name, query):
    path = tmp_path / name
    if name == "q.duckdb":
        with duckdb.connect(str(path)) as connection:
            connection.sql("CREATE TABLE quotes AS SELECT * FROM TABLE_")
    else:
        connection = sqlite3.connect(path)
        TABLE.to_sql("quotes", connection, index=False)
        connection.close()
    before = path.read_bytes()
    assert_table(path, query=query)
    for bad in ("DROP TABLE quotes", "nothing", "select * from nothing", "SELECT 1; DROP quotes"):
        with pytest.raises(InputError):
            frame_of_source(path, bad)
    assert path.read_bytes() == before


TABLE_ = TABLE


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.csv", b""),
        ("q.csv", b"\n\n\n"),
        ("q.csv", b"\xff\xfe\x00junk"),
        ("q.csv", b"a,b\n1,2,3\n"),
        ("q.csv", b'a,b\n1,"2\n'),
        ("q.csv.gz", b"\x1f\x8bjunk"),
        ("q.csv", b"\x28\xb5\x2f\xfdjunk"),
        ("q.json", b"{"),
        ("q.json", b"[1, 2]"),
        ("q.json", b'{"a": [1, 2], "b": [1]}'),
        ("q.json", b"[" * 100_000),
        ("q.parquet", b"PAR1junk"),
        ("q.arrow", b"ARROW1junk"),
        ("q.duckdb", b"junk"),
        ("q.sqlite", b"SQLite format 3\x00junk"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_sentence(put, name, content):
    with pytest.raises(InputError) as refused:
        frame_of_source(put(name, content))
    assert "\n" not in str(refused.value)


def test_what_is_no_source_is_refused(tmp_path):
    with pytest.raises(InputError, match="is no file"):
        frame_of_source(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is no file"):
        frame_of_source(tmp_path)
    with pytest.raises(InputError, match="Got int"):
        frame_of_source(3)
    with pytest.raises(InputError, match="make no table"):
        frame_of_source({"a": [1], "b": [1, 2]})
    with pytest.raises(InputError, match="goes with a database"):
        frame_of_source(TABLE, "select 1")
