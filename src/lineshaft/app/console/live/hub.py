"""The hub: one tail of the history, shared among all screens that want to see it move."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import LineshaftError
from lineshaft.core.quality import severity
from lineshaft.core.sample import Samples
from lineshaft.historian.store import EmbeddedHistorian

LOOK_S = 0.1
MOST_HELD = 20_000
log = logging.getLogger(__name__)

Columns = dict[str, dict[str, list[float | int | None]]]


@dataclass(eq=False)
class Latest:
    """The newest sample of every watched tag: (number of the look that saw it, ms, value, quality)."""

    look: int = 0
    samples: dict[str, tuple[int, int, float | None, int]] = field(default_factory=dict)


@dataclass(eq=False)
class Watch:
    """One screen's wish: new samples of ``tags``. What came since it was last taken waits here.

    ``latest`` is given where only the newest sample of each tag is wanted: then nothing waits, however many tags.
    ``began`` once nothing that arrives can be missed any more: whoever reads history then has no gap.
    """

    tags: frozenset[str]
    latest: Latest | None = None
    began: bool = False
    held: Columns = field(default_factory=dict)
    lost: bool = False
    _count: int = 0
    _seen: int = 0

    def put(self, tag: str, times: list[int], values: list[float | None], quality: list[int]) -> None:
        """More samples; a screen that does not take them is told that it lost some, and keeps nothing old."""
        self._count += len(times)
        if self._count > MOST_HELD:
            self.held, self._count, self.lost = {}, len(times), True
        column = self.held.setdefault(tag, {"t": [], "v": [], "q": []})
        column["t"] += times
        column["v"] += values
        column["q"] += quality

    def take(self) -> tuple[Columns, bool]:
        """What waits, and whether something was lost before it."""
        if self.latest is not None:
            since, self._seen = self._seen, self.latest.look
            held = ((tag, self.latest.samples.get(tag)) for tag in self.tags)
            return {tag: {"t": [one[1]], "v": [one[2]], "q": [one[3]]}
                    for tag, one in held if one is not None and one[0] > since}, False
        taken, lost = self.held, self.lost
        self.held, self._count, self.lost = {}, 0, False
        return taken, lost


class Hub:
    """Looks at the history ten times a second while anybody watches; all on one event loop.

    ``open_history`` gives a historian of the hub's own, None where nothing is set up yet.
    """

    def __init__(self, open_history: Callable[[], EmbeddedHistorian | None]) -> None:
        self._open = open_history
        self._history: EmbeddedHistorian | None = None
        self._arrival: int | None = None  # nothing looked at yet
        self._watches: set[Watch] = set()
        self._latest = Latest()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.fault = ""

    def start(self) -> None:
        """On the running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no more; the history is closed."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._history is not None:
            self._history.close()

    def watch(self, tags: Iterable[str], *, newest: bool = False) -> Watch:
        """From now on, new samples of these tags; ``newest``: of each tag the last one only."""
        found = Watch(frozenset(tags), self._latest if newest else None, _seen=self._latest.look)
        self._watches.add(found)
        self._wanted.set()
        return found

    def unwatch(self, watch: Watch) -> None:
        """No more of them."""
        self._watches.discard(watch)
        if not self._watches:
            self._wanted.clear()

    async def _run(self) -> None:
        while True:
            if not self._watches:
                await self._wanted.wait()
                self._arrival = None
            new = list(self._watches)
            try:
                self._share(await asyncio.to_thread(self._new))
                self.fault = ""
                for watch in new:
                    watch.began = True
            except LineshaftError as error:
                if str(error) != self.fault:
                    log.warning("history cannot be followed: %s", error)
                self.fault, self._arrival = str(error), None
            await asyncio.sleep(LOOK_S)

    def _new(self) -> Samples:
        """What arrived since the last look; nothing old at the first one."""
        if self._history is None:
            self._history = self._open()
        if self._history is None:
            return Samples.empty()
        if self._arrival is None:
            self._arrival = self._history.arrived()
            return Samples.empty()
        tail = self._history.since(self._arrival)
        self._arrival = tail.arrival
        return tail.samples

    def _share(self, samples: Samples) -> None:
        if not len(samples):
            return
        self._latest.look += 1
        wanted = {tag for watch in self._watches for tag in watch.tags}
        waiting = [watch for watch in self._watches if watch.latest is None]
        for tag, rows in _by_tag(samples):
            if tag not in wanted:
                continue
            times, values, quality = _plain(samples, rows)
            self._latest.samples[tag] = (self._latest.look, times[-1], values[-1], quality[-1])
            for watch in waiting:
                if tag in watch.tags:
                    watch.put(tag, times, values, quality)


def _by_tag(samples: Samples) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Rows of each tag, in their order of arrival."""
    order = np.argsort(samples.index, kind="stable")
    edges = np.searchsorted(samples.index[order], np.arange(len(samples.tags) + 1)).tolist()
    for place, (start, stop) in enumerate(pairwise(edges)):
        if stop > start:
            yield samples.tags[place], order[start:stop]


def _plain(samples: Samples, rows: NDArray[np.intp]) -> tuple[list[int], list[float | None], list[int]]:
    """Times in ms, values with None for what is no number, quality as 0, 1 or 2."""
    values = [value if isfinite(value) else None for value in samples.value[rows].tolist()]
    return ((samples.time[rows] // 1_000_000).tolist(), values,
            [int(severity(code)) for code in samples.quality[rows].tolist()])
