"""Adaptive steps that are measured: implied volatility, reaction paths, VQE, dynamics.

The sub-packages load on first use: `suite.core`, `suite.finance`, `suite.chemistry`,
`suite.quantum`, `suite.dynamics`.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["__version__", "chemistry", "core", "dynamics", "errors", "finance", "quantum", "report"]
__version__ = "0.1.0"


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"suite.{name}")
    raise AttributeError(f"module 'suite' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
