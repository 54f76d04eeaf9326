"""The price of a run before anything is submitted, and the order of its jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from suite.errors import BudgetExhausted, InputError
from suite.quantum.hardware.pacing import JOBS_A_MINUTE, least_seconds
from suite.quantum.hardware.pricing import JOB_SECONDS, Price
from suite.quantum.request import ENERGY_FIRST, ORDERS, TOGETHER

__all__ = ["OPEN_PLAN_SECONDS", "Order", "Plan", "order_of"]

OPEN_PLAN_SECONDS = 600.0
"""Time on the machine that the open plan gives in 28 days."""

_ACCEPTED = 0.7  # share of attempts that are kept, until a run has its own


class Order(NamedTuple):
    """How the jobs of an attempt are ordered, and the sentence that says why."""

    name: str
    sentence: str


def order_of(
    energy: Price,
    rest: Price,
    *,
    wait_seconds: float = 0.0,
    accepted: float = _ACCEPTED,
    chosen: str | None = None,
) -> Order:
    """One job an attempt with everything in it, or the energy first and the rest if it is kept.

    `energy` and `rest` are the prices of the two jobs, `wait_seconds` what a job costs before it
    runs (its queue, as far as it counts), `accepted` the share of attempts that are kept. Where no
    time is charged, shots are. `chosen` overrides the price.

    >>> order_of(Price(1, 1, 5, 1, 1000, 2.3), Price(1, 4, 9, 16, 16000, 6.8)).name
    'energy first'
    >>> order_of(Price(1, 1, 5, 1, 1000, 2.3), Price(1, 4, 9, 16, 1600, 2.9)).name
    'together'
    """
    if chosen is not None:
        if chosen not in ORDERS:
            raise InputError(
                f"The order of jobs must be one of {', '.join(ORDERS)}. Got {chosen!r}."
            )
        return Order(chosen, f"Jobs of an attempt: {chosen}, as asked.")
    if not 0.0 <= accepted <= 1.0:
        raise InputError(f"The share of accepted attempts must lie in 0 to 1. Got {accepted}.")
    charged = energy.qpu_seconds > 0.0 or wait_seconds > 0.0
    if charged:
        overhead = JOB_SECONDS if energy.qpu_seconds else 0.0
        work = max(energy.qpu_seconds - overhead, 0.0), max(rest.qpu_seconds - overhead, 0.0)
        job = overhead + wait_seconds
    else:  # nothing but shots is paid
        work, job = (float(energy.shots), float(rest.shots)), 0.0
    together = job + work[0] + work[1]
    first = job + work[0] + accepted * (job + work[1])
    name = ENERGY_FIRST if first < together else TOGETHER
    costs = [f"{cost:.1f} s" if charged else f"{cost:,.0f} shots" for cost in (together, first)]
    return Order(
        name,
        f"Jobs of an attempt: {name}; all in one job costs {costs[0]} an attempt, the energy first "
        f"{costs[1]} where {accepted:.0%} of the attempts are kept.",
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would submit at most.

    `attempt` is the dearest attempt, `attempts` their number at most, `search` the price of all of
    them, `final` what is measured after them. The budget refuses what would pass it. `machine` is
    the backend's name, `order` the sentence on the order of jobs, `hint` on what would be cheaper.
    """

    machine: str
    attempt: Price
    attempts: int
    search: Price
    final: Price
    budget: Mapping[str, float]
    order: str = ""
    open_plan: bool = False
    remote: bool = False
    hint: str = ""

    @property
    def total(self) -> Price:
        """The worst case, before any budget."""
        # The same circuits are run again.
        return self.search.plus(self.final)._replace(
            circuits=max(self.attempt.circuits, self.final.circuits),
            groups=max(self.attempt.groups, self.final.groups),
        )

    @property
    def affordable_attempts(self) -> int:
        """How many attempts of the dearest kind the budget pays for, after the final job."""
        each, last = self.attempt.budgeted(), self.final.budgeted()
        counts = [
            int(max(limit - last[name], 0.0) // each[name])
            for name, limit in self.budget.items()
            if each.get(name, 0.0) > 0.0
        ]
        return min([self.attempts, *counts])

    def check(self) -> None:
        """Raise `BudgetExhausted` if not even one attempt can be paid."""
        for name, limit in self.budget.items():
            need = self.attempt.budgeted().get(name, 0.0)
            if need > limit:
                raise BudgetExhausted(
                    f"One attempt on {self.machine} costs up to {need:g} {name}, the budget is "
                    f"{limit:g}. Nothing was submitted: raise the budget or ask for fewer shots."
                )

    def summary(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        total = self.total
        return {
            "backend": self.machine,
            "attempt": self.attempt._asdict(),
            "attempts": self.attempts,
            "final": self.final._asdict(),
            "worst_case": total._asdict(),
            "affordable_attempts": self.affordable_attempts,
            "budget": dict(self.budget),
            "order": self.order,
            "hint": self.hint,
            "open_plan_share": self.open_plan_share,
            "least_seconds": least_seconds(total.jobs) if self.remote else 0.0,
        }

    @property
    def open_plan_share(self) -> float | None:
        """Worst case over what the open plan gives in 28 days; None on other plans."""
        return self.total.qpu_seconds / OPEN_PLAN_SECONDS if self.open_plan else None

    def lines(self) -> list[tuple[str, str]]:
        """Name and value of each line that `suite quantum plan` shows."""
        each, total = self.attempt, self.total
        found = [
            ("backend", self.machine),
            ("circuits", f"{total.circuits}"),
            ("measurement groups", f"{each.groups} an attempt"),
            ("rows", f"{each.rows} an attempt"),
            ("shots", f"{each.shots} an attempt, {total.shots} at most"),
            ("jobs", f"{each.jobs} an attempt, {total.jobs} at most"),
            (
                "seconds on the machine",
                f"{each.qpu_seconds:.1f} an attempt, {total.qpu_seconds:.0f} at most (estimated)",
            ),
            (
                "attempts",
                f"{self.attempts} at most; the budget pays for {self.affordable_attempts}",
            ),
        ]
        if self.remote and total.jobs > JOBS_A_MINUTE:
            least = least_seconds(total.jobs) / 60.0
            found.append(
                ("pace", f"{JOBS_A_MINUTE} jobs a minute: {least:.0f} minutes at least, if all run")
            )
        if self.open_plan_share is not None:
            found.append(("share of the open plan", f"{self.open_plan_share:.0%} of 28 days"))
        if self.order:
            found.append(("order", self.order))
        if self.hint:
            found.append(("hint", self.hint))
        return found
