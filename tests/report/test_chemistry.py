"""The page of a reaction path: its film, panels and tables, opened in a browser where there is one,
and the figure for papers."""

import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from suite.errors import InputError, MissingPackage
from suite.report.chemistry import batch_sections, saddle_sections, sections
from suite.report.figures import reaction_profile
from suite.report.film import ELEMENTS, mode_film, path_film, script, smooth
from suite.report.page import write_page
from suite.report.profile import placed, profile

S = np.array([-2.0, -1.2, -0.5, 0.0, 0.6, 1.1, 1.7, 2.4])
ENERGY = -30.0 * np.sin(np.clip(S, -1.6, 1.6)) ** 2 + 4.0 * S
FRAMES = np.array([[[0.0, 0.0, 0.0], [1.15, 0.1, 0.0], [-0.9 + 0.6 * s, 0.9, 0.1 * s]] for s in S])
FILM = {"symbols": ["C", "N", "H"], "coordinates": FRAMES.tolist()}
MODE = {
    "symbols": ["C", "N", "H"],
    "coordinates": FRAMES[3].tolist(),
    "displacement": [[0.01, 0.0, 0.0], [0.0, 0.02, 0.0], [0.9, -0.1, 0.2]],
    "wavenumber": -1184.4,
}
COLUMNS = {
    "s": S.tolist(),
    "energy": (-92.0 + ENERGY / 627.5).tolist(),
    "relative_kcal_mol": ENERGY.tolist(),
    "curvature": [0.1, 0.2, 0.5, 0.0, 0.5, 0.2, None, 0.1],
    "error_estimate": [1e-3] * 7 + [float("nan")],
    "side": ["reverse"] * 3 + ["saddle"] + ["forward"] * 4,
    "C1-H3 (angstrom)": [1.1] * 8,
    "H3-C1-N2 (degree)": [100.0] * 8,
}


def row(track, number, size, s=None, refused=""):
    notes = {} if s is None else {"s": s, "energy": -92.0}
    return {
        "track": track,
        "number": number,
        "size": size,
        "accepted": not refused,
        "bound": "error",
        "refused": refused,
        "status": "",
        "notes": notes,
    }


ROWS = [
    row("saddle", 0, 0.0),
    row("reverse", 0, 0.0, 0.0),
    row("reverse", 1, 0.5, 0.5),
    row("reverse", 2, 0.9, refused="SCF did not converge"),
    row("reverse", 3, 0.7, 1.2),
    row("forward", 1, 0.6, 0.6),
    row("forward", 2, 0.8, 1.4, refused="error"),
]
SUMMARY = {
    "barrier_reverse_kcal_mol": 48.25,
    "barrier_forward_kcal_mol": 31.75,
    "imaginary_frequency_cm1": -1184.4,
    "gradients": 21,
    "hessians": 1,
    "sides": {"reverse": "endpoint", "forward": "out_of_budget"},
    "sentence": "Endpoint reached.",
    "method": "hf",
    "basis": "3-21g",
}
FULL = SUMMARY | {
    "connectivity": "C1-H3 bond broken, N2-H3 bond formed",
    "ends": {
        "reverse": {"kind": "minimum", "fragments": ["CHN"], "smiles": "C#N"},
        "forward": {"kind": "fragments_apart", "fragments": "H2 + CO", "wavenumbers": [-20.2, 99]},
    },
    "thermochemistry": {
        "temperature_K": 300.0,
        "reverse": {"barrier_gibbs_kcal_mol": 45.5, "rate": 2.5e-19, "rate_unit": "1/s"},
        "forward": {"barrier_gibbs_kcal_mol": 33.0},
    },
}


def data_of(film):
    return json.loads(re.search(r'application/json">(.*)</script>', film)[1])


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 6).flatmap(
        lambda atoms: st.lists(
            st.lists(st.floats(-5.0, 5.0), min_size=3 * atoms, max_size=3 * atoms),
            min_size=2,
            max_size=4,
        )
    )
)
def test_the_film_is_the_path_turned_rigidly(flat):
    frames = np.array(flat).reshape(len(flat), -1, 3)
    symbols = ["O"] * frames.shape[1]
    s = np.arange(len(frames), dtype=float)
    data = data_of(path_film({"symbols": symbols, "coordinates": frames}, s, s))
    shown = np.array(data["frames"])
    # All distances within and between frames, up to the four decimals of the page.
    before, after = pdist(frames.reshape(-1, 3)), pdist(shown.reshape(-1, 3))
    np.testing.assert_allclose(after, before, atol=2e-4)
    assert np.linalg.norm(shown, axis=2).max() < data["reach"]
    spread = np.ptp(shown.reshape(-1, 3), axis=0)
    assert np.isfinite(spread).all()


def test_the_picture_is_no_mirror_image():
    # The signed volume of a chiral geometry survives a rotation and no reflection.
    chiral = np.array([[0, 0, 0], [1.0, 0, 0], [0, 1.5, 0], [0, 0, 2.0]])
    film = {"symbols": list("CHFN"), "coordinates": [chiral, chiral + 0.5]}
    first = np.array(data_of(path_film(film, [0, 1], [0, 0]))["frames"][0])
    assert np.linalg.det(first[1:] - first[0]) == pytest.approx(3.0, abs=1e-3)


def test_what_cannot_move_has_no_film():
    flat = {"symbols": ["", ""], "coordinates": np.zeros((8, 2, 1))}
    assert path_film(flat, S, ENERGY) == ""
    assert mode_film(MODE | {"displacement": np.zeros((3, 3))}) == ""
    with pytest.raises(InputError, match=r"a frame for each of 7 s\. Got 8"):
        path_film(FILM, S[:7], ENERGY[:7])
    parts = sections({k: COLUMNS[k] for k in ("s", "relative_kcal_mol")}, [], {})
    assert not any(part.film for part in parts)


@given(st.lists(st.tuples(st.floats(0.01, 2.0), st.floats(-9.0, 9.0)), min_size=2, max_size=12))
def test_the_curve_meets_the_frames_and_stays_between_them(steps):
    s, energy = np.cumsum([a for a, _ in steps]), np.array([b for _, b in steps])
    grid, curve = smooth(s, energy)
    assert (np.diff(grid) > 0.0).all()
    np.testing.assert_allclose(curve[np.searchsorted(grid, s - 1e-9)], energy, atol=1e-12)
    for i in range(len(s) - 1):
        inside = curve[(grid >= s[i]) & (grid <= s[i + 1])]
        assert inside.min() >= energy[i : i + 2].min() - 1e-12
        assert inside.max() <= energy[i : i + 2].max() + 1e-12


def test_the_curve_is_exact_for_a_cubic_with_known_slopes():
    s = np.array([0.5, 0.8, 1.0, 1.3])
    grid, curve = smooth(s, s**3 + s, 3.0 * s**2 + 1.0)
    # The end slopes of a cubic exceed no limit here; what is between is then exact.
    np.testing.assert_allclose(curve, grid**3 + grid, rtol=1e-13)


def test_radii_are_those_of_cordero():
    ase = pytest.importorskip("ase.data")
    for symbol, (radius, colour) in ELEMENTS.items():
        assert radius == pytest.approx(ase.covalent_radii[ase.atomic_numbers[symbol]], abs=0.005)
        assert re.fullmatch("#[0-9a-f]{6}", colour)


def test_attempts_stand_where_they_were_made():
    assert [(s, r["number"]) for s, r in placed(ROWS)] == [
        (-0.5, 1),
        (-0.5, 2),  # no point was found: it stands where it began
        (-1.2, 3),
        (0.6, 1),
        (1.4, 2),
    ]


def test_panels_share_one_axis_and_only_those_with_data_are_there():
    figure = profile(COLUMNS, ROWS)
    titles = [figure.layout[f"yaxis{n or ''}"].title.text for n in ("", 2, 3, 4, 5, 6)]
    assert [t.split("<")[0].split(" (")[0] for t in titles] == [
        "energy",
        "curvature",
        "step size",
        "error estimate",
        "length",
        "angle",
    ]
    domains = [figure.layout[f"yaxis{n or ''}"].domain for n in ("", 2, 3, 4, 5, 6)]
    assert all(upper[0] > lower[1] for upper, lower in pairwise(domains))
    assert {trace.xaxis for trace in figure.data} == {None}
    crosses = [t for t in figure.data if t.marker.symbol == "x"]
    assert [t.x for t in crosses] == [(-0.5, 1.4)]
    assert "refused: SCF did not converge" in crosses[0].text[0]
    assert "yaxis2" not in profile({k: COLUMNS[k] for k in ("s", "relative_kcal_mol")}).layout


def test_tables_say_what_is_known():
    parts = {part.title: part for part in sections(COLUMNS, ROWS, FULL, FILM, MODE)}
    assert parts["Barriers"].grid.columns[1:3] == [
        "reverse end (CHN) to saddle",
        "forward end (H2 + CO) to saddle",
    ]
    assert parts["Barriers"].grid.rows == [
        ["electronic energy (kcal/mol)", "48.25", "31.75", "16.50"],
        ["Gibbs energy (kcal/mol)", "45.50", "33.00", "12.50"],
    ]
    assert parts["Rates"].table == {"from the reverse end (CHN)": "2.5e-19 1/s"}
    assert ["frequencies (cm⁻¹)", "", "20i, 99"] in parts["The ends"].grid.rows
    assert "C1-H3 bond broken" in parts["Reaction profile"].text
    assert parts["The record of the steps"].grid.rows[1][6] == "refused: SCF did not converge"
    plain = {part.title: part for part in sections(COLUMNS, ROWS, SUMMARY)}
    assert list(plain) == ["Reaction profile", "The record of the steps"]
    assert plain["Reaction profile"].table["barrier from the forward end"] == "31.75 kcal/mol"


def test_a_complex_is_shown_beside_its_fragments_apart():
    apart = {
        "barrier_electronic_kcal_mol": 10.25,
        "barrier_enthalpy_kcal_mol": 9.5,
        "barrier_gibbs_kcal_mol": 18.0,
        "molecules": 2,
        "rate": 4.5e-19,
        "rate_unit": "cm3/molecule/s",
    }
    parts = [
        {"name": "F-", "energy": -98.772135, "wavenumbers": []},
        {"name": "CH3F", "energy": -138.281893, "wavenumbers": [1066.0, 1180.4]},
    ]
    thermo = {
        "reverse": {"barrier_electronic_kcal_mol": 44.5, "molecules": 1, "separate": apart},
        "forward": {
            "barrier_electronic_kcal_mol": 20.0,
            "barrier_enthalpy_kcal_mol": 19.0,
            "rate_sentence": "No rate.",
        },
    }
    summary = SUMMARY | {"thermochemistry": thermo}
    summary["ends"] = {"reverse": {"kind": "minimum", "separate": {"parts": parts}}}
    shown = {part.title: part for part in sections(COLUMNS, [], summary)}
    assert shown["Barriers"].grid.rows == [
        ["electronic energy (kcal/mol)", "44.50", "20.00", "24.50"],
        ["enthalpy (kcal/mol)", "", "19.00", ""],
        ["fragments apart: electronic energy (kcal/mol)", "10.25", "20.00", "-9.75"],
        ["fragments apart: enthalpy (kcal/mol)", "9.50", "19.00", "-9.50"],
        ["fragments apart: Gibbs energy (kcal/mol)", "18.00", "", ""],
    ]
    assert shown["Rates"].table == {
        "from the reverse end, fragments apart": "4.5e-19 cm3/molecule/s",
        "from the forward end": "No rate.",
    }
    alone = "F-: -98.772135. CH3F: -138.281893; 1066, 1180"
    assert ["each alone (hartree, cm⁻¹)", alone] in shown["The ends"].grid.rows
    summary["thermochemistry"] = {"sentence": "No thermochemistry: a reason.", "temperature_K": 300}
    shown = {part.title: part for part in sections(COLUMNS, [], summary)}
    assert shown["Barriers"].text.endswith("No thermochemistry: a reason.")


@pytest.mark.parametrize(("worst", "said"), [(0.79, False), (0.81, True), (0.69, True)])
def test_spin_contamination_is_said_where_it_matters(worst, said):
    columns = COLUMNS | {"spin_square": [0.75] * 4 + [worst] + [0.76] * 3}
    text = sections(columns, [], {"spin": 1})[0].text
    assert (f"⟨S²⟩ reaches {worst:.2f} at s = 0.60 where S(S+1) is 0.75" in text) is said


def test_a_batch_is_one_table_with_its_failures():
    poor = {"name": "poor", "status": "no_saddle", "sentence": "No imaginary mode."}
    good = SUMMARY | {"name": "good", "status": "endpoint"}
    part = batch_sections([good, poor])[0]
    assert part.text == "2 reactions, 1 of them from a proved saddle."
    assert part.grid.rows[0][:5] == ["good", "endpoint", "48.25", "31.75", "1184i cm⁻¹"]
    assert part.grid.rows[1][-1] == "No imaginary mode."
    assert batch_sections([poor])[0].figure is None


EVIL = "</script><script>document.title='stolen'</script><b>&"


def whole_page(folder):
    film, mode = FILM | {"symbols": [EVIL, "N", "H"]}, MODE | {"symbols": [EVIL, "N", "H"]}
    summary = FULL | {"method": EVIL, "connectivity": EVIL}
    columns = COLUMNS | {f"{EVIL} (angstrom)": [1.0] * 8}
    rows = [*ROWS, row("forward", 3, 0.1, 1.5, refused=EVIL)]
    parts = sections(columns, rows, summary, film, mode)
    parts += saddle_sections(summary | {"wavenumbers": [-1184.4, 900.0]}, mode, rows)
    parts += batch_sections([summary | {"name": EVIL, "status": EVIL}])
    return write_page(folder / "page.html", EVIL, parts)


def test_nothing_from_a_file_becomes_markup(tmp_path):
    text = whole_page(tmp_path).read_text()
    assert "<script>document.title" not in text
    assert "<b>&" not in text
    assert text.count(script()) == 1
    assert whole_page(tmp_path).read_text() == text


ACT = """<script>
addEventListener("load", () => setTimeout(() => {
  const said = () => document.querySelector(".film output").textContent;
  const plot = document.querySelector(".js-plotly-plot"), box = plot.getBoundingClientRect();
  const xa = plot._fullLayout.xaxis, found = [said()];
  const at = (s) => ({ clientX: box.left + xa._offset + xa.d2p(s), clientY: box.top + 100 });
  plot.dispatchEvent(new PointerEvent("pointermove", at(1.1)));
  found.push(said(), document.querySelector(".film-rule").style.left ===
    `${xa._offset + xa.d2p(1.1)}px`);
  const slider = document.querySelector(".film input");
  slider.value = 0;
  slider.dispatchEvent(new Event("input"));
  found.push(said());
  for (const canvas of document.querySelectorAll(".film canvas")) {
    const blank = Object.assign(document.createElement("canvas"),
      { width: canvas.width, height: canvas.height });
    const before = canvas.toDataURL();
    found.push(before !== blank.toDataURL());
    canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
    found.push(canvas.toDataURL() !== before);
  }
  document.title = "found " + JSON.stringify(found);
}, 500));
</script>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_the_film_follows_the_cursor_in_a_browser(tmp_path):
    page = whole_page(tmp_path)
    page.write_text(page.read_text().replace("</body>", f"{ACT}</body>"))
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    words += ["--virtual-time-budget=5000", f"--user-data-dir={tmp_path}/profile", "--dump-dom"]
    done = subprocess.run(
        ["chromium", *words, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    assert "CONSOLE" not in done.stderr
    start, moved, ruled, slid, *drawn = json.loads(
        re.search("<title>found (.*)</title>", done.stdout)[1]
    )
    assert start == "s = 0.00 amu½ bohr, 0.0 kcal/mol"
    assert moved == f"s = 1.10 amu½ bohr, {ENERGY[5]:.1f} kcal/mol".replace("-", "−")
    assert ruled
    assert slid == f"s = −2.00 amu½ bohr, {ENERGY[0]:.1f} kcal/mol".replace("-", "−")
    assert drawn == [True] * 6  # three films, each drawn and then turned


@pytest.mark.parametrize(
    ("suffix", "head"), [("pdf", b"%PDF"), ("svg", b"<?xml"), ("png", b"\x89PNG")]
)
def test_the_figure_is_what_its_suffix_says_and_can_be_made_again(tmp_path, suffix, head):
    pytest.importorskip("matplotlib")
    first = reaction_profile(COLUMNS, FULL, tmp_path / f"a.{suffix}", FILM).read_bytes()
    assert first.startswith(head)
    assert reaction_profile(COLUMNS, FULL, tmp_path / f"b.{suffix}", FILM).read_bytes() == first


def test_the_figure_counts_from_the_reverse_end(tmp_path):
    pytest.importorskip("matplotlib")
    text = reaction_profile(COLUMNS, SUMMARY, tmp_path / "a.svg").read_text()
    barrier, reaction = ENERGY[3] - ENERGY[0], ENERGY[-1] - ENERGY[0]
    for word in ("TS", "0.0", f"{barrier:.1f}", f"{reaction:.1f}"):
        assert f">{word}<" in text
    assert re.search(r'width="244\.8pt"', text)  # 3.4 inches of 72 points


def test_a_figure_that_cannot_be_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match=r"\.pdf, \.svg or \.png\. Got 'a.doc'"):
        reaction_profile(COLUMNS, SUMMARY, tmp_path / "a.doc")
    with pytest.raises(InputError, match="two frames"):
        reaction_profile({"s": [0.0], "relative_kcal_mol": [0.0]}, {}, tmp_path / "a.pdf")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackage, match="matplotlib"):
        reaction_profile(COLUMNS, SUMMARY, tmp_path / "a.pdf")
    assert list(tmp_path.iterdir()) == []


def test_frequencies_across_and_the_energy_error_have_their_pictures(tmp_path):
    known = {
        "s": [-1.0, 0.0, 1.0],
        "wavenumbers_cm1": [[400.0, 900.0], [300.0], [-200.0, 700.0]],
        "inflections": {"reverse": [], "forward": [0.69]},
    }
    columns = COLUMNS | {"energy_error_estimate_kcal_mol": [0.01] * 8}
    parts = sections(columns, [], {"projected": known}, FILM)
    part = next(p for p in parts if p.title == "Frequencies across the path")
    assert list(part.figure.data[0].y) == [400.0, 300.0, -200.0]
    assert part.figure.layout.shapes[0].x0 == 0.69
    titles = [axis.title.text for axis in parts[0].figure.select_yaxes()]
    assert any("energy error" in title for title in titles)


def test_a_notebook_gets_a_frame_that_needs_no_network():
    from html.parser import HTMLParser

    from suite.report.notebook import reaction

    found = {}

    class Frame(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found[tag] = dict(attrs)

    Frame().feed(reaction(COLUMNS, ROWS, {"sentence": "<Endpoint> reached."}, FILM))
    assert list(found) == ["iframe"]
    page = found["iframe"]["srcdoc"]
    assert page.startswith("<!doctype html>")
    assert 'class="film"' in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=.(https?:)?//", page)
