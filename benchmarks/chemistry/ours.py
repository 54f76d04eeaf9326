"""`suite` on a counted surface: the one place that knows its interface."""

import numpy as np
from peers import Setting, Traced

from suite.chemistry import trace
from suite.molecule import BOHR

PROGRAM = "suite"
SETTINGS = [
    Setting(PROGRAM, "accuracy 0.01", 0.01, default=True),
    Setting(PROGRAM, "accuracy 0.003", 0.003),
    Setting(PROGRAM, "accuracy 0.03", 0.03),
]


def suite(counted, case, start, accuracy):
    """`suite.chemistry.trace`, with its own error estimate a frame (amu^1/2 bohr)."""
    # Peers do not prove the ends; what that adds is in the summary of any run.
    path = trace(counted, start=start, accuracy=accuracy, ends=False)
    summary = path.summary()
    own = {
        "error_estimate": np.asarray(path.error_estimate).tolist(),
        "gradients_it_counts": summary["gradients"],
        "gradients_by_task": summary.get("gradients_by_task"),
        "refused": summary["record"]["refused"],
    }
    frames = np.asarray(path.coordinates) / BOHR
    sides = ", ".join(f"{side}: {status.name.lower()}" for side, status in path.status.items())
    return Traced(frames, np.asarray(path.energy), sides, own)
