"""The lives of a node since the console watches: beginnings and ends, and when each of its counters last grew."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lineshaft.app.console.live.pulse import Pulse
from lineshaft.node.control import ADDRESS_FILE

KEPT = 20


@dataclass(slots=True)
class Life:
    """One run of the node's process, in ms; ``ended`` 0 while it lives."""

    began: int
    ended: int = 0


class Lives:
    """Follows the pulse, on its thread only; ``all`` may be read from any."""

    def __init__(self, folder: Callable[[], Path | None]) -> None:
        self._folder, self._lives = folder, deque[Life](maxlen=KEPT)
        self._counters: dict[str, int] = {}
        self._grew: dict[str, int] = {}

    def see(self, pulse: Pulse) -> None:
        """A node that counts from the start again is a new one, however short it was away."""
        living = self._lives[-1] if self._lives and not self._lives[-1].ended else None
        if not pulse.reached:
            if living is not None:
                living.ended = pulse.time
            return
        if living is not None and pulse.counters.get("ticks", 0) < self._counters.get("ticks", 0):
            living.ended, living = self._began(pulse), None
        if living is None:
            self._lives.append(Life(self._began(pulse)))
            self._grew = {}
        else:
            self._grew |= {name: pulse.time for name, count in pulse.counters.items()
                           if count > self._counters.get(name, count)}
        self._counters = pulse.counters

    def all(self) -> tuple[Life, ...]:
        """The newest first."""
        return tuple(reversed(tuple(self._lives)))

    def grew(self, counter: str) -> int:
        """When this life's counter was last seen to grow, in ms; 0 where it was not."""
        return self._grew.get(counter, 0)

    def _began(self, pulse: Pulse) -> int:
        """The node writes its address when it starts."""
        folder = self._folder()
        try:
            return (folder / ADDRESS_FILE).stat().st_mtime_ns // 1_000_000 if folder else pulse.time
        except OSError:
            return pulse.time
