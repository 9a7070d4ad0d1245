"""The order in which a node's outbox becomes history: kept first, acknowledged then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lineshaft.node.buffer import Entry

FETCH = 2000


def collect(entries: Sequence[Entry], *, keep: Callable[[Sequence[Entry]], int],
            acknowledge: Callable[[int, str], object], more: Callable[[], Sequence[Entry]]) -> None:
    """From ``entries`` on until nothing waits. ``keep`` returns the number that is safe in history.

    Whatever raises leaves the rest in the outbox; what was kept and not acknowledged comes again, and ``keep`` must
    know it (``flow.deliver`` does). ``more`` gives at most ``FETCH`` entries.
    """
    while entries:
        acknowledge(keep(entries), entries[-1].outbox)
        entries = more() if len(entries) >= FETCH else ()
