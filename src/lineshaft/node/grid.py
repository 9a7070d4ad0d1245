"""When to tick: slots of one period on UTC, counted when missed, never drifting."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Jump:
    """The node's clock moved by ``by_ns`` other than time passed."""

    by_ns: int
    at: int


class TickGrid:
    """Slot k is ``(k - 1) period < time <= k period``; its tick has the grid time ``k period`` (UTC ns).

    A slot may tick early, when every tag has reported in it, and must at its end plus ``grace_ns``. Of several
    that are overdue only the newest ticks; the others are ``missed``. A wall clock that was set is recognised
    by the monotonic one: set forward counts as missed slots, set back starts the grid anew.
    """

    def __init__(self, period_ns: int, now: int, monotonic: int, *, grace_ns: int | None = None) -> None:
        self.period_ns = period_ns
        self.grace_ns = min(period_ns // 10, 50_000_000) if grace_ns is None else grace_ns
        self.missed = 0
        self.jumps: list[Jump] = []
        self._offset = now - monotonic
        self.restart(now)

    @property
    def floor(self) -> int:
        """Samples after this time belong to the coming slot."""
        return self.coming - self.period_ns

    @property
    def due(self) -> int:
        """UTC ns at which the coming slot ticks even when it is not complete."""
        return self.coming + self.grace_ns

    def restart(self, now: int) -> None:
        """Begin with the slot that ``now`` lies in; nothing counts as missed."""
        self.coming = -(-now // self.period_ns) * self.period_ns

    def catch_up(self, now: int) -> None:
        """Pass over slots that are overdue but for the newest, and count them."""
        overdue = (now - self.due) // self.period_ns
        if overdue > 0:
            self.missed += overdue
            self.coming += overdue * self.period_ns

    def take(self) -> int:
        """Grid time of the coming tick; the grid moves on behind it."""
        time = self.coming
        self.coming += self.period_ns
        return time

    def stepped(self, now: int, monotonic: int) -> Jump | None:
        """The jump of the wall clock since the last call when it is over half a period (at least 50 ms)."""
        by = now - monotonic - self._offset
        if abs(by) <= max(self.period_ns // 2, 50_000_000):
            # NTP's gentle corrections are followed; only a step is a jump.
            self._offset += by
            return None
        self._offset += by
        jump = Jump(by, now)
        before = [Jump(one.by_ns, min(one.at, now)) for one in self.jumps[-15:]]  # none lies in the future
        self.jumps = [*before, jump]
        if by < 0:
            self.restart(now)
        return jump
