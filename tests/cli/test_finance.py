"""`suite finance iv` with its options: tables in parts, other sources, curves and Greeks."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.cli.main import run

AAPL = Path(__file__).parents[2] / "examples" / "finance" / "aapl_yahoo_2025-10-06.csv"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "iv.parquet"
    assert run(["finance", "iv", str(AAPL), "-o", str(path)]) == 0
    return pd.read_parquet(path)


def test_a_table_in_parts_is_the_table_in_one_piece(whole, tmp_path, capsys):
    folder = tmp_path / "iv"
    assert run(["finance", "iv", str(AAPL), "-o", str(folder), "--rows-per-part", "500"]) == 0
    capsys.readouterr()
    in_parts = pd.read_parquet(folder / "iv.parquet")
    np.testing.assert_array_equal(in_parts["iv"], whole["iv"])
    assert in_parts["iv_status"].tolist() == whole["iv_status"].tolist()
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["rows"] == len(whole)
    assert {path.name for path in folder.iterdir()} == {
        "iv.parquet",
        "summary.json",
        "command.json",
    }
    assert run(["resume", str(folder)]) == 0


def test_parts_go_to_parquet_only(tmp_path, capsys):
    words = ["finance", "iv", str(AAPL), "-o", str(tmp_path / "iv.csv"), "--rows-per-part", "500"]
    assert run(words) == 3
    assert "use .parquet" in capsys.readouterr().err


def test_a_database_is_read_by_query(whole, tmp_path, capsys):
    path = tmp_path / "quotes.sqlite"
    with sqlite3.connect(path) as database:
        pd.read_csv(AAPL).to_sql("aapl", database, index=False)
    database.close()
    output = tmp_path / "iv.csv"
    assert run(["finance", "iv", str(path), "--query", "aapl", "-o", str(output)]) == 0
    np.testing.assert_allclose(pd.read_csv(output)["iv"], whole["iv"], rtol=1e-12)


def test_a_curve_fixes_the_discount_and_greeks_are_added(tmp_path, capsys):
    curve = tmp_path / "curve.csv"
    curve.write_text("maturity,rate\n1M,4.2\n1Y,3.9\n3Y,3.7\n")
    output = tmp_path / "iv.parquet"
    words = ["finance", "iv", str(AAPL), "-o", str(output), "--curve", str(curve), "--greeks"]
    assert run(words) == 0
    table = pd.read_parquet(output)
    known = table[table["iv"].notna()]
    np.testing.assert_allclose(-np.log(known["discount"]) / known["years"], 0.039, atol=0.0035)
    assert known["delta"].where(known["type"] == "C", -known["delta"]).between(0.0, 1.0).all()


def test_a_table_with_a_row_without_volatility_can_be_refused(tmp_path, capsys):
    words = ["finance", "iv", str(AAPL), "-o", str(tmp_path / "iv.csv"), "--errors", "raise"]
    assert run(words) == 3
    assert "has no" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_rows_of_different_times_are_one_look_at_the_market_where_asked(tmp_path, capsys):
    minutes = np.arange(6)
    pd.DataFrame(
        {
            "quoted": [f"2025-10-06 15:{30 + minute}" for minute in minutes],
            "expiration": "2026-01-16",
            "strike": np.repeat([95.0, 100.0, 105.0], 2),
            "type": ["C", "P"] * 3,
            "bid": [8.1, 2.6, 5.0, 4.5, 2.8, 7.2],
            "ask": [8.3, 2.8, 5.2, 4.7, 3.0, 7.4],
        }
    ).to_csv(tmp_path / "quotes.csv", index=False)
    words = ["finance", "iv", str(tmp_path / "quotes.csv"), "-o", str(tmp_path / "iv")]
    assert run([*words, "--no-snapshot"]) == 0
    assert pd.read_parquet(tmp_path / "iv" / "iv.parquet")["iv"].isna().all()
    command = (tmp_path / "iv" / "command.json").read_text()
    assert "--no-snapshot" in command
    words[-1] = str(tmp_path / "together")
    assert run([*words, "--snapshot"]) == 0
    assert pd.read_parquet(tmp_path / "together" / "iv.parquet")["iv"].notna().all()
    assert run([*words[:-1], str(tmp_path / "iv.parquet"), "--spot", "100"]) == 3
    assert "A spot needs a rate" in capsys.readouterr().err


def test_bachelier_has_a_page_without_smiles(tmp_path, capsys):
    words = ["finance", "iv", str(AAPL), "-o", str(tmp_path / "iv"), "--model", "bachelier"]
    assert run(words) == 0
    page = (tmp_path / "iv" / "report.html").read_text()
    assert "Verdicts" in page
    assert "Volatility surface" not in page


def test_a_largest_move_needs_a_tick(tmp_path, capsys):
    words = ["finance", "iv", str(AAPL), "-o", str(tmp_path / "iv.csv"), "--most-move", "0.01"]
    assert run(words) == 3
    assert "tick" in capsys.readouterr().err
    assert run([*words, "--tick", "0.01"]) == 0
