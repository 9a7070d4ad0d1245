"""Who decides: the bundle, else the last good bundle, else the rule limits, else the safe state."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from lineshaft.node.align import LatestValues
from lineshaft.node.record import SOURCES
from lineshaft.node.rules import Word
from lineshaft.node.seat import Seat

BUNDLE, LAST_GOOD, RULES, SAFE = range(len(SOURCES))
_SAFE_WORD: Word = (1.0, True, 0.0)


@dataclass(frozen=True, slots=True)
class FallbackPolicy:
    """``misses`` late decisions in a row, or one failure, switch over; ``good`` ticks in time switch back.

    After a failure the engine restarts from zero state, so ``good`` should cover the graph's memory.
    """

    misses: int = 3
    good: int = 64


class Fallback:
    """The chain of deciders, and the one whose turn it is.

    A failure is an exception or an output that is not finite. The safe state raises the alarm with
    confidence 0: a loop that cannot judge must not look quiet. ``reason`` says why the bundle is not deciding.
    """

    def __init__(self, bundle: Seat, policy: FallbackPolicy) -> None:
        self.bundle, self.policy = bundle, policy
        self.last_good: Seat | None = None
        self.level, self.reason = BUNDLE, ""
        self.failures = self.switches = 0
        self.causes: tuple[tuple[str, float], ...] = ()
        self._late = self._good = 0
        self._stood_in, self._stepped, self._why = False, False, ""

    def decide(self, table: LatestValues) -> Word:
        """The word of the first in order that can give one; ``level`` says whose it is."""
        self._stepped = not self.level
        if not self.level:
            word = self._try(self.bundle, table)
            if word is not None:
                return word
            self._leave_bundle(self._why)
        self.causes = ()
        if self.last_good is not None:
            word = self._try(self.last_good, table)
            if word is not None:
                self.level, self._stood_in = LAST_GOOD, True
                return word
            self._lose_last_good()
        ruled = self.bundle.rules.decide(table)
        if ruled is None:
            self.level = SAFE
            return _SAFE_WORD
        self.level = RULES
        self.causes = ruled[1]
        return ruled[0]

    @property
    def seat(self) -> Seat | None:
        """The seat that gave the newest word; None for rules and the safe state."""
        return (self.bundle, self.last_good, None, None)[self.level]

    @property
    def busy(self) -> bool:
        """Whether something has to run beside the decision."""
        return self.level != BUNDLE or self.last_good is not None

    def timed(self, late: bool) -> None:
        """The newest decision was in time or not."""
        if not late:
            self._late = 0
            return
        self._late += 1
        if self.level == BUNDLE and self._late >= self.policy.misses:
            self._leave_bundle(f"{self._late} decisions in a row were later than the deadline")

    def beside(self, table: LatestValues, now: Callable[[], int]) -> None:
        """After the decision: keep the last good bundle warm, and try the bundle that was left."""
        if self.last_good is not None and not self._stood_in and self._try(self.last_good, table) is None:
            self._lose_last_good()
        self._stood_in = False
        if self.level == BUNDLE or self._stepped:  # a tick is one step of each engine
            return
        started = now()
        word = self._try(self.bundle, table)
        in_time = now() - started <= self.bundle.manifest.budget.deadline_ns
        self._good = self._good + 1 if word is not None and in_time else 0
        if self._good >= self.policy.good:
            self.level, self.reason, self._late, self._good = BUNDLE, "", 0, 0

    def exchange(self, seat: Seat) -> None:
        """``seat`` decides from the next tick on; the one before stays as last good if it was good."""
        if self.level == BUNDLE:
            self.last_good = self.bundle
        elif self.last_good is seat:  # it cannot stand in for itself, and would be stepped twice a tick
            self.last_good = None
        self.bundle = seat
        self.level, self.reason, self._late, self._good = BUNDLE, "", 0, 0

    def _lose_last_good(self) -> None:
        self.last_good = None
        self.reason = f"{self.reason}; last good {self._why}" if self.reason else ""

    def _leave_bundle(self, reason: str) -> None:
        self.level, self.reason, self._good = LAST_GOOD, reason, 0
        self.switches += 1

    def _try(self, seat: Seat, table: LatestValues) -> Word | None:
        try:
            word = seat.decide(table)
            if math.isfinite(word[0] + word[2]):
                return word
            why = f"its score is {word[0]}, its confidence {word[2]}"
        except Exception as error:  # noqa: BLE001 (an engine may raise anything; it is told as a reason)
            why = f"{type(error).__name__}: {error}".splitlines()[0]
        with suppress(Exception):  # what broke in its step may break in its reset; the next step will tell
            seat.engine.reset()
        self.failures += 1
        self._good = 0
        self._why = f"bundle {seat.digest[:19]} failed: {why}"
        return None
