"""Medians and how sure they are: the percentile bootstrap (Efron 1979), with nothing but the standard library."""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

RESAMPLES = 4000
WIDE = 0.10


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median with its bootstrap interval of 95 %, in the unit of the values.

    >>> Estimate(100.0, 92.0, 105.0).wide
    True
    """

    median: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """The interval's width as a share of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0

    @property
    def wide(self) -> bool:
        """Whether the interval is wider than 10 % of the median."""
        return self.width > WIDE


def estimate(values: Sequence[float], seed: int) -> Estimate:
    """Return the median of values and its interval of 95 % by resampling; the same seed gives the same interval.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values to estimate from")
    chance = random.Random(seed)  # noqa: S311  (statistics, not secrets)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    low, high = medians[round(0.025 * (RESAMPLES - 1))], medians[round(0.975 * (RESAMPLES - 1))]
    return Estimate(statistics.median(values), low, high)
