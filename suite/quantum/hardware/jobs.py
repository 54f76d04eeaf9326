"""The ledger of jobs: each is tagged, submitted once, found again and paid once.

The intent is on disk before a job is submitted, its id before it is awaited. A run that died in
between asks the service for the job's tag before it submits again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from suite.core import Store
from suite.errors import BudgetExhausted, InputError, JobFailed
from suite.quantum.hardware.pricing import Price
from suite.quantum.hardware.primitives import Machine
from suite.quantum.hardware.program import Program
from suite.quantum.hardware.services import Result, Service, Tell, service_of

__all__ = ["Ledger", "Unkept", "budget_of", "ledger_of", "run_name"]

OPTIONS = {"QPU seconds": "max_qpu_seconds", "shots": "max_shots"}
"""The option that sets a budget, by the budget's name."""
MOST_SUBMISSIONS = 3
"""How often a job is submitted that the service ended without a result."""


def budget_of(
    max_qpu_seconds: float | None = None, max_shots: float | None = None
) -> dict[str, float]:
    """The budget of a run, for `Store(budget=...)`.

    >>> budget_of(max_shots=1e6)
    {'shots': 1000000.0}
    """
    given = dict(zip(OPTIONS, (max_qpu_seconds, max_shots), strict=True))
    for name, amount in given.items():
        if amount is not None and not 0.0 < amount < float("inf"):
            raise InputError(f"A budget of {name} must be positive and finite. Got {amount}.")
    return {name: float(amount) for name, amount in given.items() if amount is not None}


@dataclass(slots=True)
class Unkept:
    """A ledger in memory, for a run that is not kept; it holds the budget all the same."""

    budget: Mapping[str, float] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)

    def once(
        self,
        key: str,
        submit: Callable[[str], str],
        wait: Callable[[str], Any],
        *,
        find: Callable[[str], str | None] | None = None,
        price: Mapping[str, float] | None = None,
    ) -> Any:
        """Do a piece of paid work; answers its result."""
        for name, amount in (price or {}).items():
            before, limit = self.spent.get(name, 0.0), self.budget.get(name)
            if limit is not None and before + amount > limit:
                raise BudgetExhausted(
                    f"{key} would cost {amount:g} {name}; {before:g} of the budget of {limit:g} "
                    f"are spent. Nothing was submitted: raise the budget."
                )
        for name, amount in (price or {}).items():
            self.spent[name] = self.spent.get(name, 0.0) + amount
        return wait(submit(key))


Keeper: TypeAlias = Store | Unkept


@dataclass(slots=True)
class Ledger:
    """Jobs of one run, kept by a store.

    `factor` is by how much the service charged more than estimated so far; `budget` is what the
    keeper holds it to.
    """

    keeper: Keeper
    service: Service
    run: str
    tell: Tell
    factor: float = 1.0
    budget: Mapping[str, float] = field(default_factory=dict)

    def measure(self, key: str, program: Program, price: Price) -> Result:
        """The result of a job, submitted under `key` if it never was.

        A job that the service ended without a result was paid for all the same; it is submitted
        again under a key of its own. Raises `JobFailed` with the service's words after three.
        """
        result: Result = {}
        for again in range(MOST_SUBMISSIONS):
            name = key if again == 0 else f"{key}:again{again}"
            result = self._once(name, program, price)
            if "failed" not in result:
                self._learn(price, result)
                return result
            self.tell(f"Job {name} ended without a result: {result['failed']}")
        raise JobFailed(
            f"Job {key} was submitted {MOST_SUBMISSIONS} times and ended without a result: "
            f"{result['failed']}"
        )

    def _once(self, name: str, program: Program, price: Price) -> Result:
        tag = f"suite:{self.run}:{name}"
        try:
            return self.keeper.once(
                name,
                lambda _: self.service.submit(program, name, tag),
                lambda job: self.service.wait(job, program, name),
                find=lambda _: self.service.find(tag),
                price=price.budgeted(),
            )
        except BudgetExhausted as error:
            raise BudgetExhausted(self._refused(name, price.budgeted()) or str(error)) from error

    def _refused(self, name: str, price: Mapping[str, float]) -> str:
        """What a job would cost that the budget does not pay, and which option that is."""
        spent = self.keeper.spent if isinstance(self.keeper, Unkept) else self.keeper.spent()
        for part, amount in price.items():
            limit, before = self.budget.get(part, float("inf")), spent.get(part, 0.0)
            if before + amount > limit:
                return (
                    f"The job of attempt {name.partition(':')[0]} would take {_number(amount)} "
                    f"{part}, and {_number(before)} of the {limit:,g} that {OPTIONS[part]} allows "
                    f"are spent. Nothing was submitted: raise {OPTIONS[part]} and resume."
                )
        return ""

    def _learn(self, price: Price, result: Result) -> None:
        charged = float(result.get("qpu_seconds", 0.0))
        if charged > 0.0 and price.qpu_seconds > 0.0:
            # Never below the estimate: a budget must hold also for a job that was cheap by luck.
            ratio = self.factor * charged / price.qpu_seconds
            self.factor = max(1.0, 0.5 * (self.factor + ratio), ratio)


def _number(amount: float) -> str:
    """An amount with two digits, and no digit of a whole number lost."""
    return f"{amount:,.0f}" if float(amount).is_integer() else f"{amount:,.2f}"


def run_name(keeper: Keeper) -> str:
    """The name of a run in its jobs' tags: drawn once and kept with the run."""
    return keeper.once("run", lambda _: secrets.token_hex(6), lambda name: name)


def ledger_of(
    machine: Machine,
    store: Store | None = None,
    budget: Mapping[str, float] | None = None,
    tell: Tell = lambda _: None,
) -> Ledger:
    """The ledger of a run; without a store, one that ends with the process."""
    keeper: Keeper = Unkept(budget or {}) if store is None else store
    most = (budget or {}).get("QPU seconds")
    service = service_of(machine, tell, most, keeper.once)
    return Ledger(keeper, service, run_name(keeper), tell, budget=budget or {})
