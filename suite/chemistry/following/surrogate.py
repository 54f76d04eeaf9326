"""A surrogate of the surface: the saddle's quadratic valley, corrected by every gradient paid for.

Gaussian-process regression on energies and gradients in the features of `features`, with the
saddle's Hessian as its prior mean: Rasmussen and Williams, Gaussian Processes for Machine Learning
(2006), ch. 2 and 9.4; Denzel and Kästner, J. Chem. Phys. 148, 094114 (2018), for the use on
potential surfaces. A measured point is never forgotten while it is near, so a refused step has
taught as much as an accepted one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from suite.chemistry.following.features import Features

__all__ = ["OTHER", "WORKING", "Kernel", "Local", "Prior", "Surrogate", "prior_of"]

Vector = NDArray[np.float64]


class Kernel(NamedTuple):
    """A sum of squared exponentials: `lengths` in units of the features, `variances` hartree²."""

    lengths: tuple[float, ...]
    variances: tuple[float, ...]

    def moments(self, squared: Vector) -> Vector:
        """The sums of k/l^0, k/l², k/l⁴ and k/l⁶ at squared distances of features, [4, points]."""
        decays, powers = _constants(self)
        return np.asarray(powers @ np.exp(np.multiply.outer(decays, squared)))


@lru_cache(maxsize=8)
def _constants(kernel: Kernel) -> tuple[Vector, Vector]:
    """-1/(2l²) [terms] and v/l^(0, 2, 4, 6) [4, terms] of a kernel; asked at every evaluation."""
    inverse = 1.0 / np.square(kernel.lengths)
    return -0.5 * inverse, np.array([np.array(kernel.variances) * inverse**k for k in range(4)])


# A short length for what bends within a bond's breaking, a long one for what extrapolates. Chosen
# among eleven kernels by how far the path went astray on gradients not yet seen (four reactions).
WORKING = Kernel((0.5, 1.5), (1.0, 10.0))
OTHER = Kernel((0.7,), (1.0,))
"""As plausible a kernel as the working one: where the two disagree, neither is to be trusted."""


class Local(NamedTuple):
    """A surface at one point: energy (hartree), gradient [n] and Hessian [n, n], mass-weighted."""

    energy: float
    gradient: Vector
    hessian: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """The saddle's quadratic valley in features: slope·Δq + Δq·curvature·Δq/2.

    `origin` [f] the saddle's features, `slope` [f], `curvature` [f, f].
    """

    features: Features
    origin: Vector
    slope: Vector
    curvature: Vector


def prior_of(features: Features, x: Vector, hessian: Vector, internal: Vector) -> Prior:
    """The prior whose Hessian at the saddle x [n] is `hessian` [n, n] (mass-weighted).

    `internal` [n, n] projects translation and rotation out. Motions that leave every feature
    unchanged to first order, those out of the plane of a flat molecule, get their curvature from a
    slope along features that no motion can change: the stresses of a flat framework.
    """
    seen = features.see(x)
    left, strengths, right = np.linalg.svd(seen.jacobian, full_matrices=True)
    rank = int(np.sum(strengths > 1e-5 * strengths[0]))
    inverse = right[:rank].T / strengths[:rank] @ left[:, :rank].T
    slope = np.zeros_like(seen.values)
    shares, directions = np.linalg.eigh(internal - right[:rank].T @ right[:rank])
    unseen = directions[:, shares > 0.5]
    if unseen.size:
        stresses = left[:, rank:]
        upper = np.triu_indices(unseen.shape[1])
        responses = [
            (unseen.T @ features.bend(seen.geometry, stress) @ unseen)[upper]
            for stress in stresses.T
        ]
        wanted = (unseen.T @ hessian @ unseen)[upper]
        slope = stresses @ np.linalg.lstsq(np.array(responses).T, wanted, rcond=1e-8)[0]
    rest = hessian - features.bend(seen.geometry, slope)
    return Prior(features, seen.values, slope, inverse.T @ rest @ inverse)


@dataclass(frozen=True, slots=True, eq=False)
class Surrogate:
    """A surface that agrees with every point in `x` [points, n] in energy and gradient.

    `noise` is the standard error of a datum over the kernel's scale. `learned` answers the
    surrogate with one more point; `at` evaluates it.
    """

    prior: Prior
    kernel: Kernel
    noise: float
    seen: Vector  # [points, f]
    jacobians: Vector  # [points, f, n]
    factor: Vector  # Cholesky factor of the covariance
    residuals: Vector  # data minus prior, energy and gradient of each point in turn
    slopes: Vector  # [points, f] weights of the gradients, carried to features
    heights: Vector  # [points] weights of the energies

    @staticmethod
    def begin(prior: Prior, kernel: Kernel, noise: float, size: int) -> Surrogate:
        """The prior alone, in `size` coordinates."""
        f = len(prior.origin)
        nothing = np.zeros(0)
        return Surrogate(
            prior,
            kernel,
            noise,
            np.zeros((0, f)),
            np.zeros((0, f, size)),
            np.zeros((0, 0)),
            nothing,
            np.zeros((0, f)),
            nothing,
        )

    def learned(self, x: Vector, energy: float, gradient: Vector) -> Surrogate:
        """The surrogate that knows one more point: energy (hartree), gradient [n], mass-weighted.

        The covariance's Cholesky factor grows by a block of rows, so a point costs the square of
        what is known, not its cube.
        """
        q, jacobian, _ = self.prior.features.see(x)
        offset = q - self.prior.origin
        force = self.prior.curvature @ offset
        expected = float(offset @ (self.prior.slope + 0.5 * force))
        residual = gradient - jacobian.T @ (self.prior.slope + force)
        seen = np.concatenate([self.seen, q[None]])
        jacobians = np.concatenate([self.jacobians, jacobian[None]])
        rows = self._covariance(seen, jacobians)
        old = len(self.factor)
        corner = rows[:, old:]
        corner[np.diag_indices_from(corner)] += self.noise**2
        left = solve_triangular(self.factor, rows[:, :old].T, lower=True).T if old else rows[:, :0]
        factor = np.zeros((len(rows) + old, len(rows) + old))
        factor[:old, :old] = self.factor
        factor[old:, :old] = left
        factor[old:, old:] = np.linalg.cholesky(corner - left @ left.T)
        residuals = np.concatenate([self.residuals, [energy - expected], residual])
        weights = solve_triangular(factor, residuals, lower=True)
        weights = solve_triangular(factor, weights, lower=True, trans="T")
        weights = weights.reshape(len(seen), -1)
        return replace(
            self,
            seen=seen,
            jacobians=jacobians,
            factor=factor,
            residuals=residuals,
            slopes=np.einsum("jfn,jn->jf", jacobians, weights[:, 1:]),
            heights=weights[:, 0],
        )

    def _covariance(self, seen: Vector, jacobians: Vector) -> Vector:
        """Rows of the covariance: the last point's energy and gradient with those of all."""
        apart = seen[-1] - seen
        zero, one, two, _ = self.kernel.moments(np.einsum("jf,jf->j", apart, apart))
        n = jacobians.shape[2]
        here = apart @ jacobians[-1]
        there = np.einsum("jfn,jf->jn", jacobians, apart)
        rows = np.empty((1 + n, len(seen), 1 + n))
        rows[0, :, 0] = zero
        rows[0, :, 1:] = one[:, None] * there
        rows[1:, :, 0] = -(one[:, None] * here).T
        overlap = np.tensordot(jacobians[-1], jacobians, axes=(0, 1))
        rows[1:, :, 1:] = one[None, :, None] * overlap
        rows[1:, :, 1:] -= (two[:, None] * here).T[:, :, None] * there[None]
        return rows.reshape(1 + n, -1)

    def at(self, x: Vector) -> Local:
        """Energy, gradient [n] and Hessian [n, n] at x [n]."""
        features = self.prior.features
        q, jacobian, geometry = features.see(x)
        energy, slope, (apart, one, two, three, along) = self._lowered(q)
        hessian = jacobian.T @ self.prior.curvature @ jacobian
        if len(self.seen):
            fall = two * along + one * self.heights
            moved, turned = apart @ jacobian, self.slopes @ jacobian
            hessian += (moved.T * (three * along + two * self.heights)) @ moved
            mixed = (moved.T * two) @ turned
            hessian -= mixed + mixed.T + float(fall.sum()) * (jacobian.T @ jacobian)
        hessian += features.bend(geometry, slope)
        return Local(energy, slope @ jacobian, hessian)

    def gradient(self, x: Vector) -> Vector:
        """The gradient [n] alone, at a third of the price."""
        q, jacobian, _ = self.prior.features.see(x)
        return np.asarray(self._lowered(q)[1] @ jacobian)

    def away(self, x: Vector) -> float:
        """How far x [n] is, in features, from the nearest point that was learned or the saddle."""
        q = self.prior.features.see(x).values
        apart = q - np.vstack([self.prior.origin, self.seen])
        return float(np.sqrt(np.einsum("jf,jf->j", apart, apart).min()))

    def _lowered(self, q: Vector) -> tuple[float, Vector, tuple[Vector, ...]]:
        """Energy and slope [f] at features q [f], and what a second derivative needs."""
        offset = q - self.prior.origin
        force = self.prior.curvature @ offset
        energy = float(offset @ (self.prior.slope + 0.5 * force))
        apart = q - self.seen
        zero, one, two, three = self.kernel.moments(np.einsum("jf,jf->j", apart, apart))
        along = np.einsum("jf,jf->j", apart, self.slopes)
        energy += float(one @ along + zero @ self.heights)
        slope = self.prior.slope + force + one @ self.slopes
        slope -= (two * along + one * self.heights) @ apart
        return energy, slope, (apart, one, two, three, along)
