"""Tail: what arrived in a historian after a moment."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.core.sample import Samples

TAIL_ROWS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """``samples`` in order of arrival; ``arrival`` is the number to ask with next.

    Source times may be late: order of arrival is not order of time.
    """

    samples: Samples
    arrival: int

    def __len__(self) -> int:
        return len(self.samples)
