"""Recording for good: a plant's samples into the historian, whatever the disk or the plant does meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import numpy as np

from lineshaft.app import flow
from lineshaft.core.errors import LineshaftError
from lineshaft.core.quality import usable
from lineshaft.core.sample import Samples
from lineshaft.core.store import Historian

# A screen that follows the plant wants a sample in history within a tenth of a second. Ten commits a second cost
# 5 ms of CPU a second with 50 tags at 10 Hz, and 16 ms with 1,000: as much as two commits a second do there.
BATCH_S = 0.1
SETTLE_S = 0.02  # what a plant reports at one time comes in several pieces: one commit for all of them
BACK_OFF_S = (1.0, 30.0)
MOST_WAITING = 5_000_000
CONTINUOUS_PERIODS = 5


class Recorder:
    """Samples wait in memory a tenth of a second at most before they are durable; longer only while the disk refuses.

    ``moving_ns`` is how long usable values have been moving, ``lost`` how many samples were given up because the
    disk refused for too long (the oldest first).
    """

    def __init__(self, historian: Historian, tell: Callable[[str], None]) -> None:
        self.stored, self.lost, self.moving_ns, self.newest = 0, 0, 0, 0
        self._behind, self._behind_ns = 0, 0
        self._historian, self._tell, self._period_ns = historian, tell, 0
        self._waiting: list[Samples] = []
        self._there, self._ended = asyncio.Event(), False

    def forget(self) -> None:
        """Other tags follow: what was noted of the ones before says nothing of them."""
        self.moving_ns = self.newest = self._behind = self._behind_ns = 0

    async def run(self, stream: AsyncIterator[Samples], period_ns: int) -> None:
        """Until the stream ends; everything that came is stored then. Another stream may follow."""
        self._period_ns, self._ended = period_ns, False
        self._there.clear()
        keeper = asyncio.create_task(self._keep())
        try:
            async for samples in stream:
                if len(samples):
                    self._note(samples)
                    self._waiting.append(samples)
                    self._there.set()
        finally:
            self._ended = True
            self._there.set()
            await keeper

    def _note(self, samples: Samples) -> None:
        """Time counts as recorded where usable values follow each other closely.

        Where one lay far ahead, or the plant's clock was set back, those behind it count once they have moved on by as
        much as may lie between two that follow each other.
        """
        good = samples.time[usable(samples.quality) & np.isfinite(samples.value)]
        newest = int(good.max()) if len(good) else 0
        if newest > self.newest:
            gap = newest - self.newest
            if self.newest and gap <= CONTINUOUS_PERIODS * self._period_ns:
                self.moving_ns += gap
            self.newest = newest
        elif newest and self.newest - newest > CONTINUOUS_PERIODS * self._period_ns:
            self._far_behind(newest)

    def _far_behind(self, newest: int) -> None:
        gap, most = newest - self._behind, CONTINUOUS_PERIODS * self._period_ns
        if gap <= 0 and -gap <= most:
            return
        self._behind_ns = self._behind_ns + gap if self._behind and 0 < gap <= most else 0
        self._behind = newest
        if self._behind_ns > most:
            self.moving_ns += self._behind_ns
            self.newest, self._behind, self._behind_ns = newest, 0, 0

    async def _keep(self) -> None:
        pause, clock = BACK_OFF_S[0], asyncio.get_running_loop().time
        begun = clock() - BATCH_S
        while self._waiting or not self._ended:
            await self._there.wait()
            if not self._ended:
                await asyncio.sleep(max(SETTLE_S, begun + BATCH_S - clock()))
            begun = clock()
            self._there.clear()
            if self._ended:
                self._there.set()
            taken, self._waiting = self._waiting, []
            try:
                self.stored += await asyncio.to_thread(flow.keep, self._historian, taken)
                pause = BACK_OFF_S[0]
            except LineshaftError as error:
                self._waiting = taken + self._waiting
                if self._ended:
                    self._tell(f"{self._count()} samples could not be stored: {error}")
                    return
                self._give_up()
                self._tell(f"{self._count()} samples wait in memory: {error}")
                await asyncio.sleep(pause)
                pause = min(2 * pause, BACK_OFF_S[1])
                self._there.set()

    def _give_up(self) -> None:
        while self._count() > MOST_WAITING:
            self.lost += len(self._waiting.pop(0))

    def _count(self) -> int:
        return sum(map(len, self._waiting))
