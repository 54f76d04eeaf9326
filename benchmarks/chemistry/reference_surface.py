"""PySCF surfaces in mass-weighted coordinates, and their stationary points, for reference cases."""

import sys
from dataclasses import dataclass

import numpy as np
from pyscf import dft, gto, scf

AMU = 1822.888486209
WAVENUMBER = 219474.6313632
BOHR = gto.mole.param.BOHR


@dataclass(frozen=True)
class Level:
    """What the energy is computed with."""

    method: str
    basis: str
    xc: str | None
    grid: int | None


class Surface:
    """A PySCF surface in mass-weighted coordinates [3 atoms], amu^1/2 bohr and hartree."""

    def __init__(self, symbols, angstrom, charge, spin, level):
        self.level, self.gradients, self.hessians = level, 0, 0
        self.mol = gto.M(
            atom=list(zip(symbols, angstrom.tolist(), strict=True)),
            basis=level.basis,
            charge=charge,
            spin=spin,
            verbose=0,
            symmetry=False,
        )
        self.masses = self.mol.atom_mass_list(isotope_avg=True)
        self.root = np.sqrt(np.repeat(self.masses, 3))
        self.density = None
        self.begin = self.weigh(angstrom)

    def weigh(self, angstrom):
        bohr = np.asarray(angstrom) / BOHR
        bohr = bohr - self.masses @ bohr / self.masses.sum()
        return bohr.ravel() * self.root

    def angstrom(self, x):
        return (x / self.root).reshape(-1, 3) * BOHR

    def _solve(self, x):
        mol = self.mol.set_geom_((x / self.root).reshape(-1, 3), unit="Bohr", inplace=False)
        make = {"HF": scf.RHF, "UHF": scf.UHF, "RKS": dft.RKS, "UKS": dft.UKS}[self.level.method]
        mean_field = make(mol)
        if self.level.xc:
            mean_field.xc, mean_field.grids.level = self.level.xc, self.level.grid
        mean_field.conv_tol, mean_field.conv_tol_grad = 1e-12, 1e-7
        mean_field.max_cycle = 100
        mean_field.kernel(dm0=self.density)
        if not mean_field.converged:
            mean_field = mean_field.newton()
            mean_field.max_cycle = 30
            mean_field.kernel(mean_field.mo_coeff, mean_field.mo_occ)
        if not mean_field.converged:
            raise RuntimeError("SCF does not converge")
        self.density = mean_field.make_rdm1()
        return mean_field

    def measure(self, x, hessian=False):
        """Energy, gradient [n] and, if asked, Hessian [n, n]."""
        mean_field = self._solve(x)
        gradient = mean_field.nuc_grad_method().kernel().ravel() / self.root
        self.gradients += 1
        if not hessian:
            return mean_field.e_tot, gradient
        found = mean_field.Hessian().kernel().transpose(0, 2, 1, 3).reshape(len(x), -1)
        self.hessians += 1
        found = 0.5 * (found + found.T) / np.outer(self.root, self.root)
        return mean_field.e_tot, gradient, found

    def internal(self, x):
        """Projector [n, n] that takes translation and rotation out."""
        position = (x / self.root).reshape(-1, 3)
        columns = [self.root * np.tile(axis, len(position)) for axis in np.eye(3)]
        columns += [self.root * np.cross(axis, position).ravel() for axis in np.eye(3)]
        left, size, _ = np.linalg.svd(np.array(columns).T, full_matrices=False)
        rigid = left[:, size > 1e-3 * size[0]]
        return np.eye(len(x)) - rigid @ rigid.T

    def modes(self, x, hessian):
        """Eigenvalues and eigenvectors of the internal motions, lowest first."""
        projector = self.internal(x)
        values, vectors = np.linalg.eigh(projector @ hessian @ projector)
        inside = np.linalg.norm(projector @ vectors, axis=0) > 0.5
        return values[inside], vectors[:, inside]

    def rms(self, gradient):
        return float(np.sqrt(np.mean((gradient * self.root) ** 2)))

    def largest(self, x, gradient):
        return float(np.abs(self.internal(x) @ gradient * self.root).max())


def wavenumbers(values):
    return np.sign(values) * np.sqrt(np.abs(values) / AMU) * WAVENUMBER


def updated(hessian, dx, dg):
    """Bofill's symmetric update between SR1 and Powell, J. Comput. Chem. 15, 1 (1994)."""
    miss, square = dg - hessian @ dx, dx @ dx
    along, size = miss @ dx, miss @ miss
    if square < 1e-16 or size < 1e-22:
        return hessian
    share = along**2 / (size * square)
    powell = (np.outer(miss, dx) + np.outer(dx, miss)) / square
    powell -= along * np.outer(dx, dx) / square**2
    rank_one = np.outer(miss, miss) / along if share > 1e-8 else 0.0
    return hessian + share * rank_one + (1 - share) * powell


def note(text):
    print(text, file=sys.stderr, flush=True)


def refine_saddle(surface, x, most=60, still=3e-7):
    """Follow the lowest mode uphill and the others downhill with exact Hessians."""
    followed = None
    for count in range(most):
        _, gradient, hessian = surface.measure(x, hessian=True)
        values, vectors = surface.modes(x, hessian)
        up = 0 if followed is None else int(np.abs(followed @ vectors).argmax())
        followed = vectors[:, up]
        size = surface.largest(x, gradient)
        note(f"saddle {count}: max gradient {size:.1e}, {wavenumbers(values[:3]).round(1)}")
        if size < still:
            break
        scale = np.maximum(np.abs(values), 2e-3 if size > 1e-3 else 1e-5)
        scale[up] *= -1
        step = -vectors @ ((vectors.T @ gradient) / scale)
        x = x + step * min(1.0, 0.3 / np.linalg.norm(step))
    else:
        raise SystemExit(f"the saddle is not found in {most} steps")
    if (values < 0).sum() != 1:
        raise SystemExit(f"not a saddle of first order: {wavenumbers(values[:4])}")
    return x


def optimise(surface, x, most=80, still=2e-6):
    """Newton steps on an updated Hessian, renewed every tenth; answers the place and success."""
    energy, gradient, hessian = surface.measure(x, hessian=True)
    trust, failed = 0.2, 0
    for count in range(most):
        if surface.largest(x, gradient) < still:
            return x, True
        values, vectors = surface.modes(x, hessian)
        step = -vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), 3e-5))
        step *= min(1.0, trust / np.linalg.norm(step))
        renew = count % 10 == 9
        found = surface.measure(x + step, hessian=renew)
        hessian = found[2] if renew else updated(hessian, step, found[1] - gradient)
        if found[0] > energy + 1e-10:
            trust, failed = 0.3 * float(np.linalg.norm(step)), failed + 1
            hessian = surface.measure(x, hessian=True)[2] if renew else hessian
            continue
        x, energy, gradient, trust = x + step, found[0], found[1], min(0.5, 1.5 * trust)
    return x, surface.largest(x, gradient) < 20 * still


def settle(surface, x):
    """The minimum below the end of a path; a saddle on the way is left by a push."""
    text = []
    for _ in range(3):
        x, done = optimise(surface, x)
        energy, gradient, hessian = surface.measure(x, hessian=True)
        values, vectors = surface.modes(x, hessian)
        if not done or values[0] > 0 or wavenumbers(values[0]) > -20:
            break
        text.append(
            f"the path ends in a saddle ({wavenumbers(values[0]):.1f} cm-1, {energy:.9f} hartree);"
            " it was left along that mode"
        )
        x = x + 0.1 * vectors[:, 0]
    return x, done, energy, surface.largest(x, gradient), values, "; ".join(text)
