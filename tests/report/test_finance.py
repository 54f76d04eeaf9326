"""The finance page from plain data: what it says, what it draws, and that it stays small."""

import re

import numpy as np
import pytest

from suite.report.finance import sections
from suite.report.page import Grid, Section, write_page
from suite.report.volatility import smiles, surface, term_structure, verdict_bars

SUMMARY = {
    "rows": 120,
    "expirations": 3,
    "record": {
        "attempts": 240,
        "accepted": 200,
        "bound": {"start": 120, "gain": 120},
        "refused": {"gain at rounding": 40},
        "cost": {"evaluations": 240},
    },
}


def smile(label, years, points=20, **fit):
    k = np.linspace(-0.4, 0.3, points)
    iv = 0.2 + 0.3 * k * k
    line = {"moneyness": k, "iv": iv, "inside": 0.9, "arbitrage_free": True, "mended": False}
    return {
        "label": label,
        "years": years,
        "quotes": points,
        "row": np.arange(points),
        "strike": 100.0 * np.exp(k),
        "moneyness": k,
        "iv_bid": np.where(k < -0.35, np.nan, iv - 0.01),
        "iv": iv,
        "iv_ask": iv + 0.02,
        "fit": line | {"note": ""} | fit,
    }


def term(label, years):
    return {
        "label": label,
        "years": years,
        "forward": 100.0 + years,
        "forward_error": 0.1,
        "discount": np.exp(-0.05 * years),
        "discount_error": 0.001,
        "atm_iv_bid": 0.19,
        "atm_iv": 0.2,
        "atm_iv_ask": np.nan,
    }


def picture(count=3, **changes):
    names = [(f"X 2026-{1 + i % 12:02d}-16", 0.1 * (i + 1)) for i in range(count)]
    found = {
        "title": "X quoted 2025-10-06",
        "smiles": [smile(*name) for name in names],
        "surface": {
            "standard_moneyness": np.linspace(-1.0, 1.0, 9),
            "years": np.array([years for _, years in names]),
            "labels": [label for label, _ in names],
            "iv": np.full((count, 9), 0.2),
        },
        "term": [term(*name) for name in names],
        "calendar": [],
        "verdicts": [
            {"name": "solved", "rows": 100, "sentence": "Solved.", "answered": True},
            {"name": "zero_bid", "rows": 20, "sentence": "The bid is zero.", "answered": False},
        ],
        "worst": [
            {
                "row": 7,
                "contract": "X 2026-01-16 90 <call>",
                "bid": 1.0,
                "ask": np.nan,
                "iv": np.nan,
                "verdict": "below_intrinsic",
                "why": "0.3 below intrinsic",
                "note": "mid 1 is 0.3 below intrinsic",
            }
        ],
        "arbitrage": {
            "counts": {"vertical": 1, "parity": 0},
            "sentences": {"vertical": "two strikes", "parity": "call less put"},
            "largest": [{"kind": "vertical", "amount": 0.25, "sentence": "Sell row 3."}],
            "often": [],
            "note": "Parity is not looked at for 9 American rows.",
        },
        "notes": ["24 of 50 expirations are drawn and fitted."],
    }
    return found | changes


def page(tmp_path, data):
    path = write_page(tmp_path / "report.html", "A table", sections(data, SUMMARY))
    return path.read_text(encoding="utf-8")


TITLES = [
    "Implied volatility",
    "Volatility surface",
    "Term structure",
    "Verdicts",
    "Worst rows",
    "Arbitrage between quotes",
    "The record of the steps",
]


def test_the_page_has_its_sections_and_no_address_to_load_from(tmp_path):
    text = page(tmp_path, picture())
    assert re.findall(r"<h2>(.*?)</h2>", text) == TITLES
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']?https?:", text)
    assert text.count('class="picture"') == 5
    for said in (
        "24 of 50 expirations are drawn",
        "X 2026-01-16 90 &lt;call&gt;",
        "mid 1 is 0.3 below intrinsic",
        "Parity is not looked at for 9 American rows",
        "The bid is zero.",
        "83.3%",
    ):
        assert said in text


def test_a_fit_with_arbitrage_is_marked_and_said():
    note = "the fit has butterfly arbitrage near log(K/F) = 0.9"
    bad = smile("X 2026-02-16", 0.2, arbitrage_free=False, note=note)
    mended = smile("X 2026-03-16", 0.3, mended=True)
    section = sections(picture(smiles=[bad, mended]), SUMMARY)[0]
    assert f"Not arbitrage-free: X 2026-02-16, {note}." in section.text
    assert "replaced by the best without it: X 2026-03-16." in section.text
    titles = [annotation.text for annotation in section.figure.layout.annotations]
    assert ["not arbitrage-free" in title for title in titles] == [True, False]


def test_an_expiration_without_a_fit_has_its_quotes_all_the_same():
    figure = smiles([smile("X 2026-02-16", 0.2) | {"fit": None}])
    assert len(figure.data) == 1
    assert "too few quotes for a fit" in figure.layout.annotations[0].text


def test_one_expiration_has_a_sentence_for_its_surface():
    section = sections(picture(1, surface=None), SUMMARY)[1]
    assert section.figure is None
    assert "needs two fitted expirations" in section.text


def test_an_empty_picture_makes_a_page(tmp_path):
    nothing = {"smiles": [], "surface": None, "term": [], "worst": [], "verdicts": []}
    text = page(tmp_path, picture(**nothing, title=""))
    assert "Verdicts" in text
    assert "Term structure" not in text


def test_volatilities_are_in_per_cent_and_bars_reach_from_bid_to_ask():
    line, quotes = smiles([smile("X 2026-02-16", 0.2)]).data
    assert line.mode == "lines"
    np.testing.assert_allclose(quotes.error_y.array, 2.0)
    # Where the bid has no volatility, the bar goes up from the middle only.
    assert quotes.error_y.arrayminus[0] == 0.0
    assert quotes.error_y.arrayminus[-1] == pytest.approx(1.0)
    assert 20.0 <= min(quotes.y) < 21.0
    (figure,) = surface(picture()["surface"]).data
    np.testing.assert_allclose(figure.z, 20.0)
    assert list(verdict_bars(picture()["verdicts"]).data[0].x) == [100]


def test_the_surface_starts_as_a_map_and_can_be_turned_into_three_dimensions():
    figure = surface(picture()["surface"])
    assert figure.data[0].type == "contour"
    buttons = figure.layout.updatemenus[0].buttons
    assert [tuple(button.args) for button in buttons] == [("type", "contour"), ("type", "surface")]


def test_calendar_arbitrage_of_the_fits_is_a_table():
    crossed = [
        {"near": "a", "far": "b", "moneyness": 0.1, "iv_lack": 0.001},
        {"near": "b", "far": "c", "moneyness": -0.2, "iv_lack": 0.02},
    ]
    section = sections(picture(calendar=crossed), SUMMARY)[1]
    assert "In 2 of 2 pairs" in section.text
    assert section.grid.rows[0] == ["b", "c", "-0.200", "2.00"]


def test_the_page_of_a_large_table_stays_below_eight_megabytes(tmp_path):
    many = picture(200)
    many["smiles"] = [smile(f"X {i}", 0.1 * (i + 1), points=160) for i in range(24)]
    text = page(tmp_path, many)
    assert len(text.encode()) < 8e6
    assert "12 of 24 fitted expirations are shown" in text
    assert "The table has 40 of 200 expirations" in text


def test_the_term_structure_has_error_bars_and_leaves_out_what_is_missing():
    forward, volatility = term_structure(picture()["term"]).data
    np.testing.assert_allclose(forward.error_y.array, 0.1)
    np.testing.assert_allclose(volatility.error_y.array, 0.0)
    np.testing.assert_allclose(volatility.error_y.arrayminus, 1.0)


def test_a_grid_has_a_header_and_numbers_to_the_right(tmp_path):
    grid = Grid(["row", "day", "what <it> is"], [[1, "2026-01-16", "a & b"], [20, "", "-3"]])
    text = write_page(tmp_path / "page.html", "t", [Section("s", grid=grid)]).read_text()
    assert "<th class=number>row</th><th>day</th><th>what &lt;it&gt; is</th>" in text
    assert "<td class=number>20</td><td></td><td>-3</td>" in text
    assert "a &amp; b" in text
