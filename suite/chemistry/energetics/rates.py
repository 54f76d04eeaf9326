"""Rate constants by transition-state theory, and the tunnelling through its barrier."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad

from suite.chemistry.energetics.thermochemistry import ATOMIC_PRESSURE, BOLTZMANN, Thermochemistry
from suite.chemistry.stationary.modes import WAVENUMBER
from suite.errors import InputError

__all__ = ["Rate", "eckart", "rate", "rate_constant", "transmission", "wigner"]

Vector = NDArray[np.float64]

ATOMIC_TIME = 2.4188843265857e-17
"""The atomic unit of time in seconds, CODATA 2018."""
BOHR_CM = 0.529177210903e-8
"""One bohr in cm, CODATA 2018."""
FAR = 60.0
"""Thermal energies over the barrier at which nothing is left to integrate: exp(-60) is 1e-26."""
LARGEST = 690.0
"""The largest exponent of a factor that a double still holds."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate constant of one direction at one temperature.

    `gibbs_barrier` in hartree; `classical` without tunnelling, `wigner` and `eckart` the factors to
    multiply it by (`eckart` None where its model does not apply, and `reason` says why); `unit` is
    1/s for one reactant and cm³/molecule/s for two.
    """

    gibbs_barrier: float
    classical: float
    wigner: float
    eckart: float | None
    temperature: float
    unit: str
    reason: str = ""

    @property
    def constant(self) -> float:
        """The rate constant with Eckart's factor, or Wigner's where Eckart's does not apply."""
        return self.classical * (self.wigner if self.eckart is None else self.eckart)

    def summary(self) -> dict[str, Any]:
        """Plain values for a file."""
        return {
            "rate_constant": self.constant,
            "unit": self.unit,
            "temperature_kelvin": self.temperature,
            "without_tunnelling": self.classical,
            "wigner_factor": self.wigner,
            "eckart_factor": self.eckart,
            "tunnelling": "wigner" if self.eckart is None else "eckart",
            "reason": self.reason,
        }


def rate(
    reactant: Thermochemistry,
    saddle: Thermochemistry,
    product: Thermochemistry,
    *,
    imaginary: float | None = None,
) -> Rate:
    """The rate constant from reactant to product over a saddle.

    One side that is several molecules is given by `thermochemistry.together`.
    `imaginary` is the wavenumber (cm⁻¹) of the saddle's reaction coordinate, by default the one
    that its thermochemistry left out. The barriers that tunnelling goes through include the
    zero-point energies. Equivalent ways to react are counted by the symmetry numbers; that of a
    saddle halfway between two equal sides must not count the rotation that exchanges them (Pollak
    and Pechukas, J. Am. Chem. Soc. 100, 2984 (1978)). Raises `InputError` where conditions differ
    or no imaginary mode is known.
    """
    conditions = {(p.temperature, p.pressure, p.quasi) for p in (reactant, saddle, product)}
    if len(conditions) > 1:
        raise InputError(
            "Reactant, saddle and product must be at the same temperature, pressure and treatment "
            f"of low modes. Got {sorted(map(str, conditions))}."
        )
    if imaginary is None and len(saddle.left_out) != 1:
        raise InputError(
            f"The saddle's thermochemistry left out {len(saddle.left_out)} imaginary modes instead "
            f"of one: compute it with order=1, or give imaginary= in cm⁻¹."
        )
    wavenumber = saddle.left_out[0] if imaginary is None else imaginary
    temperature = saddle.temperature
    barrier = saddle.gibbs - reactant.gibbs
    top = saddle.energy + saddle.zero_point
    factor, reason = None, ""
    try:
        factor = eckart(
            wavenumber,
            top - reactant.energy - reactant.zero_point,
            top - product.energy - product.zero_point,
            temperature,
        )
    except InputError as error:
        reason = str(error)
    return Rate(
        gibbs_barrier=barrier,
        classical=rate_constant(
            barrier, temperature, molecularity=reactant.molecules, pressure=saddle.pressure
        ),
        wigner=wigner(wavenumber, temperature),
        eckart=factor,
        temperature=temperature,
        unit=_unit(reactant.molecules),
        reason=reason,
    )


def rate_constant(
    gibbs_barrier: float,
    temperature: float,
    *,
    molecularity: int = 1,
    pressure: float = 101325.0,
    tunnelling: float = 1.0,
) -> float:
    """Eyring's rate constant, κ (kT/h) (kT/p)^(m-1) exp(-ΔG/kT).

    `gibbs_barrier` in hartree, of reactants and saddle at the same standard `pressure` (Pa), which
    a rate in concentrations does not depend on; `temperature` in K. Answers 1/s for one reactant,
    cm³/molecule/s for two, cm⁶/molecule²/s for three. Eyring, J. Chem. Phys. 3, 107 (1935).

    >>> round(rate_constant(0.0, 298.15) / 1e12, 3)
    6.212
    """
    _positive_temperature(temperature)
    if molecularity not in (1, 2, 3):
        raise InputError(f"molecularity must be 1, 2 or 3 reactants. Got {molecularity}.")
    if not (np.isfinite(pressure) and pressure > 0.0):
        raise InputError(f"pressure must be positive (Pa). Got {pressure}.")
    if not (np.isfinite(gibbs_barrier) and np.isfinite(tunnelling) and tunnelling > 0.0):
        raise InputError(
            f"gibbs_barrier must be finite and tunnelling positive. "
            f"Got {gibbs_barrier} and {tunnelling}."
        )
    thermal = BOLTZMANN * temperature
    attempts = thermal / (2.0 * np.pi * ATOMIC_TIME)
    room = thermal / (pressure / ATOMIC_PRESSURE) * BOHR_CM**3
    exponent = -gibbs_barrier / thermal
    if exponent > LARGEST:
        raise InputError(
            f"A barrier of {gibbs_barrier:.4g} hartree is no barrier: the state lies below the "
            f"reactants by {exponent:.0f} kT. Check that both were computed alike."
        )
    return float(tunnelling * attempts * room ** (molecularity - 1) * np.exp(exponent))


def wigner(imaginary: float, temperature: float) -> float:
    """Wigner's tunnelling factor, 1 + (hν/kT)²/24.

    `imaginary` wavenumber of the saddle in cm⁻¹ (of either sign), `temperature` in K. The first
    term of a series: for hν below about 2 kT only. Wigner, Z. Phys. Chem. B 19, 203 (1932).

    >>> round(wigner(-1000.0, 298.15), 4)
    1.9703
    """
    _positive_temperature(temperature)
    return float(1.0 + (_quantum(imaginary) / (BOLTZMANN * temperature)) ** 2 / 24.0)


def eckart(imaginary: float, forward: float, reverse: float, temperature: float) -> float:
    """Eckart's tunnelling factor of an unsymmetric barrier, thermally averaged.

    `imaginary` wavenumber of the saddle in cm⁻¹ (of either sign), `forward` and `reverse` barrier
    in hartree with zero-point energies, `temperature` in K. The factor is the same for both
    directions. Eckart, Phys. Rev. 35, 1303 (1930); Johnston and Heicklen, J. Phys. Chem. 66, 532
    (1962), eqs. 6 to 9. Raises `InputError` where a barrier is not positive (no saddle on the
    zero-point corrected surface) and where the factor passes the range of doubles.

    >>> round(eckart(-500.0, 0.02, 0.03, 1000.0), 4), round(wigner(-500.0, 1000.0), 4)
    (1.0246, 1.0216)
    """
    _positive_temperature(temperature)
    thermal, lower, higher = BOLTZMANN * temperature, *sorted((forward, reverse))
    quantum = _quantum(imaginary)
    _barriers(lower, higher)
    # Detailed balance: seen from the higher side nothing comes through below its own floor.
    floor = -lower / thermal

    def exponent(u: Vector) -> Vector:
        return _log_transmission(u * thermal + lower, quantum, lower, higher) - u

    def share(u: float) -> float:
        return float(np.exp(exponent(np.array(u)) - height))

    grid = floor * np.linspace(1.0, 0.0, 2001)[1:]
    heights = exponent(grid)
    height = float(np.max(heights))
    if height > LARGEST:
        raise InputError(
            f"At {temperature:g} K the Eckart factor of this barrier passes 1e300: "
            f"nothing goes over it any more, and a thermal rate has no meaning here."
        )
    # Most of what lies below the top counts for nothing, and a quadrature could miss what does.
    first = int(np.argmax(heights > height - FAR))
    lowest = floor if first == 0 else float(grid[first - 1])
    edges = [*np.linspace(lowest, 0.0, 9).tolist(), 5.0, FAR]
    pieces = [
        quad(share, low, high, epsabs=1e-12, epsrel=1e-9, limit=200)[0]
        for low, high in pairwise(edges)
    ]
    return float(np.exp(height) * sum(pieces))


def transmission(energy: Vector, imaginary: float, forward: float, reverse: float) -> Vector:
    """The probability that a particle of an energy passes Eckart's barrier.

    `energy` [...] in hartree above the foot of the forward side; the rest as in `eckart`. Below the
    foot of the other side it is 0.

    >>> transmission(np.array([0.0, 0.02, 0.2]), 1000.0, 0.02, 0.03).round(3)
    array([0.   , 0.518, 1.   ])
    """
    energy = np.asarray(energy, float)
    quantum = _quantum(imaginary)
    _barriers(forward, reverse)
    open_side = energy > max(0.0, forward - reverse)
    inside = np.where(open_side, energy, forward)
    return np.where(open_side, np.exp(_log_transmission(inside, quantum, forward, reverse)), 0.0)


def _log_transmission(energy: Vector, quantum: float, forward: float, reverse: float) -> Vector:
    """ln of Johnston and Heicklen's eq. 7; 2 sinh x sinh y / (cosh(x + y) + cosh d), from both.

    Through exponents, since the hyperbolic functions of a heavy atom's barrier overflow.
    """
    a, b = 2.0 * np.pi * forward / quantum, 2.0 * np.pi * reverse / quantum
    scale = 2.0 / (a**-0.5 + b**-0.5)
    x = scale * np.sqrt(energy / quantum * 2.0 * np.pi)
    y = scale * np.sqrt(np.maximum(energy - forward + reverse, 0.0) / quantum * 2.0 * np.pi)
    d = 4.0 * a * b - np.pi**2
    top = _log_minus(2.0 * x) + _log_minus(2.0 * y)
    ends = np.log1p(np.exp(-2.0 * (x + y)))
    if d >= 0.0:
        root = np.sqrt(d)
        middle = np.logaddexp(root - x - y, -root - x - y)
        return np.asarray(top - np.logaddexp(ends, middle))
    # A flat, thin barrier: the hyperbolic cosine has turned into a cosine.
    middle = 2.0 * np.cos(np.sqrt(-d)) * np.exp(-x - y)
    return np.asarray(top - np.log(np.exp(ends) + middle))


def _log_minus(z: Vector) -> Vector:
    """ln(1 - exp(-z)), with -1e300 for the closed channel z = 0."""
    return np.asarray(np.log(np.maximum(-np.expm1(-z), 1e-300)))


def _quantum(imaginary: float) -> float:
    size = abs(imaginary)
    if not (np.isfinite(size) and size > 0.0):
        raise InputError(f"The imaginary wavenumber must not be zero (cm⁻¹). Got {imaginary}.")
    return size / WAVENUMBER


def _positive_temperature(temperature: float) -> None:
    if not (np.isfinite(temperature) and temperature > 0.0):
        raise InputError(f"temperature must be positive (K). Got {temperature}.")


def _barriers(forward: float, reverse: float) -> None:
    if not (0.0 < forward < np.inf and 0.0 < reverse < np.inf):
        raise InputError(
            f"Eckart's barrier must be positive from both sides with zero-point energies. "
            f"Got {forward:.6f} and {reverse:.6f} hartree: use Wigner's factor."
        )


def _unit(molecularity: int) -> str:
    return {1: "1/s", 2: "cm3/molecule/s"}.get(molecularity, "cm6/molecule2/s")
