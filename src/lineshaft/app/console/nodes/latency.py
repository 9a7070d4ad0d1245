"""How long decisions take: percentiles of the node's histogram, in microseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

SHARES = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "most": 1.0}


@dataclass(frozen=True, slots=True)
class Bar:
    """So many decisions took at least ``low`` and less than ``high`` microseconds."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Upper edges of the buckets that they lie in, so never less than the truth, and less than a quarter more; µs."""

    p50: float
    p99: float
    p999: float
    most: float


def bars(edges_ns: Sequence[int], counts: Sequence[int]) -> tuple[Bar, ...]:
    """Bucket by bucket; the first one's lower edge is not told by the node, and taken as wide as they come.

    >>> bars([1000, 1250], [3, 1])
    (Bar(low=0.8, high=1.0, count=3), Bar(low=1.0, high=1.25, count=1))
    """
    lows = [0.8 * edges_ns[0], *edges_ns[:-1]] if edges_ns else []
    return tuple(Bar(low / 1000, high / 1000, count) for low, high, count in zip(lows, edges_ns, counts, strict=True))


def percentiles(edges_ns: Sequence[int], counts: Sequence[int]) -> Percentiles | None:
    """None before the first decision.

    >>> percentiles([1000, 2000, 4000], [98, 1, 1])
    Percentiles(p50=1.0, p99=2.0, p999=4.0, most=4.0)
    """
    below = list(accumulate(counts))
    if not below or not below[-1]:
        return None
    found = {name: next(edge for edge, count in zip(edges_ns, below, strict=True) if count >= share * below[-1]) / 1000
             for name, share in SHARES.items()}
    return Percentiles(**found)
