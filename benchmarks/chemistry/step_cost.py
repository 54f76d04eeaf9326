"""What the integrator itself costs a step, beside a real gradient of the same molecule.

    python benchmarks/chemistry/step_cost.py [--attempts 60]

Water, dimethylamine and nonanol (3, 10 and 30 atoms). The path is that of a closed-form surface
with a saddle at the molecule's own geometry, so that its gradients cost next to nothing and the
time of an attempt outside the surface is the integrator's. The price beside it is an HF/3-21G
gradient of PySCF at the same geometry, its SCF started from the orbitals of a geometry a step away.
One thread; processor time, so that the load of the machine counts little.

Needs rdkit (geometries) beside `suite`.
"""

import argparse
import contextlib
import os
import statistics
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from suite.chemistry import Molecule, pyscf_surface, trace
from suite.chemistry.surfaces.protocol import Measured
from suite.molecule import BOHR

MOLECULES = {"water": "O", "dimethylamine": "CNC", "nonanol": "CCCCCCCCCO"}
STEP = 0.05
"""How far the geometry before was, bohr."""


def molecule_of(smiles):
    """A molecule in RDKit's own geometry."""
    from rdkit import Chem
    from rdkit.Chem import AllChem

    graph = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(graph, randomSeed=7)
    symbols = tuple(atom.GetSymbol() for atom in graph.GetAtoms())
    return Molecule(symbols, np.array(graph.GetConformer().GetPositions()))


class Springs:
    """Springs between all atoms, and a double well between two of them: a saddle in closed form.

    E = 1/2 sum k (d - d0 - c q^2)^2 + a (q^4/(4 w^2) - q^2/2), q the stretch of one distance from
    where it is at the start [3 atoms] in bohr. There the gradient is zero, and the Hessian has one
    negative eigenvalue if a is larger than the stiffness of the springs against q. The term c bends
    the path.
    """

    noise = 1e-12
    has_hessian = True

    def __init__(self, symbols, masses, start):
        self.symbols, self.masses = symbols, masses
        self.first, self.second = np.triu_indices(len(symbols), 1)
        self.rest, slopes = self._distances(start)
        # The bond or contact that opens: the last pair, two hydrogens that stand side by side.
        hydrogens = [k for k, pair in enumerate(self._pairs()) if symbols[pair[0]] == "H"]
        self.well = min(hydrogens, key=lambda k: self.rest[k])
        self.stiffness = 0.3 * np.exp(-((self.rest / 3.0) ** 2)) + 0.002
        self.stiffness[self.well] = 0.0
        self.bend = 0.05 * np.sin(np.arange(len(self.rest)))
        self.bend[self.well] = 0.0
        self.springs = np.einsum("p,pi,pj->ij", self.stiffness, slopes, slopes)
        against = slopes[self.well] @ np.linalg.pinv(self.springs, 1e-10) @ slopes[self.well]
        self.depth, self.width = max(1.5 / against, 0.05), 0.6

    def _pairs(self):
        return zip(self.first, self.second, strict=True)

    def _distances(self, x):
        place = np.asarray(x, float).reshape(-1, 3)
        apart = place[self.first] - place[self.second]
        lengths = np.linalg.norm(apart, axis=1)
        slopes = np.zeros((len(lengths), len(place), 3))
        rows = np.arange(len(lengths))
        slopes[rows, self.first] = apart / lengths[:, None]
        slopes[rows, self.second] = -apart / lengths[:, None]
        return lengths, slopes.reshape(len(lengths), -1)

    def measure(self, x, guess=None):
        lengths, slopes = self._distances(x)
        q = lengths[self.well] - self.rest[self.well]
        stretch = lengths - self.rest - self.bend * q * q
        pull = self.stiffness * stretch
        well = self.depth * (q**3 / self.width**2 - q) - 2.0 * q * (pull @ self.bend)
        energy = 0.5 * pull @ stretch + self.depth * (q**4 / (4.0 * self.width**2) - q * q / 2.0)
        return Measured(float(energy), pull @ slopes + well * slopes[self.well])

    def hessian(self, x, guess=None):
        """Central differences of the gradient; it is asked at the saddle alone."""
        steps = 1e-4 * np.eye(len(x))
        rows = [(self.measure(x + h).gradient - self.measure(x - h).gradient) / 2e-4 for h in steps]
        return 0.5 * (np.array(rows) + np.array(rows).T)

    def about(self):
        return {"method": "springs"}


class Timed:
    """A surface that keeps the time spent in it."""

    def __init__(self, surface):
        self._surface, self.seconds, self.gradients = surface, 0.0, 0

    def __getattr__(self, name):
        return getattr(self._surface, name)

    def measure(self, x, guess=None):
        began = time.process_time()
        found = self._surface.measure(x, guess)
        self.seconds += time.process_time() - began
        self.gradients += 1
        return found

    def hessian(self, x, guess=None):
        began = time.process_time()
        found = self._surface.hessian(x, guess)
        self.seconds += time.process_time() - began
        return found


class Enough(Exception):
    """As many attempts as were asked for."""


def seconds_per_gradient(surface, start, most):
    """Of each gradient asked on the way, the seconds spent outside the surface before the next."""
    timed = Timed(surface)
    spent, last = [], [time.process_time(), 0.0, 0]

    def look(track, attempt):
        now = time.process_time(), timed.seconds, timed.gradients
        gradients = now[2] - last[2]
        if attempt.number > 0 and gradients:
            spent.append(((now[0] - last[0]) - (now[1] - last[1])) / gradients)
        last[:] = now
        if len(spent) >= most:
            raise Enough

    with contextlib.suppress(Enough):
        trace(timed, start=start, observe=(look,))
    return spent


def price(molecule):
    """Seconds of an HF/3-21G gradient from the orbitals of a geometry a step away."""
    surface = pyscf_surface(molecule, "hf", "3-21g")
    x = molecule.coordinates.ravel() / BOHR
    away = np.random.default_rng(0).normal(size=x.size)
    first = surface.measure(x + STEP * away / np.linalg.norm(away))
    began = time.process_time()
    surface.measure(x, first.guess)
    return time.process_time() - began, surface.masses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attempts", type=int, default=60)
    most = parser.parse_args().attempts
    print(
        "| molecule | atoms | gradients | integrator, ms a gradient: median, mean, largest", end=""
    )
    print(" | HF/3-21G gradient, ms | ratio of the mean |")
    print("|---|---|---|---|---|---|")
    for name, smiles in MOLECULES.items():
        molecule = molecule_of(smiles)
        gradient, masses = price(molecule)
        start = molecule.coordinates.ravel() / BOHR
        spent = seconds_per_gradient(Springs(molecule.symbols, masses, start), start, most)
        mean = statistics.mean(spent)
        of = statistics.median(spent), mean, max(spent)
        print(f"| {name} | {len(molecule.symbols)} | {len(spent)} | ", end="")
        print(", ".join(f"{1e3 * seconds:.2f}" for seconds in of), end="")
        print(f" | {1e3 * gradient:.0f} | {mean / gradient:.4f} |", flush=True)


if __name__ == "__main__":
    main()
