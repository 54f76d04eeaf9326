"""A control law for gains that drown in the noise of measuring them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suite.core.law import NO_DAMPING, NO_EFFORT, Evidence, Memory, Number, Step, Verdict

__all__ = ["NoisyGain"]

_STANDARD_ERRORS = 3.0
# The lowest point of a parabola is half as far as where it is back at its height.
_LOWEST = 0.5


@dataclass(frozen=True, slots=True)
class NoisyGain:
    """Keep a step unless it is measured to be worse; let its length follow only what stands out.

    Reads the gain ratio ρ = gained / predicted to first order, with its noise, and a `stretch`: the
    size over the longest that a bound on the curvature says cannot be worse. A gain stands out at
    three standard errors. Where it does, the step is kept or refused by it, and ρ governs the
    length: on a parabola it is 1/2 at the lowest point, so above `good` the size grows and below
    `poor` it shrinks. Where it does not, the bound speaks instead: a step within it is kept, one
    beyond it is refused, and the next size is that of the bound's lowest point. So no step is
    refused for ever, none beyond the bound is taken on trust, and no effort is asked for, which at
    a saddle would be spent on a gain that is small and not uncertain.

    >>> from suite.core import Signal
    >>> law = NoisyGain()
    >>> unresolved = {"gain": Signal(-2.0, 9.0), "stretch": Signal(0.5)}
    >>> bool(law.decide(unresolved, Step(0.1), ()).accept)
    True
    >>> law.decide(unresolved | {"stretch": Signal(2.0)}, Step(0.4), ()).step.size
    np.float64(0.1)
    """

    reads: str = "gain"
    bound: str = "stretch"
    poor: float = 0.25
    good: float = 0.6
    shrink: float = 0.5
    grow: float = 2.0
    back: float = 0.25
    most_size: float = np.inf

    @property
    def reasons(self) -> tuple[str, ...]:
        name = self.reads
        return (name, f"{name} unresolved", f"{name} not finite")

    def begin(self, like: Number) -> Memory:
        return ()

    def decide(self, evidence: Evidence, step: Step, memory: Memory) -> Verdict:
        ratio, noise, _ = evidence[self.reads]
        stretch = evidence[self.bound].value
        with np.errstate(all="ignore"):
            finite = np.isfinite(ratio) & np.isfinite(stretch)
            doubt = _STANDARD_ERRORS * noise
            better = finite & (ratio > doubt)
            worse = finite & (ratio < -doubt)
            unresolved = finite & ~better & ~worse
            accept = better | (unresolved & (stretch <= 1.0))
            grown = np.where(step.tries, 1.0, self.grow)
            told = np.where(ratio > self.good, grown, np.where(ratio < self.poor, self.shrink, 1.0))
            trusted = np.minimum(np.divide(_LOWEST, stretch), grown)
            factor = np.where(better, told, np.where(unresolved, trusted, self.back))
            size = np.minimum(step.size * factor, self.most_size)
        return Verdict(
            accept,
            Step(size, NO_DAMPING, NO_EFFORT, step.tries, step.number),
            np.where(finite, np.where(unresolved, 1, 0), 2),
            memory,
        )
