"""Motions of a charged particle in closed form, made by mpmath at 50 digits and more.

Constant fields: the four-velocity is exp(F τ) of the one at the start, F the field tensor; the
whole is one matrix exponential, which knows nothing of γ, of momenta or of a direction. A plane
wave: the canonical momentum and γ - p_n are constants. Charge, mass and c are 1.
"""

import mpmath as mp
import numpy as np


def far(found, exact):
    """How far apart, over the larger norm of the exact one."""
    found, exact = np.ravel(found), np.ravel(exact)
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


class Exact:
    """The closed form at one time: γ, 1 - v/c, momentum, place and proper time."""

    def __init__(self, electric, magnetic, u0, t, digits=60):
        with mp.workdps(digits):
            ex, ey, ez = map(mp.mpf, electric)
            bx, by, bz = map(mp.mpf, magnetic)
            tensor = [[0, ex, ey, ez], [ex, 0, bz, -by], [ey, -bz, 0, bx], [ez, by, -bx, 0]]
            both = mp.zeros(8)
            both[:4, :4] = mp.matrix(tensor)
            both[4:, :4] = mp.eye(4)
            u0 = [mp.mpf(part) for part in u0]
            start = mp.matrix([mp.sqrt(1 + sum(part**2 for part in u0)), *u0, 0, 0, 0, 0])
            tau = self._proper(lambda tau: mp.expm(tau * both) * start, mp.mpf(t), digits)
            self._keep(mp.expm(tau * both) * start, tau)

    @staticmethod
    def _proper(at, t, digits):
        """The proper time at which the time is t: bisection, then Newton with dt/dτ = γ."""
        low, high = mp.mpf(0), mp.mpf(1)
        while at(high)[4] < t:
            low, high = high, 2 * high
        for _ in range(16):
            middle = (low + high) / 2
            low, high = (middle, high) if at(middle)[4] < t else (low, middle)
        tau = high
        for _ in range(20):
            state = at(tau)
            move = (t - state[4]) / state[0]
            tau += move
            if abs(move) < mp.mpf(10) ** (12 - digits) * tau:
                return tau
        raise AssertionError("the proper time was not found")

    def _keep(self, state, tau):
        speed = mp.sqrt(sum(state[i] ** 2 for i in (1, 2, 3))) / state[0]
        self.gamma, self.one_minus_speed = float(state[0]), float(1 - speed)
        self.momentum = np.array([float(state[i]) for i in (1, 2, 3)])
        self.position = np.array([float(state[i]) for i in (5, 6, 7)])
        self.proper_time = float(tau)


class Wave:
    """A particle in E = a cos(ct - x) along y, closed form in the phase ξ = ct - x."""

    def __init__(self, strength, push, t, digits=50):
        with mp.workdps(digits):
            a, push, t = mp.mpf(strength), mp.mpf(push), mp.mpf(t)
            kept = 1 / (mp.sqrt(1 + push**2) + push)
            self.place = lambda xi: (
                ((1 - kept**2) * xi + a**2 * (xi / 2 - mp.sin(2 * xi) / 4)) / (2 * kept**2)
            )
            low, high = mp.mpf(0), t
            for _ in range(4 * digits):
                xi = (low + high) / 2
                low, high = (xi, high) if xi + self.place(xi) < t else (low, xi)
            across = a * mp.sin(xi)
            ahead = (1 + across**2 - kept**2) / (2 * kept)
            gamma = kept + ahead
            self.gamma, self.lag = float(gamma), float(xi)
            self.one_minus_speed = float(1 - mp.sqrt(across**2 + ahead**2) / gamma)
            self.momentum = np.array([float(ahead), float(across), 0.0])
            self.position = np.array([float(self.place(xi)), float(a * (1 - mp.cos(xi)) / kept), 0])
            self.proper_time = float(xi / kept)
