"""What is shown of a solved table, whatever the table is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.finance import SolvedTable, solve_file
from suite.finance.smiles.picture import picture
from tests.finance.smiles.test_arbitrage import AAPL, SPX, black


def solved_table(frame, quotes, forwards):
    return SolvedTable(frame, quotes, forwards, "made up", None)


def made_up(roots=1, days=1, expirations=2, strikes=20, status="solved", wild=None):
    """A solved table of exact prices, without the solver; `wild` changes some volatilities."""
    shape = (days, roots, expirations, strikes, 2)
    day, root, expiration, strike, call = (axis.ravel() for axis in np.indices(shape))
    quotes = pd.DataFrame({"strike": 60.0 + 80.0 * strike / max(strikes - 1, 1)})
    quotes["call"], quotes["put"] = call == 1, call == 0
    quotes["quoted"] = pd.Timestamp("2025-10-06") + pd.to_timedelta(day, "D")
    quotes["expiration"] = pd.Timestamp("2026-01-16") + pd.to_timedelta(7 * expiration, "D")
    quotes["root"] = np.array([f"R{i}" for i in range(roots)])[root]
    quotes["years"] = (quotes["expiration"] - quotes["quoted"]).dt.days / 365.0
    quotes["forward"], quotes["discount"] = 100.0, 0.98
    k = np.log(quotes["strike"] / 100.0)
    iv = 0.2 + 0.3 * (np.hypot(k - 0.05, 0.2) - 0.2) if wild is None else wild
    s = iv * np.sqrt(quotes["years"])
    mid = 0.98 * black(quotes["forward"], quotes["strike"], s, quotes["call"])
    quotes["bid"], quotes["ask"], quotes["mid"] = mid - 0.05, mid + 0.05, mid
    frame = pd.DataFrame({"iv_bid": iv - 0.01, "iv": iv, "iv_ask": iv + 0.01, "mid": mid})
    frame["iv_status"], frame["iv_note"] = status, ""
    groups = ["quoted", "root", "expiration"]
    forwards = quotes.drop_duplicates(groups)[[*groups, "years", "forward", "discount"]]
    errors = {"forward_error": 0.02, "discount_error": 1e-4, "pairs": strikes}
    return solved_table(frame, quotes, forwards.assign(**errors).reset_index(drop=True))


def test_a_smile_has_its_out_of_the_money_quotes_and_a_fit():
    drawn = picture(made_up())
    assert drawn["title"] == "R0 quoted 2025-10-06"
    assert drawn["notes"] == []
    assert drawn["calendar"] == []
    smile = drawn["smiles"][0]
    assert smile["label"] == "R0 2026-01-16"
    assert smile["quotes"] == 20
    assert (np.diff(smile["moneyness"]) > 0.0).all()
    assert smile["fit"]["inside"] == 1.0
    # An exact SVI slice in volatility is close to one in variance, within the market's width.
    middle = np.interp(0.0, smile["fit"]["moneyness"], smile["fit"]["iv"])
    assert middle == pytest.approx(0.2 + 0.3 * (np.hypot(0.05, 0.2) - 0.2), abs=0.005)
    term = drawn["term"][0]
    assert term["atm_iv_ask"] - term["atm_iv"] == pytest.approx(0.01)
    assert term["forward_error"] == 0.02


def test_volatilities_that_fall_fast_are_calendar_arbitrage_of_the_fits():
    solved = made_up()
    later = solved.quotes["expiration"] > pd.Timestamp("2026-01-16")
    solved.frame.loc[later, ["iv_bid", "iv", "iv_ask"]] *= 0.8
    (crossed,) = picture(solved)["calendar"]
    assert (crossed["near"], crossed["far"]) == ("R0 2026-01-16", "R0 2026-01-23")
    years = solved.quotes["years"].unique()
    iv = 0.2 + 0.3 * (np.hypot(crossed["moneyness"] - 0.05, 0.2) - 0.2)
    expected = iv * (np.sqrt(years[0] / years[1]) - 0.8)
    assert crossed["iv_lack"] == pytest.approx(expected, rel=0.03)


def test_large_tables_are_thinned_and_it_is_said():
    drawn = picture(made_up(roots=3, days=4, expirations=30, strikes=200))
    assert len(drawn["smiles"]) == 24
    assert len(drawn["term"]) == 30
    assert max(len(smile["iv"]) for smile in drawn["smiles"]) <= 160
    assert len(drawn["worst"]) == 20
    said = " ".join(drawn["notes"])
    for words in ("12 pairs of underlying and quote time", "24 of 30 expirations", "At most 160"):
        assert words in said


def test_am_and_pm_roots_of_an_index_are_one_surface():
    solved = made_up(roots=2)
    solved.quotes["root"] = solved.quotes["root"].map({"R0": "SPX", "R1": "SPXW"})
    solved.forwards["root"] = solved.forwards["root"].map({"R0": "SPX", "R1": "SPXW"})
    assert {smile["label"].split()[0] for smile in picture(solved)["smiles"]} == {"SPX", "SPXW"}


def test_doubted_rows_are_drawn_and_not_fitted():
    solved = made_up(expirations=1)
    doubted = np.arange(len(solved.frame)) % 3 == 0
    solved.frame.loc[doubted, "iv_status"] = "suspect"
    solved.frame.loc[doubted, ["iv_bid", "iv", "iv_ask"]] += 0.5
    smile = picture(solved)["smiles"][0]
    assert smile["quotes"] == 20
    assert smile["fit"]["inside"] == 1.0


def test_no_volatility_at_all_is_said():
    drawn = picture(made_up(status="missing_field", wild=np.nan))
    assert drawn["smiles"] == drawn["term"] == []
    assert drawn["surface"] is None
    assert "nothing to draw" in drawn["notes"][0]
    assert drawn["verdicts"][0]["name"] == "missing_field"


def test_worst_rows_of_aapl_come_with_their_reason():
    drawn = picture(solve_file(AAPL))
    reasons = [entry["why"] for entry in drawn["worst"]]
    assert len(reasons) == len({entry["row"] for entry in drawn["worst"]}) == 20
    for words in ("below intrinsic", "half widths from the fitted smile", "volatility known to"):
        assert sum(words in why for why in reasons) >= 5
    assert sum(entry["rows"] for entry in drawn["verdicts"]) == 2099
    assert drawn["surface"]["iv"].shape == (21, len(drawn["surface"]["standard_moneyness"]))
    assert all(smile["fit"]["arbitrage_free"] for smile in drawn["smiles"])


wilds = st.floats(0.01, 3.0) | st.just(float("nan"))


@settings(max_examples=8, deadline=None)
@given(
    wild=st.lists(wilds, min_size=24, max_size=24),
    expirations=st.sampled_from([1, 2]),
)
def test_any_volatilities_can_be_shown(wild, expirations):
    strikes = 12 // expirations
    drawn = picture(made_up(expirations=expirations, strikes=strikes, wild=np.array(wild)))
    for smile in drawn["smiles"]:
        if smile["fit"]:
            assert smile["fit"]["arbitrage_free"] or smile["fit"]["note"]


def leaves(value):
    """All values of nested dictionaries and lists."""
    inner = value.values() if isinstance(value, dict) else value
    for item in inner:
        yield from leaves(item) if isinstance(item, dict | list) else [item]


def test_nothing_in_it_needs_pandas():
    modules = {type(leaf).__module__ for leaf in leaves(picture(solve_file(SPX)))}
    assert modules <= {"builtins", "numpy"}
