"""The other programs, each called as its own documentation does, on a counted surface.

A contender is a function `(counted, case, start, value) -> Traced`; `value` is what the setting
turns, `start` the saddle [3 atoms] in bohr. What a program raises is caught here, so that the path
it had made so far is still scored.
"""

import contextlib
import logging
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from surfaces import OutOfTime


class Traced(NamedTuple):
    """`frames` [frames, atoms, 3] bohr from end to end over the saddle, `energies` [frames]
    hartree, `message` what the program said, `own` what only one program has."""

    frames: Any
    energies: Any
    message: str = ""
    own: Any = None


class Setting(NamedTuple):
    """A program with one setting; `default` marks the one that its own user gets."""

    program: str
    setting: str
    value: Any
    default: bool = False


SETTINGS = [
    Setting("geomeTRIC", "trust 0.1", 0.1, default=True),
    Setting("geomeTRIC", "trust 0.03", 0.03),
    Setting("geomeTRIC", "trust 0.2", 0.2),
    Setting("Sella", "dx 0.1", 0.1, default=True),
    Setting("Sella", "dx 0.05", 0.05),
    Setting("Sella", "dx 0.2", 0.2),
    Setting("pysisyphus EulerPC", "step 0.1", 0.1, default=True),
    Setting("pysisyphus EulerPC", "step 0.05", 0.05),
    Setting("pysisyphus EulerPC", "step 0.2", 0.2),
    Setting("pysisyphus EulerPC", "step 0.3", 0.3),
    Setting("pysisyphus LQA", "step 0.1", 0.1, default=True),
    Setting("pysisyphus LQA", "step 0.05", 0.05),
    Setting("pysisyphus LQA", "step 0.2", 0.2),
    Setting("pysisyphus GS2", "step 0.1", 0.1, default=True),
]
PACKAGES = {"geomeTRIC": "geometric", "Sella": "sella", "pysisyphus": "pysisyphus"}


@contextlib.contextmanager
def _told(messages, about=""):
    """What a program raises, as a message; the path so far is kept."""
    try:
        yield
    except (OutOfTime, Exception) as error:
        text = str(error).strip().splitlines()
        messages.append(f"{about}{type(error).__name__}{': ' + text[0] if text else ''}")


def geometric(counted, case, start, trust):
    """geomeTRIC, its Optimizer as its own `run_optimizer` sets it up, with PySCF's Hessian."""
    from geometric.engine import Engine
    from geometric.internal import DelocalizedInternalCoordinates
    from geometric.molecule import Molecule
    from geometric.nifty import ang2bohr
    from geometric.optimize import Optimizer, OptParams

    class Counting(Engine):
        def calc_new(self, coords, dirname):
            energy, gradient = counted.gradient(coords)
            return {"energy": energy, "gradient": gradient}

    for name in ("geometric", "geometric.nifty"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    molecule = Molecule()
    molecule.elem = list(case["symbols"])
    molecule.xyzs = [start.reshape(-1, 3) / ang2bohr]
    molecule.build_topology()
    counted.gradient(start)
    np.savetxt("hessian.txt", counted.hessian(start, counted._guess))
    os.makedirs("run.tmp/irc_forward.tmp")
    params = OptParams(irc=True, trust=trust, hessian="file:hessian.txt", xyzout="path_irc.xyz")
    connect = len(molecule.molecules) == 1  # delocalised internals of one molecule, TRIC of several
    internal = DelocalizedInternalCoordinates(molecule, build=True, connect=connect, addcart=False)
    internal.mass = np.repeat(counted.masses, 3)
    messages = []
    optimizer = Optimizer(
        start, molecule, internal, Counting(molecule), "run.tmp/irc_forward.tmp", params, False
    )
    with _told(messages):
        optimizer.optimizeGeometry()
    frames = np.array(optimizer.progress.xyzs) * ang2bohr
    return Traced(frames, np.array(optimizer.progress.qm_energies), "; ".join(messages))


def sella(counted, case, start, dx):
    """Sella's IRC; it finds the mode by itself, with gradients."""
    import ase
    from ase.calculators.calculator import Calculator, all_changes
    from ase.units import Bohr, Hartree
    from sella import IRC

    class Counting(Calculator):
        implemented_properties = ("energy", "forces")

        def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
            super().calculate(atoms, properties, system_changes)
            energy, gradient = counted.gradient(self.atoms.positions / Bohr)
            forces = -gradient.reshape(-1, 3) * Hartree / Bohr
            self.results = {"energy": energy * Hartree, "forces": forces}

    atoms = ase.Atoms(case["symbols"], start.reshape(-1, 3) * Bohr, masses=counted.masses)
    atoms.calc = Counting()
    walk = IRC(atoms, logfile=None, dx=dx)
    sides, messages = {}, []
    for side in ("reverse", "forward"):
        frames = sides[side] = []
        with _told(messages, f"{side}: "):
            for _ in walk.irun(fmax=0.05, steps=1000, direction=side):
                here = atoms.positions.copy() / Bohr
                frames.append((here, counted.energy_at(here)))
    energy, _ = counted.gradient(start)
    saddle = (start.reshape(-1, 3), energy)
    apart = {side: [one for one in found if _moved(one, start)] for side, found in sides.items()}
    path = [*reversed(apart["reverse"]), saddle, *apart["forward"]]
    frames, energies = zip(*path, strict=True)
    return Traced(np.array(frames), np.array(energies), "; ".join(messages))


def _moved(frame, start):
    return np.abs(frame[0].ravel() - start).max() > 1e-6


def _pysisyphus(integrator):
    def run(counted, case, start, step):
        import pysisyphus.irc
        from pysisyphus.calculators.Calculator import Calculator
        from pysisyphus.Geometry import Geometry

        class Counting(Calculator):
            def get_energy(self, atoms, coords, **kwargs):
                return {"energy": counted.gradient(coords)[0]}

            def get_forces(self, atoms, coords, **kwargs):
                energy, gradient = counted.gradient(coords)
                return {"energy": energy, "forces": -gradient}

            def get_hessian(self, atoms, coords, **kwargs):
                energy, _ = counted.gradient(coords)
                return {"energy": energy, "hessian": counted.hessian(coords, counted._guess)}

        geometry = Geometry(case["symbols"], start)
        geometry.masses = counted.masses
        geometry.set_calculator(Counting(charge=case["charge"], mult=case["spin"] + 1))
        walk = getattr(pysisyphus.irc, integrator)(geometry, step_length=step)
        messages = []
        with _told(messages), Path("log.txt").open("w") as log, contextlib.redirect_stdout(log):
            walk.run()
        coords, energies = list(walk.all_coords), list(walk.all_energies)
        if messages and getattr(walk, "cur_direction", None):
            # The side that was cut short is not joined to the others yet.
            coords, energies = coords + walk.irc_coords, energies + walk.irc_energies
        frames = np.array(coords).reshape(len(coords), -1, 3)
        return Traced(frames, np.array(energies), "; ".join(messages) or _ended(walk))

    return run


def _ended(walk):
    """How each side ended, where that was not by its own convergence."""
    sides = []
    for side in ("backward", "forward"):
        if not getattr(walk, f"{side}_is_converged", False):
            rose = getattr(walk, f"{side}_energy_increased", False)
            sides.append(f"{side}: {'energy rose' if rose else 'not converged'}")
    return "; ".join(sides)


RUNNERS = {
    "geomeTRIC": geometric,
    "Sella": sella,
    "pysisyphus EulerPC": _pysisyphus("EulerPC"),
    "pysisyphus LQA": _pysisyphus("LQA"),
    "pysisyphus GS2": _pysisyphus("GonzalezSchlegel"),
}
