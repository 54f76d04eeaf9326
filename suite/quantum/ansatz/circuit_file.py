"""Circuits of the user's own from files: OpenQASM 2 and 3, and Qiskit's QPY."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from suite.errors import InputError, MissingPackage, missing

__all__ = ["is_circuit_file", "read_circuit"]

ENDINGS = (".qasm", ".qpy")
QPY_MARK = b"QISKIT"
LEAST_QPY = 13
"""The first format of QPY that holds no expression to be evaluated (GHSA-6m2c-76ff-6vrf)."""

_VERSION = re.compile(r"^\s*OPENQASM\s+(\d)", re.MULTILINE)


def is_circuit_file(name: object) -> bool:
    """Whether an ansatz is given as the name of a file.

    >>> is_circuit_file("ansatz.qasm"), is_circuit_file("uccsd")
    (True, False)
    """
    return isinstance(name, str) and name.lower().endswith(ENDINGS)


def read_circuit(path: str | Path) -> Any:
    """The circuit of a file: .qasm (OpenQASM 2 or 3, by its first line) or .qpy with one circuit.

    Parameters are what OpenQASM 3 declares as `input float`; OpenQASM 2 knows none. Raises
    `InputError` for what cannot be read, and `MissingPackage` where OpenQASM 3 needs another one.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
        text = None if path.suffix.lower() == ".qpy" else raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a circuit: {error}") from error
    try:
        import qiskit  # noqa: F401
    except ImportError as error:
        raise missing("Qiskit", "quantum") from error
    return _qpy(raw, path) if text is None else _qasm(text, path)


def _qasm(text: str, path: Path) -> Any:
    from qiskit import qasm2, qasm3
    from qiskit.exceptions import MissingOptionalLibraryError, QiskitError

    found = _VERSION.search(text)
    if found is None:
        raise InputError(f"{path} is no OpenQASM: its first statement must be OPENQASM 2.0 or 3.0.")
    try:
        if found[1] == "2":
            return qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
        return qasm3.loads(text)
    except MissingOptionalLibraryError as error:
        raise MissingPackage(
            f"{path} is OpenQASM 3, which Qiskit reads by the package qiskit-qasm3-import. "
            "Install it: pip install qiskit-qasm3-import"
        ) from error
    except QiskitError as error:
        raise InputError(f"{path} cannot be read as OpenQASM: {error.message}") from error


def _qpy(raw: bytes, path: Path) -> Any:
    from qiskit import qpy

    if not raw.startswith(QPY_MARK) or len(raw) <= len(QPY_MARK):
        raise InputError(f"{path} is no QPY file.")
    if raw[len(QPY_MARK)] < LEAST_QPY:
        raise InputError(
            f"{path} is QPY of format {raw[len(QPY_MARK)]}, which may carry code that is run on "
            f"reading: write it again in format {LEAST_QPY} or later (Qiskit 1.3)."
        )
    try:
        circuits = qpy.load(io.BytesIO(raw))
    # Of a damaged file Qiskit's reader raises whatever it stumbles over.
    except Exception as error:
        raise InputError(f"{path} cannot be read as QPY: {error}") from error
    if len(circuits) != 1:
        raise InputError(f"{path} must hold one circuit. Got {len(circuits)}.")
    return circuits[0]
