"""Thermochemistry of an ideal gas of molecules: rigid rotor, harmonic oscillator and its repair.

Everything inside is in atomic units, where a partition function needs no constant but the
temperature. McQuarrie, Statistical Mechanics (1976), chapters 5, 6 and 8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.stationary.modes import AMU, WAVENUMBER, internal_projector
from suite.errors import InputError

__all__ = [
    "ATOMIC_PRESSURE",
    "BOLTZMANN",
    "Contribution",
    "Thermochemistry",
    "is_linear",
    "thermochemistry",
    "together",
]

Vector = NDArray[np.float64]
Quasi = Literal["grimme", "truhlar"]

BOLTZMANN = 3.1668115634556e-6
"""Boltzmann's constant, hartree/K, CODATA 2018."""
ATOMIC_PRESSURE = 2.9421015697e13
"""One hartree/bohr³ in pascal, CODATA 2018."""
LOW = 100.0
"""Wavenumber (cm⁻¹) below which a mode is no harmonic oscillator any more: Grimme 2012, eq. 8."""
FREE_ROTOR = 3920204.640743
"""The largest moment of inertia a soft mode may have: 1e-44 kg m², in electron masses bohr²."""
SOFT = 50.0
"""Imaginary modes up to this (cm⁻¹) beyond the expected ones are noise of a soft mode."""
STILL = 0.1
"""Wavenumber (cm⁻¹) below which a mode is a free motion, of which an oscillator knows nothing."""


class Contribution(NamedTuple):
    """What one kind of motion adds: energy (hartree), entropy and heat capacity (hartree/K).

    The energy is the internal one; that of vibration includes the zero-point energy. The heat
    capacity is at constant volume.
    """

    energy: float
    entropy: float
    heat_capacity: float


@dataclass(frozen=True, slots=True)
class Thermochemistry:
    """Energies of an ideal gas at a temperature and pressure, in hartree a molecule.

    `energy` electronic, `zero_point`, `enthalpy` and `gibbs` (both with `energy` in them),
    `entropy` in hartree/K; `contributions` of translation, rotation, vibration and electrons.
    `molecules` is 1, or the number of separate ones that were put together. `left_out` are the
    imaginary wavenumbers (cm⁻¹) of the reaction coordinate, `turned` those small ones that were
    taken for real. `quasi` says how low modes were treated, None for plain oscillators.
    """

    energy: float
    zero_point: float
    enthalpy: float
    entropy: float
    gibbs: float
    temperature: float
    pressure: float
    quasi: Quasi | None
    contributions: Mapping[str, Contribution]
    molecules: int = 1
    left_out: tuple[float, ...] = ()
    turned: tuple[float, ...] = ()

    def summary(self) -> dict[str, Any]:
        """Plain values: hartree, hartree/K, kelvin, pascal, cm⁻¹."""
        return {
            "electronic_energy": self.energy,
            "zero_point": self.zero_point,
            "enthalpy": self.enthalpy,
            "entropy_per_kelvin": self.entropy,
            "gibbs": self.gibbs,
            "temperature_kelvin": self.temperature,
            "pressure_pascal": self.pressure,
            "low_modes": self.quasi or "harmonic",
            "molecules": self.molecules,
            "imaginary_left_out_cm1": list(self.left_out),
            "imaginary_taken_as_real_cm1": list(self.turned),
        }


def thermochemistry(
    energy: float,
    masses: Vector,
    coordinates_bohr: Vector,
    wavenumbers: Vector,
    *,
    temperature: float = 298.15,
    pressure: float = 101325.0,
    spin: int = 0,
    symmetry_number: int = 1,
    quasi: Quasi | None = "grimme",
    order: int = 0,
) -> Thermochemistry:
    """Enthalpy, entropy and Gibbs energy of a molecule as an ideal gas.

    `energy` electronic in hartree; `masses` [atoms] in amu; `coordinates_bohr` [atoms, 3] or flat;
    `wavenumbers` in cm⁻¹, imaginary ones negative: either the vibrations alone or all [3 atoms],
    of which the smallest six (five of a linear molecule) are taken for translation and rotation.
    `temperature` in kelvin, `pressure` in pascal, `spin` the number of unpaired electrons.
    `symmetry_number` is that of rotation, 1 unless told (`energetics.symmetry` counts it).
    `order` is the number of imaginary modes that belong there: 0 for a minimum, 1 for a saddle,
    whose mode is left out. Further ones below 50 cm⁻¹ are taken as real and named in `turned`.

    `quasi` repairs the entropy of modes about and below 100 cm⁻¹: "grimme" goes over to a free
    rotor (Grimme, Chem. Eur. J. 18, 9955 (2012), eqs. 3 to 8), "truhlar" raises them to 100 cm⁻¹
    (Ribeiro et al., J. Phys. Chem. B 115, 14556 (2011)), None leaves them; energies stay harmonic.
    Raises `InputError` for impossible conditions and for modes that fit no molecule of this kind.

    >>> atom = thermochemistry(-0.5, np.array([1.008]), np.zeros((1, 3)), np.array([]), spin=1)
    >>> round((atom.enthalpy - atom.energy) / BOLTZMANN / 298.15, 9), round(atom.gibbs, 4)
    (2.5, -0.5107)
    """
    masses, flat = np.asarray(masses, float), np.ravel(np.asarray(coordinates_bohr, float))
    if flat.size != 3 * masses.size or not masses.size:
        raise InputError(
            f"coordinates_bohr must be three an atom. Got {flat.size} for {masses.size} masses."
        )
    x = flat.reshape(-1, 3)
    _check(energy, masses, x, temperature, pressure, spin, symmetry_number)
    if quasi not in ("grimme", "truhlar", None):
        raise InputError(f"quasi must be 'grimme', 'truhlar' or None. Got {quasi!r}.")
    vibrations, left_out, turned = _vibrations(np.asarray(wavenumbers, float), x, masses, order)
    thermal = BOLTZMANN * temperature
    parts = {
        "translation": _translation(masses, thermal, pressure),
        "rotation": _rotation(masses, x, thermal, symmetry_number),
        "vibration": _vibration(vibrations, thermal, quasi),
        "electrons": Contribution(0.0, BOLTZMANN * float(np.log(spin + 1)), 0.0),
    }
    enthalpy = energy + sum(part.energy for part in parts.values()) + thermal
    entropy = sum(part.entropy for part in parts.values())
    return Thermochemistry(
        energy=float(energy),
        zero_point=0.5 * float(np.sum(vibrations)) / WAVENUMBER,
        enthalpy=enthalpy,
        entropy=entropy,
        gibbs=enthalpy - temperature * entropy,
        temperature=float(temperature),
        pressure=float(pressure),
        quasi=quasi,
        contributions=parts,
        left_out=left_out,
        turned=turned,
    )


def together(parts: Sequence[Thermochemistry]) -> Thermochemistry:
    """Separate molecules as one side of a reaction: every energy and entropy is the sum.

    Raises `InputError` where there is none or where they are not at the same conditions.

    >>> h = thermochemistry(-0.5, np.array([1.008]), np.zeros((1, 3)), np.array([]), spin=1)
    >>> together([h, h]).molecules, together([h, h]).gibbs == 2 * h.gibbs
    (2, True)
    """
    if not parts:
        raise InputError("Thermochemistry of no molecule at all was asked for: give one at least.")
    conditions = {(p.temperature, p.pressure, p.quasi) for p in parts}
    if len(conditions) > 1:
        found = "; ".join(f"{t:g} K, {p:g} Pa, {quasi}" for t, p, quasi in conditions)
        raise InputError(f"Only molecules at the same conditions can be put together. Got {found}.")
    first = parts[0]
    return Thermochemistry(
        energy=sum(p.energy for p in parts),
        zero_point=sum(p.zero_point for p in parts),
        enthalpy=sum(p.enthalpy for p in parts),
        entropy=sum(p.entropy for p in parts),
        gibbs=sum(p.gibbs for p in parts),
        temperature=first.temperature,
        pressure=first.pressure,
        quasi=first.quasi,
        contributions={
            kind: Contribution(*np.sum([p.contributions[kind] for p in parts], axis=0).tolist())
            for kind in first.contributions
        },
        molecules=sum(p.molecules for p in parts),
        left_out=tuple(w for p in parts for w in p.left_out),
        turned=tuple(w for p in parts for w in p.turned),
    )


def is_linear(masses: Vector, coordinates_bohr: Vector) -> bool:
    """Whether all atoms lie on one line, as `stationary.modes` sees it: two rotations only.

    `masses` [atoms] in amu, `coordinates_bohr` [atoms, 3] or flat.

    >>> is_linear(np.ones(2), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.4]]))
    True
    """
    x = np.asarray(coordinates_bohr, float).ravel()
    inside = round(float(np.trace(internal_projector(x, np.asarray(masses, float)))))
    return len(masses) > 1 and x.size - inside == 5


def _check(
    energy: float,
    masses: Vector,
    x: Vector,
    temperature: float,
    pressure: float,
    spin: int,
    symmetry_number: int,
) -> None:
    if not (np.all(masses > 0.0) and np.all(np.isfinite(masses))):
        raise InputError(f"masses must be positive (amu). Got {masses.tolist()}.")
    if not (np.isfinite(energy) and np.all(np.isfinite(x))):
        raise InputError("energy and coordinates must be finite numbers. Got NaN or infinity.")
    for name, value, unit in (("temperature", temperature, "K"), ("pressure", pressure, "Pa")):
        if not (np.isfinite(value) and value > 0.0):
            raise InputError(f"{name} must be positive ({unit}). Got {value}.")
    if spin < 0 or int(spin) != spin:
        raise InputError(f"spin is the number of unpaired electrons, 0 or more. Got {spin}.")
    if symmetry_number < 1 or int(symmetry_number) != symmetry_number:
        raise InputError(f"symmetry_number must be a whole number from 1. Got {symmetry_number}.")


def _vibrations(
    wavenumbers: Vector, x: Vector, masses: Vector, order: int
) -> tuple[Vector, tuple[float, ...], tuple[float, ...]]:
    """The real vibrations, the imaginary ones left out, and those taken as real."""
    all_of_them = 3 * len(x)
    count = 0 if len(x) == 1 else all_of_them - (5 if is_linear(masses, x) else 6)
    if wavenumbers.shape not in ((count,), (all_of_them,)) or not np.all(np.isfinite(wavenumbers)):
        raise InputError(
            f"wavenumbers must be {count} numbers (the vibrations) or {all_of_them}. "
            f"Got {wavenumbers.size}, {np.sum(~np.isfinite(wavenumbers))} of them not finite."
        )
    largest_last = wavenumbers[np.argsort(np.abs(wavenumbers))]
    own = np.sort(largest_last[len(largest_last) - count :])
    if order not in range(count + 1) or np.sum(own < 0.0) < order:
        raise InputError(
            f"order={order} asks for as many imaginary modes. Found {np.sum(own < 0.0)}: "
            f"is it the geometry of the saddle?"
        )
    left_out, rest = own[:order], own[order:]
    turned = rest[rest < 0.0]
    if np.any(turned < -SOFT):
        found = ", ".join(f"{-w:.0f}i" for w in own[own < 0.0])
        raise InputError(
            f"A stationary point with {order} imaginary modes was expected. Found {found} (cm⁻¹): "
            f"optimise it further, or give order= the number of imaginary modes."
        )
    return np.abs(rest), tuple(left_out.tolist()), tuple(turned.tolist())


def _translation(masses: Vector, thermal: float, pressure: float) -> Contribution:
    wave = (float(np.sum(masses)) * AMU * thermal / (2.0 * np.pi)) ** 1.5
    partition = wave * thermal / (pressure / ATOMIC_PRESSURE)
    entropy = BOLTZMANN * (2.5 + float(np.log(partition)))
    return Contribution(1.5 * thermal, entropy, 1.5 * BOLTZMANN)


def _rotation(masses: Vector, x: Vector, thermal: float, symmetry_number: int) -> Contribution:
    if len(x) == 1:
        return Contribution(0.0, 0.0, 0.0)
    constants = 1.0 / (2.0 * AMU * np.maximum(_moments(masses, x), 1e-300))
    if is_linear(masses, x):
        degrees, partition = 2, thermal / constants[2]
    else:
        degrees, partition = 3, np.sqrt(np.pi * np.prod(thermal / constants))
    half = 0.5 * degrees
    entropy = BOLTZMANN * (half + float(np.log(partition / symmetry_number)))
    return Contribution(half * thermal, entropy, half * BOLTZMANN)


def _moments(masses: Vector, x: Vector) -> Vector:
    """Principal moments of inertia [3], rising, amu bohr²."""
    place = x - np.average(x, axis=0, weights=masses)
    spread = np.einsum("a,ai,aj->ij", masses, place, place)
    return np.asarray(np.linalg.eigvalsh(np.trace(spread) * np.eye(3) - spread))


def _vibration(wavenumbers: Vector, thermal: float, quasi: Quasi | None) -> Contribution:
    if quasi is None and np.any(wavenumbers < STILL):
        raise InputError(
            f"A mode of {wavenumbers.min():.2g} cm⁻¹ has no entropy as a harmonic oscillator: "
            f"use quasi='grimme', or take the fragments as separate molecules."
        )
    quanta = np.maximum(wavenumbers, 1e-3) / WAVENUMBER
    ratio = quanta / thermal
    # exp(-ratio) / (1 - exp(-ratio)) without overflow for cold, stiff modes.
    filled = np.exp(-ratio) / -np.expm1(-ratio)
    energy = float(np.sum(quanta * (0.5 + filled)))
    capacity = float(np.sum(ratio**2 * filled * (1.0 + filled)))
    raised = np.maximum(quanta, LOW / WAVENUMBER) if quasi == "truhlar" else quanta
    entropy = _oscillator_entropy(raised / thermal)
    if quasi == "grimme":
        weight = 1.0 / (1.0 + (LOW / WAVENUMBER / quanta) ** 4)
        entropy = weight * entropy + (1.0 - weight) * _rotor_entropy(quanta, thermal)
    return Contribution(energy, BOLTZMANN * float(np.sum(entropy)), BOLTZMANN * capacity)


def _oscillator_entropy(ratio: Vector) -> Vector:
    """Entropy of harmonic oscillators in units of k, from quantum over thermal energy."""
    return np.asarray(ratio * np.exp(-ratio) / -np.expm1(-ratio) - np.log(-np.expm1(-ratio)))


def _rotor_entropy(quanta: Vector, thermal: float) -> Vector:
    """Entropy of free rotors of the same quanta in units of k; Grimme 2012, eqs. 4 to 6."""
    own = 1.0 / (2.0 * quanta)
    moment = own * FREE_ROTOR / (own + FREE_ROTOR)
    return np.asarray(0.5 + 0.5 * np.log(2.0 * np.pi * moment * thermal))
