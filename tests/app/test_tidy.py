"""The history is compacted while a project runs, and a failure of that is told."""

from __future__ import annotations

import asyncio
import io

from rich.console import Console

from lineshaft.app.run import tidy
from lineshaft.app.talk import Talk
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.historian.memory import MemoryHistorian


class Full(MemoryHistorian):
    """A history that can't be compacted the first time."""

    def __init__(self, stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.stop, self.loop, self.calls = stop, loop, 0

    def compact(self) -> None:
        self.calls += 1
        if self.calls == 1:
            raise EnvironmentFailed("the disk is full", where="history")
        self.loop.call_soon_threadsafe(self.stop.set)


async def test_compaction_that_fails_is_said_and_tried_again_until_the_end() -> None:
    stop, said = asyncio.Event(), io.StringIO()
    history = Full(stop, asyncio.get_running_loop())
    await asyncio.wait_for(tidy(history, stop, Talk(console=Console(file=said)), every_s=0.001), 60)
    assert history.calls >= 2
    assert "history: the disk is full" in said.getvalue().replace("\n", " ")
