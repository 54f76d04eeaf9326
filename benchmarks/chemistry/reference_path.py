"""Steepest descent integrated tightly, for reference cases: nothing here is under test.

dx/dt = -g in mass-weighted coordinates with Krogstad's exponential Runge-Kutta method of order 4,
J. Comput. Phys. 203, 72 (2005).
"""

from dataclasses import dataclass

import numpy as np
from reference_surface import note, updated

RMS_END = 5e-4
GAUSS, WEIGHTS = (0.5 * (np.polynomial.legendre.leggauss(8)[k] + (1 - k)) for k in (0, 1))


@dataclass(frozen=True)
class Settings:
    """How tightly a path is traced: lengths in amu^1/2 bohr."""

    tolerance: float
    start: float
    largest: float
    hessian_every: float

    def coarser(self):
        return Settings(10 * self.tolerance, 1.5 * self.start, 2 * self.largest, self.hessian_every)


def phi(z):
    """phi_1, phi_2, phi_3 of the exponential integrators, elementwise."""
    safe = np.where(np.abs(z) < 0.3, 1.0, z)
    small = np.where(np.abs(z) < 0.3, z, 0.0)
    answer, factorial, before = [], 1.0, np.exp(safe)
    for order in (1, 2, 3):
        before = (before - 1 / factorial) / safe
        factorial *= order
        series = np.ones_like(z)
        for term in range(14, 0, -1):
            series = 1 + series * small / (term + order)
        answer.append(np.where(np.abs(z) < 0.3, series / factorial, before))
    return answer


class Piece:
    """One step of the exponential method: a curve x(theta), theta from 0 to 1."""

    def __init__(self, surface, x, gradient, hessian, length):
        values, self.vectors = np.linalg.eigh(hessian)
        self.x, self.linear = x, -values
        self.first = -self.vectors.T @ gradient
        self.time = self._time_for(length)
        self._stages(surface)

    def _time_for(self, length):
        """The time in which the path on the quadratic model has that length."""
        times = np.concatenate([[0.0], np.geomspace(1e-3, 1e6, 1200)])
        growth = np.exp(np.clip(np.outer(times, self.linear), -700.0, 40.0))
        speed = np.sqrt((growth**2) @ self.first**2)
        walked = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]) * np.diff(times))])
        # Noise in a mode of negative curvature must not grow beyond measure in a long step.
        longest = 2.0 / max(1e-6, float(self.linear.max()))
        return min(longest, float(np.interp(min(length, 0.95 * walked[-1]), walked, times)))

    def _rest(self, surface, y):
        """What the linear part leaves out of dx/dt, at x + y."""
        force = -self.vectors.T @ surface.measure(self.x + self.vectors @ y)[1]
        return force - self.linear * y

    def _stages(self, surface):
        time, first = self.time, self.first
        half, full = phi(0.5 * time * self.linear), phi(time * self.linear)
        second = self._rest(surface, 0.5 * time * half[0] * first)
        third = self._rest(
            surface, 0.5 * time * half[0] * first + time * half[1] * (second - first)
        )
        self.fourth = self._rest(
            surface, time * full[0] * first + 2 * time * full[1] * (third - first)
        )
        middle = 0.5 * (second + third)
        self.slope = -3 * first + 4 * middle - self.fourth
        self.bend = 2 * (first - 2 * middle + self.fourth)
        self.spread = time * (2 * full[1] - 4 * full[2]) * (third - second)
        self.last_weight = time * (4 * full[2] - full[1])

    def moved(self, theta):
        one, two, three = phi(theta * self.time * self.linear)
        parts = one * self.first + theta * two * self.slope + 2 * theta**2 * three * self.bend
        return theta * self.time * parts

    def at(self, theta):
        return self.x + self.vectors @ self.moved(theta)

    def velocity(self, theta):
        rest = self.first + theta * self.slope + theta**2 * self.bend
        return self.linear * self.moved(theta) + rest

    def integrals(self, theta):
        """Arc length and drop of energy from 0 to theta."""
        squares = [self.time * theta * self.velocity(theta * u) for u in GAUSS]
        speeds = np.array([np.linalg.norm(v) for v in squares])
        return float(WEIGHTS @ speeds), float(WEIGHTS @ speeds**2) / (self.time * theta)

    def error(self, gradient):
        """Estimated error of the end, once the gradient there is known."""
        found = -self.vectors.T @ gradient - self.linear * self.moved(1.0)
        return float(
            np.linalg.norm(self.last_weight * (found - self.fourth)) + np.linalg.norm(self.spread)
        )


def curvature(surface, x, hessian, mode, value):
    """d2x/ds2 of the path at the saddle, Page and McIver, J. Chem. Phys. 88, 922 (1988)."""
    h = 0.02
    third = (surface.measure(x + h * mode)[1] + surface.measure(x - h * mode)[1]) / h**2
    values, vectors = surface.modes(x, hessian)
    across = np.abs(vectors.T @ mode) < 0.5
    parts = (vectors.T @ third)[across] / (values[across] - 2 * value)
    return -vectors[:, across] @ parts


def trace(surface, saddle, side, settings, spacing=0.03, longest=25.0):
    """One side: points (s, x, energy) from the first one off the saddle to the end."""
    top, hessian, mode, bend = saddle
    x = top + side * settings.start * mode + 0.5 * settings.start**2 * bend
    energy, gradient, hessian = surface.measure(x, hessian=True)
    path = [(settings.start, x, energy)]
    checks, s, since, length, highest = [], settings.start, 0.0, settings.start, 0.0
    for _ in range(2000):
        try:
            piece = Piece(surface, x, gradient, hessian, length)
            far, exact = piece.at(1.0), since + length > settings.hessian_every
            found = surface.measure(far)
        except RuntimeError as problem:
            note(f"{problem} within {length:.4f} after s {s:.4f}")
            length *= 0.5
            continue
        error = piece.error(found[1])
        wish = length * np.clip(0.85 * (settings.tolerance / max(error, 1e-30)) ** 0.25, 0.25, 1.6)
        if error > settings.tolerance:
            length = wish
            continue
        knots, between = between_points(piece, s, energy, found[0], spacing)
        path, checks = path + knots, checks + between
        since, walked = since + knots[-1][0] - s, knots[-1][0] - s
        hessian = updated(hessian, far - x, found[1] - gradient)
        if exact and walked > 1e-4:
            hessian, since = surface.measure(far, hessian=True)[2], 0.0
        s, x, energy, gradient = knots[-1][0], far, found[0], found[1]
        length = min(wish, settings.largest)
        rms = surface.rms(gradient)
        highest = max(highest, rms)
        note(f"{side:+d} s {s:.4f} energy {energy:.8f} rms {rms:.1e} error {error:.1e}")
        # Torsions of a big molecule may never exceed the usual threshold.
        if rms < min(RMS_END, 0.25 * highest):
            return path, checks, "rms", rms
        if s > longest:
            break
    return path, checks, "length", rms


def between_points(piece, s, energy, last, spacing):
    """Points inside and at the end of a step, and some apart to test the interpolation."""
    count = int(np.ceil(max(piece.integrals(1.0)[0] / spacing, turning(piece) / 0.1)))
    thetas = thetas_of_equal_length(piece, 2 * count)
    drop = piece.integrals(1.0)[1]
    rows = []
    for theta in thetas:
        length, fallen = piece.integrals(theta)
        # The quadrature's share of the drop, scaled so that the end has its own energy.
        rows.append((s + length, piece.at(theta), energy + (last - energy) * fallen / drop))
    return rows[1::2], rows[0::2]


def turning(piece):
    """The angle by which the path turns in a step, in radians; large at a flat end."""
    velocity = np.array([piece.velocity(theta) for theta in np.linspace(0.0, 1.0, 33)])
    tangent = velocity / np.linalg.norm(velocity, axis=1)[:, None]
    cosines = np.clip((tangent[1:] * tangent[:-1]).sum(1), -1.0, 1.0)
    return float(np.arccos(cosines).sum())


def thetas_of_equal_length(piece, count):
    grid = np.linspace(0.0, 1.0, 33)
    speed = [np.linalg.norm(piece.velocity(theta)) for theta in grid]
    walked = np.concatenate([[0.0], np.cumsum(0.5 * np.add(speed[1:], speed[:-1]))])
    thetas = np.interp(np.linspace(0, walked[-1], count + 1), walked, grid)
    return [*thetas[1:-1], 1.0]


def distance(points, spline, grid):
    """Largest distance of points from a curve, inside its range of s."""
    curve = spline(grid)
    first, chord = curve[:-1], np.diff(curve, axis=0)
    answer = [0.0]
    for s, x, _ in points:
        if not grid[0] <= s <= grid[-1] - 1e-3:
            continue
        share = ((x - first) * chord).sum(1) / (chord**2).sum(1)
        foot = first + np.clip(share, 0, 1)[:, None] * chord
        answer.append(float(np.sqrt(((x - foot) ** 2).sum(1).min())))
    return max(answer)
