"""What the frames of a path tell beside their energy: <S^2>, against PySCF at the same places."""

import json
from pathlib import Path

import numpy as np
import pytest

from suite.chemistry import Molecule, MullerBrown, trace
from suite.chemistry.following.frames import spin_square

CASE = Path(__file__).parents[3] / "benchmarks" / "chemistry" / "cases" / "h_h2.json"
SIDES = {"reverse": -1, "forward": 1}


def test_spin_contamination_along_a_path_is_what_pyscf_finds_at_its_frames():
    from pyscf import gto, scf

    case = json.loads(CASE.read_text())
    saddle = Molecule(tuple(case["symbols"]), np.array(case["ts"]["xyz"]), 0, 1)
    path = trace(saddle, basis="3-21g", ends=False)
    found = path.to_frame()["spin_square"].to_numpy()
    top = int(np.flatnonzero(path.s == 0.0)[0])
    looked = sorted({top, *range(0, len(path.s), 4), len(path.s) - 1})
    exact = []
    for k in looked:
        atoms = list(zip(path.symbols, path.coordinates[k], strict=True))
        mean_field = scf.UHF(gto.M(atom=atoms, basis="3-21g", spin=1, verbose=0)).run(conv_tol=1e-9)
        exact.append(mean_field.spin_square()[0])
    # From 0.75 to 0.79; what is between two gradients, up to 0.2 apart at the saddle, is a guess.
    assert max(exact) > 0.78
    np.testing.assert_allclose(found[looked], exact, atol=2e-3)


def rows(values, phase="walk", accepted=True, track="forward"):
    row = {"track": track, "phase": phase, "accepted": accepted}
    return [row | {"notes": {"s": s, "spin_square": v}} for s, v in values.items()]


def test_only_accepted_gradients_of_the_walk_count():
    s = np.array([-1.0, 0.0, 1.0])
    known = rows({1.0: 0.9}) + rows({1.0: 0.8}, track="reverse")
    np.testing.assert_allclose(spin_square(known, s, 1, SIDES), [0.8, 0.85, 0.9])
    other = rows({1.0: 7.0}, phase="check") + rows({0.5: 7.0}, accepted=False)
    other += rows({0.2: 7.0}, track="saddle") + rows({0.0: np.nan})
    np.testing.assert_allclose(spin_square(known + other, s, 1, SIDES), [0.8, 0.85, 0.9])
    np.testing.assert_allclose(spin_square(rows({0.3: 0.9}), s, 1, SIDES), 0.9)


@pytest.mark.parametrize(("unpaired", "pure"), [(0, 0.0), (1, 0.75), (2, 2.0)])
def test_what_is_a_pure_spin_state_or_has_no_wave_function_has_no_such_column(unpaired, pure):
    s = np.linspace(-1.0, 1.0, 5)
    assert spin_square(rows({0.1: pure, 0.4: pure + 1e-9}), s, unpaired, SIDES) is None
    assert spin_square(rows({0.1: pure, 0.4: pure + 1e-3}), s, unpaired, SIDES) is not None
    assert spin_square(rows({0.1: np.nan}), s, unpaired, SIDES) is None
    path = trace(MullerBrown(), start=np.array([-0.8220015587, 0.6243128028]), ends=False)
    assert "spin_square" not in path.columns()
