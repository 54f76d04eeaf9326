"""One core and thread for all that is imported after this, unless BENCHMARK_CORES is `all`."""

import os

_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "NUMEXPR", "VECLIB")
_CAN_PIN = hasattr(os, "sched_setaffinity")
CORES = sorted(os.sched_getaffinity(0)) if _CAN_PIN else [0]
PINNED = _CAN_PIN and os.environ.get("BENCHMARK_CORES") != "all"

if os.environ.get("BENCHMARK_CORES") != "all":
    os.environ |= {f"{name}_NUM_THREADS": "1" for name in _THREADS}
if PINNED:
    os.sched_setaffinity(0, CORES[-1:])


def everywhere():
    """How a process of its own gets all cores: its environment, and what it does first."""
    kept = {k: v for k, v in os.environ.items() if k.removesuffix("_NUM_THREADS") not in _THREADS}
    free = (lambda: os.sched_setaffinity(0, CORES)) if PINNED else None
    return {"env": kept | {"BENCHMARK_CORES": "all"}, "preexec_fn": free}
