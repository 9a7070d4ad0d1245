"""What a graph costs where it is to run, measured by whoever can lower it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Cost:
    """One certified lowering: latencies of a step in ns, sizes in bytes; 0 is unknown.

    ``emulator`` is empty where times were taken as on the target. Where it is not, flash and RAM are the compiler's
    own count and bind, and no time does.
    """

    backend: str
    p50_ns: int = 0
    p99_ns: int = 0
    memory_bytes: int = 0
    flash_bytes: int = 0
    ram_bytes: int = 0
    emulator: str = ""


class Measure(Protocol):
    """Lowers a step graph for the target and measures it."""

    def __call__(self, graph: bytes, window: int) -> Cost:
        """``window`` is how many ticks the graph takes to be warm.

        Raises ``Refused`` with the figure and the limit where no backend keeps the budget.
        """

    def too_large(self, graph: bytes) -> str:
        """Why the graph can hardly fit, found without compiling it, or nothing.

        It only puts a graph behind the others: what is refused is refused by ``__call__``.
        """


class Unmeasured:
    """For a search without a target: nothing is refused."""

    def __call__(self, graph: bytes, window: int) -> Cost:
        return Cost("none")

    def too_large(self, graph: bytes) -> str:
        return ""
