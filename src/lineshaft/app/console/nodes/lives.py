"""The lives of a node: when it began, and every end and new beginning since the console watches."""

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
        self._folder, self._lives, self._ticks = folder, deque[Life](maxlen=KEPT), 0

    def see(self, pulse: Pulse) -> None:
        """A node that counts from the start again is a new one, however short it was away."""
        living = self._lives[-1] if self._lives and not self._lives[-1].ended else None
        if not pulse.reached:
            if living is not None:
                living.ended = pulse.time
            return
        ticks = int(pulse.status.get("ticks", 0))
        if living is not None and ticks < self._ticks:
            living.ended, living = self._began(pulse), None
        if living is None:
            self._lives.append(Life(self._began(pulse)))
        self._ticks = ticks

    def all(self) -> tuple[Life, ...]:
        """The newest first."""
        return tuple(reversed(tuple(self._lives)))

    def _began(self, pulse: Pulse) -> int:
        """The node writes its address when it starts."""
        folder = self._folder()
        try:
            return (folder / ADDRESS_FILE).stat().st_mtime_ns // 1_000_000 if folder else pulse.time
        except OSError:
            return pulse.time
