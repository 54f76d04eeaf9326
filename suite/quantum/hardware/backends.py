"""Names of machines: simulators, fake devices with noise, and devices of IBM Quantum."""

from __future__ import annotations

import difflib
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from suite.errors import InputError, MissingBackend, MissingPackage, missing
from suite.quantum.hardware.primitives import (
    BACKEND,
    EXECUTOR,
    LEGACY,
    MODES,
    RUNTIME,
    STATEVECTOR,
    Machine,
    runtime_estimator,
)

__all__ = ["MOST_FAKE_QUBITS", "fake_names", "machine_of", "without_secrets"]

MOST_FAKE_QUBITS = 27
"""Qubits up to which a fake device is simulated: Aer holds no larger state with noise."""

_MOST_WHOLE_QUBITS = 7  # of which every row takes less than a second
_SIMULATORS = ("statevector", "aer")
_VARIABLES = ("QISKIT_IBM_TOKEN", "IBM_QUANTUM_TOKEN", "QISKIT_IBM_RUNTIME_TOKEN")
_HIDDEN = "[hidden]"
# What looks like a credential in the words of a library: a header, or a named value.
_CREDENTIAL = re.compile(
    r"(?i)((?:bearer|apikey|api_key|token|authorization|password)\W{1,4}(?:bearer\s+)?)"
    r"[A-Za-z0-9_\-\.=+/]{12,}"
)


def machine_of(
    backend: Any,
    *,
    mode: str = "job",
    resilience: int | None = None,
    estimator: str | None = None,
    seed: int = 0,
) -> Machine:
    """The machine of a name, or of a Qiskit backend.

    Names: "statevector", "aer", "fake:manila" (any fake device of up to 27 qubits), "ibm:NAME" (a
    device of the account that Qiskit has saved or that the environment names). `mode` is "job"
    (the default: only time on the machine is charged), "batch" or "session"; `resilience` the level
    of error mitigation, 0 to 2 (default 1 on devices, 0 on fakes); `estimator` "executor" or
    "legacy" of qiskit-ibm-runtime (default: what is installed; "legacy" on fake devices of more
    than 7 qubits without mitigation, where it is several times faster). Raises `MissingBackend`
    (an `InputError`) with the nearest names for one that is unknown, and where there is no account.

    >>> machine_of("statevector").name
    'statevector'
    >>> machine_of("stavector")
    Traceback (most recent call last):
    ...
    suite.errors.MissingBackend: There is no backend 'stavector'. Did you mean 'statevector'?
    """
    _check_options(mode, resilience, estimator)
    if not isinstance(backend, str):
        return _of_backend(backend, mode, resilience, estimator, seed)
    name = backend.strip()
    kind, colon, device = name.partition(":")
    if name == "statevector":
        return Machine(name, STATEVECTOR, seed=seed)
    if name == "aer":
        return Machine(name, BACKEND, _aer(), seed=seed)
    if kind == "fake" and colon:
        made = _fake(device)
        which = _for_fake(estimator, resilience, int(made.num_qubits))
        level = 0 if resilience is None else resilience
        return Machine(name, RUNTIME, made, None, mode, level, which, seed)
    if kind == "ibm" and colon:
        service = _service()
        device_of = _device(service, device)
        return _of_device(name, device_of, service, mode, resilience, estimator, seed)
    raise MissingBackend(f"There is no backend {name!r}.{_nearest(name)}")


def _for_fake(estimator: str | None, resilience: int | None, qubits: int) -> str:
    """The estimator of a fake device: the newer one simulates all its qubits, used or not."""
    if estimator is None and not resilience and qubits > _MOST_WHOLE_QUBITS:
        try:
            return runtime_estimator(LEGACY)[0]
        except MissingPackage:
            pass
    return runtime_estimator(estimator)[0]


def _check_options(mode: str, resilience: int | None, estimator: str | None) -> None:
    if mode not in MODES:
        raise InputError(f"The mode of execution must be one of {', '.join(MODES)}. Got {mode!r}.")
    if resilience not in (None, 0, 1, 2):
        raise InputError(f"resilience must be 0, 1 or 2. Got {resilience!r}.")
    if estimator not in (None, EXECUTOR, LEGACY):
        raise InputError(f"estimator must be {EXECUTOR!r} or {LEGACY!r}. Got {estimator!r}.")


def _of_backend(
    backend: Any, mode: str, resilience: int | None, estimator: str | None, seed: int
) -> Machine:
    if isinstance(backend, type) or not hasattr(backend, "target") or not hasattr(backend, "run"):
        own = " Give an estimator's own backend." if "Estimator" in type(backend).__name__ else ""
        raise InputError(
            "backend must be a name, such as 'fake:manila', or a Qiskit backend. "
            f"Got {backend!r}.{own}"
        )
    name = str(getattr(backend, "name", type(backend).__name__))
    module = type(backend).__module__
    if module == "qiskit_ibm_runtime.ibm_backend":
        return _of_device(
            f"ibm:{name}", backend, backend.service, mode, resilience, estimator, seed
        )
    return Machine(name, BACKEND, backend, seed=seed)


def _of_device(
    name: str,
    backend: Any,
    service: Any,
    mode: str,
    resilience: int | None,
    estimator: str | None,
    seed: int,
) -> Machine:
    open_plan = _is_open_plan(service, backend)
    if open_plan and mode == "session":
        raise InputError(
            f"The open plan has no sessions: run on {name} with the mode 'job' or 'batch'."
        )
    which, _ = runtime_estimator(estimator)
    level = 1 if resilience is None else resilience
    return Machine(name, RUNTIME, backend, service, mode, level, which, seed, open_plan)


def _aer() -> Any:
    try:
        from qiskit_aer import AerSimulator
    except ImportError as error:
        raise missing("qiskit-aer", "ibm") from error
    return AerSimulator()


@cache
def _fakes() -> dict[str, Any]:
    """The classes of fake devices by short name."""
    try:
        from qiskit_ibm_runtime import fake_provider
    except ImportError as error:
        raise missing("qiskit-ibm-runtime", "ibm") from error
    found = {}
    for label in dir(fake_provider):
        if label.startswith("Fake") and not label.startswith("FakeProvider"):
            name = getattr(getattr(fake_provider, label), "backend_name", None)
            if name:
                found[str(name).removeprefix("fake_")] = getattr(fake_provider, label)
    return found


def fake_names() -> tuple[str, ...]:
    """Names of the fake devices that are small enough to be simulated."""
    return tuple(f"fake:{name}" for name, made in sorted(_fakes().items()) if _is_small(made))


@cache
def _is_small(made: Any) -> bool:
    """Whether a fake device can be simulated, by its configuration alone: to build all is slow."""
    try:
        text = (Path(made.dirname) / made.conf_filename).read_text(encoding="utf-8")
        return int(json.loads(text)["n_qubits"]) <= MOST_FAKE_QUBITS
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False


def _fake(device: str) -> Any:
    made = _fakes().get(device.removeprefix("fake_").lower())
    if made is None:
        raise MissingBackend(f"There is no backend 'fake:{device}'.{_nearest(f'fake:{device}')}")
    backend = made()
    if backend.num_qubits > MOST_FAKE_QUBITS:
        raise InputError(
            f"fake:{device} has {backend.num_qubits} qubits, too many to simulate with noise; "
            f"take one of at most {MOST_FAKE_QUBITS}, such as fake:guadalupe (16)."
        )
    _aer()  # without it a fake device would be run without its noise
    return backend


def _nearest(name: str) -> str:
    known = {each: each for each in _SIMULATORS}
    try:
        known |= {each: each for each in fake_names()}
    except ImportError:
        known["fake:manila"] = "fake:manila"
    if ":" not in name:
        known |= {each.partition(":")[2] or each: each for each in known}
    near = [known[each] for each in difflib.get_close_matches(name.lower(), known, 3)]
    if near:
        listed = " or ".join(repr(each) for each in dict.fromkeys(near))
        return f" Did you mean {listed}?"
    return " Known are 'statevector', 'aer', 'fake:NAME' such as 'fake:manila', and 'ibm:NAME'."


def _service() -> Any:
    """The service of the account that Qiskit finds by itself; its token is never ours."""
    try:
        from qiskit_ibm_runtime import QiskitRuntimeService
        from qiskit_ibm_runtime.accounts import AccountNotFoundError
    except ImportError as error:
        raise missing("qiskit-ibm-runtime", "ibm") from error
    try:
        return QiskitRuntimeService()
    except AccountNotFoundError:
        raise MissingBackend(
            "No IBM Quantum account was found: save one once with "
            "QiskitRuntimeService.save_account(token=...), or set QISKIT_IBM_TOKEN; "
            "'fake:manila' needs none."
        ) from None
    except Exception as error:  # what a library says of an account may quote it
        words = without_secrets(" ".join(str(error).split()))
        raise MissingBackend(f"The IBM Quantum account cannot be used: {words}") from None


def _device(service: Any, device: str) -> Any:
    try:
        return service.backend(device)
    except Exception as error:
        known = _device_names(service)
        near = difflib.get_close_matches(device, known, 3)
        if device not in known and known:
            listed = " or ".join(repr(f"ibm:{each}") for each in near) or ", ".join(known)
            raise MissingBackend(
                f"The account has no backend 'ibm:{device}'. Did you mean {listed}?"
            ) from None
        words = without_secrets(" ".join(str(error).split()))
        raise MissingBackend(f"ibm:{device} cannot be used: {words}") from None


def _device_names(service: Any) -> list[str]:
    try:
        return [str(each.name) for each in service.backends()]
    except Exception:  # the names are a hint beside a sentence that is said in any case
        return []


def _is_open_plan(service: Any, backend: Any) -> bool:
    """Whether the jobs go to an instance of the open plan; unknown counts as not."""
    try:
        instance = getattr(backend, "_instance", None) or service.active_instance()
        plans = {each.get("crn"): str(each.get("plan", "")) for each in service.instances()}
    except Exception:  # only the plan's share of a month hangs on it
        return False
    return plans.get(instance, "").lower() == "open"


def without_secrets(words: str) -> str:
    """Words of a library with every token that is known, or looks like one, taken out.

    >>> without_secrets("401 for Authorization: Bearer abcdefghijklmnop")
    '401 for Authorization: Bearer [hidden]'
    """
    for secret in _secrets():
        words = words.replace(secret, _HIDDEN)
    return _CREDENTIAL.sub(rf"\g<1>{_HIDDEN}", words)


def _secrets() -> set[str]:
    """Tokens in the environment and in Qiskit's own store, to be hidden if they are ever said."""
    found = {os.environ.get(name, "") for name in _VARIABLES}
    try:
        from qiskit_ibm_runtime import QiskitRuntimeService

        found |= {
            str(each.get("token", "")) for each in QiskitRuntimeService.saved_accounts().values()
        }
    except Exception:  # no readable store of accounts: no token of it can be said either
        found.add("")
    return {secret for secret in found if len(secret) >= 8}
