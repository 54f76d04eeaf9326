"""The adaptive-step core: metrics, control laws, two drivers, the record and the store.

It knows no molecule, price or qubit. A domain writes `attempt(state, step) -> Trial`; see
`docs/core.md` for one written from scratch.
"""

from suite.core.control import (
    H211B,
    INTEGRAL,
    PI,
    PREDICTIVE,
    Anneal,
    Both,
    Damping,
    ErrorControl,
    Fixed,
    TrustRegion,
)
from suite.core.lanes import Rows, lanes
from suite.core.law import Law, Signal, Step, Verdict
from suite.core.march import Attempt, Point, Trial, begin, finish, march, relay
from suite.core.metric import Dense, Diagonal, Euclidean, Metric
from suite.core.noisy_gain import NoisyGain
from suite.core.record import Record, Tally
from suite.core.run import run
from suite.core.status import Status
from suite.core.store import Reader, Store

__all__ = [
    "H211B",
    "INTEGRAL",
    "PI",
    "PREDICTIVE",
    "Anneal",
    "Attempt",
    "Both",
    "Damping",
    "Dense",
    "Diagonal",
    "ErrorControl",
    "Euclidean",
    "Fixed",
    "Law",
    "Metric",
    "NoisyGain",
    "Point",
    "Reader",
    "Record",
    "Rows",
    "Signal",
    "Status",
    "Step",
    "Store",
    "Tally",
    "Trial",
    "TrustRegion",
    "Verdict",
    "begin",
    "finish",
    "lanes",
    "march",
    "relay",
    "run",
]
