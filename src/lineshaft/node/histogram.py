"""Latencies in logarithmic buckets, four to an octave: one integer added per tick, no allocation."""

from __future__ import annotations

_STEPS_BITS = 2
_SIZE = 64 << _STEPS_BITS


class LatencyHistogram:
    """Counts of nanoseconds; a bucket's upper edge is at most 1.25 times its lower.

    >>> h = LatencyHistogram()
    >>> for nanoseconds in (1_000, 1_000, 40_000): h.add(nanoseconds)
    >>> h.count, h.quantile(0.5), h.quantile(1.0)
    (3, 1024, 40960)
    """

    def __init__(self) -> None:
        # A list, not an array: adding 1 to an element of an array costs three times as much.
        self._buckets = [0] * _SIZE
        self.total_ns = 0

    def add(self, nanoseconds: int) -> None:
        octave = nanoseconds.bit_length() - 1 - _STEPS_BITS
        self._buckets[(octave << _STEPS_BITS) + (nanoseconds >> octave) if octave > 0 else nanoseconds] += 1
        self.total_ns += nanoseconds

    @property
    def count(self) -> int:
        return sum(self._buckets)

    def cumulative(self) -> list[tuple[int, int]]:
        """(upper edge in ns, how many are below it) of each bucket from the first to the last that is used."""
        counts = self._buckets.copy()
        used = [i for i, n in enumerate(counts) if n]
        running, out = 0, []
        for i in range(used[0], used[-1] + 1) if used else ():
            running += counts[i]
            out.append((upper_edge(i), running))
        return out

    def quantile(self, share: float) -> int:
        """Upper edge of the bucket that the quantile lies in; 0 when empty."""
        edges = self.cumulative()
        wanted = share * (edges[-1][1] if edges else 0)
        return next((edge for edge, below in edges if below >= wanted), 0)


def upper_edge(bucket: int) -> int:
    """First value above a bucket."""
    if bucket < 2 << _STEPS_BITS:
        return bucket + 1
    octave = (bucket >> _STEPS_BITS) - 1
    return (((bucket & ((1 << _STEPS_BITS) - 1)) | (1 << _STEPS_BITS)) + 1) << octave
