"""The tables of a reaction path: barriers, rates, and what the ends are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.report.page import Grid, Section

__all__ = ["SIDES", "barriers", "ends", "frequencies", "plain", "rates", "sentence"]

SIDES = ("reverse", "forward")
BARRIERS = {
    "barrier_electronic_kcal_mol": "electronic energy (kcal/mol)",
    "barrier_zero_point_kcal_mol": "with zero-point energy (kcal/mol)",
    "barrier_enthalpy_kcal_mol": "enthalpy (kcal/mol)",
    "barrier_gibbs_kcal_mol": "Gibbs energy (kcal/mol)",
}


def barriers(summary: Mapping[str, Any]) -> Section | None:
    """The table of barriers from both ends, and of the reaction, as far as they are known."""
    thermo = summary.get("thermochemistry")
    if not thermo:
        return None
    sides = [dict(thermo.get(side) or {}) for side in SIDES]
    for name, side in zip(SIDES, sides, strict=True):
        side.setdefault("barrier_electronic_kcal_mol", summary.get(f"barrier_{name}_kcal_mol"))
    rows = [
        _barrier_row(label, [side.get(key) for side in sides]) for key, label in BARRIERS.items()
    ]
    apart = [side.get("separate") or {} for side in sides]
    rows += [
        _barrier_row(f"fragments apart: {label}", _beside(sides, apart, key))
        for key, label in BARRIERS.items()
        if any(apart)
    ]
    rows = [row for row in rows if any(row[1:])]
    if not rows:
        return None
    names = ["", *(f"{side} end{_formula(summary, side)} to saddle" for side in SIDES)]
    names.append("reverse to forward end")
    words = ["The saddle above each end, and the forward end above the reverse end."]
    if any(side.get("molecules", 1) > 1 for side in sides):
        words.append("An end of several molecules counts as each of them optimised alone.")
    if any(apart):
        words.append(
            "An end that is a complex counts as one molecule; in the lower rows, as its fragments, "
            "each optimised alone."
        )
    words.append(thermo.get("sentence") or _conditions(thermo))
    text = " ".join(word for word in words if word)
    return Section("Barriers", text, grid=Grid(names, rows, prose=True))


def _beside(
    sides: Sequence[Mapping[str, Any]], apart: Sequence[Mapping[str, Any]], key: str
) -> list[float | None]:
    """Barriers from the fragments apart, and from the end itself where it has none."""
    return [(alone or side).get(key) for side, alone in zip(sides, apart, strict=True)]


def _conditions(thermo: Mapping[str, Any]) -> str:
    at = []
    if thermo.get("temperature_K") is not None:
        at.append(f"{thermo['temperature_K']:g} K")
    if thermo.get("pressure_Pa") is not None:
        at.append(f"{thermo['pressure_Pa']:g} Pa")
    return f"Enthalpies and Gibbs energies at {' and '.join(at)}." if at else ""


def _barrier_row(label: str, values: Sequence[float | None]) -> list[str]:
    reverse, forward = values
    both = reverse is not None and forward is not None
    # "z": what rounds to zero has no sign.
    difference = f"{reverse - forward:z.2f}" if both else ""  # type: ignore[operator]
    return [label, *("" if v is None else f"{v:.2f}" for v in values), difference]


def rates(summary: Mapping[str, Any]) -> Section | None:
    """The rate constants from both ends, where there are any."""
    thermo = summary.get("thermochemistry") or {}
    table = {}
    for side in SIDES:
        known = thermo.get(side) or {}
        name = f"from the {side} end{_formula(summary, side)}"
        table[name] = _rate(known)
        table[f"{name}, fragments apart"] = _rate(known.get("separate") or {})
    table = {name: words for name, words in table.items() if words}
    if not table:
        return None
    at = thermo.get("temperature_K")
    text = "Rate constants of transition-state theory" + ("." if at is None else f" at {at:g} K.")
    return Section("Rates", text, table=table)


def _rate(known: Mapping[str, Any]) -> str:
    """A rate constant in words; a sentence alone where there is none; '' where neither."""
    told = str(known.get("rate_sentence") or "")
    if known.get("rate") is None:
        return told
    words = f"{known['rate']:.3g} {known.get('rate_unit', '')}".strip()
    if known.get("tunnelling"):
        words += f", {known['tunnelling']} tunnelling"
    if known.get("tunnelling_factor") is not None:
        words += f" (factor {known['tunnelling_factor']:.3g})"
    return f"{words}. {told}" if told else words


def _formula(summary: Mapping[str, Any], side: str) -> str:
    found = _fragments((summary.get("ends") or {}).get(side) or {})
    return f" ({found})" if found else ""


def _fragments(end: Mapping[str, Any]) -> str:
    found = end.get("fragments") or ""
    return found if isinstance(found, str) else " + ".join(str(part) for part in found)


def ends(summary: Mapping[str, Any]) -> Section | None:
    """What each end is: its kind, fragments, SMILES and frequencies."""
    known = summary.get("ends") or {}
    found = [(side, known[side]) for side in SIDES if known.get(side)]
    if not found:
        return None
    lines = {
        "what": [plain(end.get("kind", "")) for _, end in found],
        "": [end.get("sentence", "") for _, end in found],
        "fragments": [_fragments(end) for _, end in found],
        "SMILES": [end.get("smiles") or "" for _, end in found],
        "frequencies (cm⁻¹)": [frequencies(end.get("wavenumbers")) for _, end in found],
        "each alone (hartree, cm⁻¹)": [_alone(end) for _, end in found],
    }
    rows = [[name, *cells] for name, cells in lines.items() if any(cells)]
    names = ["", *(f"{side} end" for side, _ in found)]
    text = sentence(summary["connectivity"]) if summary.get("connectivity") else ""
    return Section("The ends", text, grid=Grid(names, rows, prose=True))


def _alone(end: Mapping[str, Any]) -> str:
    """The fragments of an end, each with its energy and its frequencies."""
    parts = (end.get("separate") or {}).get("parts") or []
    told = (
        f"{part['name']}: {part['energy']:.6f}; {frequencies(part['wavenumbers'])}"
        for part in parts
    )
    return ". ".join(words.removesuffix("; ") for words in told)


def frequencies(wavenumbers: Sequence[float] | None) -> str:
    """Wavenumbers in a line, imaginary ones as chemists write them.

    >>> frequencies([-212.3, 350.0])
    '212i, 350'
    """
    if wavenumbers is None:
        return ""
    return ", ".join(f"{abs(w):.0f}{'i' if w < 0.0 else ''}" for w in wavenumbers)


def sentence(words: str) -> str:
    """Words that end like a sentence."""
    return words if words.endswith((".", "!", "?")) else f"{words}."


def plain(status: Any) -> str:
    """The name of a status without its underscores."""
    return str(status).replace("_", " ")
