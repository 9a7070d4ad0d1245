"""A second bundle on the same inputs: its decisions are kept beside, and nothing acts on them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from lineshaft.node.align import LatestValues
from lineshaft.node.fallback import BUNDLE
from lineshaft.node.record import Record
from lineshaft.node.seat import Seat


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a shadow compares so far: ``agree`` is the share of ticks with the same alarm.

    ``alarms`` counts its ticks in alarm, ``beside`` those of the bundle that decides, over the same ticks from
    ``since`` on (UTC ns, None before the first); differences are of the two scores.
    """

    bundle: str
    ticks: int
    agree: float
    alarms: int
    largest_difference: float
    failed: str = ""
    beside: int = 0
    mean_difference: float = 0.0
    since: int | None = None


class Shadow:
    """Runs after each decision; a failure ends it and is told, the loop is untouched."""

    def __init__(self, seat: Seat, keep: int) -> None:
        self.seat = seat
        self.records: deque[Record] = deque(maxlen=keep)
        self.failed = ""
        self._ticks = self._same = self._alarms = self._beside = 0
        self._difference = self._total = 0.0
        self._since: int | None = None

    def step(self, table: LatestValues, beside: Record) -> None:
        """One tick on the inputs that gave ``beside``."""
        if self.failed:
            return
        try:
            score, alarm, confidence = self.seat.decide(table)
            if not math.isfinite(score):
                raise ArithmeticError(f"score is {score}")
        except Exception as error:  # noqa: BLE001 (an engine may raise anything; it is told as a reason)
            self.failed = f"{type(error).__name__}: {error}".splitlines()[0]
            return
        if self._since is None:
            self._since = beside[0]
        difference = abs(score - beside[1])
        self._ticks += 1
        self._same += alarm == beside[2]
        self._alarms += alarm
        self._beside += beside[2]
        self._difference = max(self._difference, difference)
        self._total += difference
        said = self.seat.said() if self.seat.answers else None
        self.records.append((beside[0], score, alarm, confidence, 0, False, BUNDLE, beside[7], (), self.seat.digest,
                             said))

    def comparison(self) -> Comparison:
        """Figures up to now."""
        ticks = self._ticks or 1
        return Comparison(self.seat.digest, self._ticks, self._same / ticks, self._alarms, self._difference,
                          self.failed, self._beside, self._total / ticks, self._since)
