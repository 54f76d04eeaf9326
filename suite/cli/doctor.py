"""`suite doctor`: what is installed, and the line that installs what is not."""

from __future__ import annotations

import json as json_text
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

from cyclopts import Parameter

from suite import __version__
from suite.cli.output import print_table

__all__ = ["doctor"]

EXTRAS = {
    "finance": ("scipy", "pandas", "pyarrow", "llvmlite"),
    "tables": ("duckdb", "polars"),
    "chemistry": ("scipy", "pyscf"),
    "quantum": ("scipy", "pyscf", "qiskit", "llvmlite"),
    "ibm": ("qiskit-ibm-runtime", "qiskit-aer"),
    "dynamics": ("scipy",),
    "compiled": ("numba",),
    "report": ("plotly",),
    "distributed": ("dask", "distributed"),
    "learning": ("scipy", "jax"),
}


def doctor(*, json: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Versions, threads, backends, and what is not installed.

    Parameters
    ----------
    json
        Print as JSON.
    """
    found = {"suite": __version__, "python": platform.python_version(), "numpy": version("numpy")}
    threads = os.environ.get("OMP_NUM_THREADS")
    rows: dict[str, str] = {
        **found,
        "platform": platform.platform(terse=True),
        "cores": str(os.cpu_count()),
        "threads": f"OMP_NUM_THREADS={threads}" if threads else "OMP_NUM_THREADS is not set",
    }
    for extra, packages in EXTRAS.items():
        rows[extra] = _state(extra, packages)
    rows["quantum backends"] = _quantum_backends()
    if json:
        print(json_text.dumps(rows, indent=1))
    else:
        print_table("suite doctor", rows)
    return 0


def _quantum_backends() -> str:
    if not _has("qiskit"):
        return "none"
    names = ["exact", "simulator", "statevector"]
    names += ["aer"] * _has("qiskit-aer")
    names += ["fake:manila and its kin", "ibm:NAME"] * _has("qiskit-ibm-runtime")
    return ", ".join(names)


def _state(extra: str, packages: tuple[str, ...]) -> str:
    missing = [package for package in packages if not _has(package)]
    if missing:
        names = " and ".join(missing)
        return f"{names} missing: pip install 'suite-adaptive[{extra}]'"
    return ", ".join(f"{package} {version(package)}" for package in packages)


def _has(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
