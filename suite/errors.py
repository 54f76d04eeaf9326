"""Every exception the package raises on purpose, one class per thing a caller can do about it.

SuiteError
├── InputError             the data or an option is wrong: correct it            (also ValueError)
│   └── MissingBackend     no such machine, or no account for it: take another   (also LookupError)
├── MissingPackage         an optional package is absent: install it             (also ImportError)
├── AttemptFailed          a trial step could not be measured: try another (also ArithmeticError)
│   └── OutOfDomain        a function is not defined there: start elsewhere (also InputError)
├── BudgetExhausted        paid work would pass its budget: raise it or stop     (also RuntimeError)
├── JobFailed              a service gave no result: go on with the run later    (also RuntimeError)
└── StoreError             the run file cannot be used                           (also OSError)
    ├── StoreLocked        another process writes this run: wait or stop it
    ├── StoreMismatch      the run was started with other inputs: use another folder
    └── StoreUnreadable    not a run file, damaged, or of another schema
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "AttemptFailed",
    "BudgetExhausted",
    "InputError",
    "JobFailed",
    "MissingBackend",
    "MissingPackage",
    "OutOfDomain",
    "StoreError",
    "StoreLocked",
    "StoreMismatch",
    "StoreUnreadable",
    "SuiteError",
    "missing",
]


class SuiteError(Exception):
    """Anything the package refuses or cannot do, told in one sentence."""


class InputError(SuiteError, ValueError):
    """The input is refused; the sentence names the value, its place and what is allowed."""


class MissingBackend(InputError, LookupError):
    """A machine is not there, or the account that it needs; the sentence says which are, or how to
    save one."""


class MissingPackage(SuiteError, ImportError):
    """An optional package is not installed; the sentence ends with the line that installs it."""


def missing(package: str, extra: str) -> MissingPackage:
    """The exception that says how to install a package.

    >>> str(missing("Qiskit", "quantum"))
    "Qiskit is needed for this. Install it: pip install 'suite-adaptive[quantum]'"
    """
    return MissingPackage(
        f"{package} is needed for this. Install it: pip install 'suite-adaptive[{extra}]'"
    )


class AttemptFailed(SuiteError, ArithmeticError):
    """A trial step could not be measured; the driver counts it as a refusal.

    `cost` is what the failed attempt spent all the same, `learned` the state to go on from if
    the failure taught something worth keeping.
    """

    def __init__(
        self, sentence: str, cost: Mapping[str, int] | None = None, learned: Any = None
    ) -> None:
        super().__init__(sentence)
        self.cost: Mapping[str, int] = cost or {}
        self.learned = learned


class OutOfDomain(AttemptFailed, InputError):
    """A function is not defined where it was asked for: at the start the input is to blame, later
    the step."""


class BudgetExhausted(SuiteError, RuntimeError):
    """Paid work was refused before it was submitted, because it would pass the budget."""


class JobFailed(SuiteError, RuntimeError):
    """A service gave no usable result; the sentence has its words, but no secrets."""


class StoreError(SuiteError, OSError):
    """The run file cannot be written or read."""


class StoreLocked(StoreError):
    """Another living process is writing this run."""


class StoreMismatch(StoreError):
    """The stored run has other inputs, options or versions than the ones asked for."""


class StoreUnreadable(StoreError):
    """The file is damaged, is no run file, or has another schema version."""
