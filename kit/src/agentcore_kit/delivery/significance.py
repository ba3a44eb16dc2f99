"""When a difference between sampled sessions is one, and when it may be chance. All tests here are one-sided.

The sources: Welch's test for two means (D. C. Montgomery, Design and Analysis of Experiments, chapter 2), and
non-inferiority with its sample size (S. Julious, Sample Sizes for Clinical Trials, chapter 4): "not worse" is shown
when the lower end of the confidence interval of the difference is above minus the margin, and not when a test for a
difference found none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist, fmean, variance

from agentcore_kit.evaluation.student import quantile

CHANCE = 0.05
"""How often chance alone may look like a difference."""

POWER = 0.8
"""How often a version that is as good as the other is to be found so, with as many sessions as are asked for."""


@dataclass(frozen=True)
class Sample:
    """Values of so many sessions.

    Attributes:
        size: How many sessions.
        mean: Their mean.
        variance: How much one session varies.
    """

    size: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Sample:
        """Return the sample of single values, one a session. Of one value alone, how much it varies is not known."""
        spread = variance(values) if len(values) > 1 else float("inf")
        return cls(len(values), fmean(values) if values else 0.0, spread)

    @classmethod
    def of_scores(cls, size: int, mean: float) -> Sample:
        """Return the sample of scores from 0 to 1 of which only number and mean are known.

        With mean m they vary by m(1 - m) at most (the inequality of Bhatia and Davis), so what is concluded is never
        too bold. One good and one bad session more are assumed (Laplace), as thirty good ones do not show that none
        is ever bad.
        """
        likely = (size * mean + 1) / (size + 2)
        return cls(size, mean, likely * (1 - likely))

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return sqrt(self.variance / self.size) if self.size else float("inf")


def is_below(sample: Sample, limit: float, chance: float = CHANCE) -> bool:
    """Return whether a mean is below a limit beyond chance: also the upper end of its interval is.

    Args:
        sample: What was measured. Two sessions at least; how many more, the caller demands.
        limit: What the mean is compared with, taken as exact.
        chance: How often this may be wrong.
    """
    if sample.size < 2:
        return False
    return sample.mean + quantile(1 - chance, sample.size - 1) * sample.error < limit


def has_dropped(recent: Sample, before: Sample, most: float, chance: float = CHANCE) -> bool:
    """Return whether a mean is lower than before by more than `most`, beyond chance (Welch).

    Args:
        recent: What was measured lately.
        before: What was measured before.
        most: The drop that is allowed.
        chance: How often this may be wrong.
    """
    if min(recent.size, before.size) < 2:
        return False
    reach = quantile(1 - chance, _freedom(recent, before)) * _error(recent, before)
    return recent.mean - before.mean + reach < -most


def is_not_worse(new: Sample, live: Sample, margin: float, chance: float = CHANCE) -> bool:
    """Return whether it is shown that a mean is not lower than another by the margin or more (non-inferiority)."""
    if min(new.size, live.size) < 2:
        return False
    return new.mean - live.mean - NormalDist().inv_cdf(1 - chance) * _error(new, live) > -margin


def is_worse(new: Sample, live: Sample, chance: float = CHANCE) -> bool:
    """Return whether a mean is lower than another, beyond chance."""
    if min(new.size, live.size) < 2:
        return False
    return new.mean - live.mean + NormalDist().inv_cdf(1 - chance) * _error(new, live) < 0


def sessions_needed(new: Sample, live: Sample, margin: float, chance: float = CHANCE) -> int:
    """Return how many sessions each side needs, so that a version as good as the other is mostly found not worse."""
    normal = NormalDist()
    z = normal.inv_cdf(1 - chance) + normal.inv_cdf(POWER)
    return ceil(z**2 * (new.variance + live.variance) / margin**2)


def _error(one: Sample, other: Sample) -> float:
    return sqrt(one.error**2 + other.error**2)


def _freedom(one: Sample, other: Sample) -> int:
    """Return the degrees of freedom of Welch's test, rounded down; at least 1."""
    parts = [(sample.error**2, sample.size - 1) for sample in (one, other)]
    together = sum(error for error, _ in parts)
    if not together:
        return sum(freedom for _, freedom in parts)
    return max(1, int(together**2 / sum(error**2 / freedom for error, freedom in parts)))
