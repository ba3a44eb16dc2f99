"""Student's distribution, for intervals of few samples."""

from __future__ import annotations

from statistics import NormalDist


def quantile(share: float, freedom: int) -> float:
    """Return a quantile of Student's distribution, by its expansion around the normal one.

    Args:
        share: The probability below it, between 0 and 1.
        freedom: The degrees of freedom, at least 1.
    """
    z = NormalDist().inv_cdf(share)
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
