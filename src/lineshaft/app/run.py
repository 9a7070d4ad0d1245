"""``lineshaft run``: record for good; learn once there is enough; decide for good."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass

from lineshaft.app import training
from lineshaft.app.keeper import Keeper
from lineshaft.app.project import Project
from lineshaft.app.record import Recorder
from lineshaft.app.talk import Talk
from lineshaft.connect.registry import open_connector
from lineshaft.core.clock import SECOND, format_duration
from lineshaft.core.connector import Connector
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, UsageError
from lineshaft.core.quality import usable
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.historian.store import EmbeddedHistorian

BACK_OFF_S = (0.5, 30.0)
TRY_AGAIN_S = (10.0, 600.0)
LOOK_S = 0.25
COMPACT_S = 3600.0
TOLD_SHARES = 10


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did: ``stored`` samples, ``lost`` samples, ``delivered`` decisions, ``starts`` of the node."""

    stored: int
    lost: int
    delivered: int
    starts: int
    bundle: str


async def check(project: Project) -> tuple[list[Tag], int]:
    """The task's tags at the plant, and how many of them have a usable value now; raises what is wrong."""
    connector = open_connector(project.source, guard=None, **project.secret_options)
    try:
        await connector.open()
        tags = project.choose(await connector.browse())
        now = await connector.read(tags)
        return tags, int(usable(now.quality).sum())
    finally:
        await connector.close()


async def run(project: Project, talk: Talk, *, for_ns: int | None = None) -> Ran:
    """Until a signal, ``for_ns`` or the end of a file; everything that was recorded or decided is kept."""
    stop = asyncio.Event()
    _on_signals(stop)
    with project.alone(), project.historian() as historian:
        return await _Run(project, historian, talk, stop).whole(for_ns)


class _Run:
    """Works side by side: recording, learning once, the node, and tidying the history."""

    def __init__(self, project: Project, historian: EmbeddedHistorian, talk: Talk, stop: asyncio.Event) -> None:
        self.project, self.historian, self.talk, self.stop = project, historian, talk, stop
        self.recorder = Recorder(historian, project.recipe.period_ns, talk.warn)
        self.keeper = Keeper(project, historian, talk, stop)

    async def whole(self, for_ns: int | None) -> Ran:
        works = [asyncio.create_task(work) for work in (
            self._record(), self._decide(), _pass(self.stop, for_ns),
            tidy(self.historian, self.stop, self.talk))]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for work in done:
                work.result()
            if works[2] in done:
                self.talk.step("Ending: what is recorded and decided is being kept")
        finally:
            self.stop.set()
            await _end(works)
        bundle = self.project.decides()
        return Ran(self.recorder.stored, self.recorder.lost, self.keeper.delivered, self.keeper.starts,
                   bundle.name if bundle else "")

    # -- tag -> historian

    async def _record(self) -> None:
        connector = open_connector(self.project.source, guard=None, **self.project.secret_options)
        closing = asyncio.create_task(self._close_at_stop(connector))
        try:
            tags = await self._there(connector)
            if tags is None:
                return
            await asyncio.to_thread(self.historian.register, tags)
            self.talk.good(f"Recording {len(tags)} tags every {format_duration(self.project.recipe.period_ns)} into "
                           f"{self.project.folder / self.project.config.history}")
            await self.recorder.run(connector.subscribe(tags, self.project.recipe.period_ns))
            if not self.stop.is_set():
                self.talk.say("The source has ended.")
        except LineshaftError:
            if not self.stop.is_set():  # else the connector was closed under our hands
                raise
        finally:
            self.stop.set()
            await closing

    async def _close_at_stop(self, connector: Connector) -> None:
        await self.stop.wait()
        await connector.close()

    async def _there(self, connector: Connector) -> list[Tag] | None:
        """The plant's tags, waited for as long as it takes; None when it is time to stop."""
        self.talk.step(f"Connecting to {self.project.config.plant.source.rpartition('@')[2]}")
        pause, said = BACK_OFF_S[0], ""
        while not self.stop.is_set():
            try:
                await connector.open()
                return self.project.choose(await connector.browse())
            except EnvironmentFailed as error:
                if str(error) != said and not self.stop.is_set():
                    said = str(error)
                    self.talk.warn(f"{error}. It is tried again until the plant answers.")
            await self._pause(pause)
            pause = min(2 * pause, BACK_OFF_S[1])
        return None

    # -- historian -> bundle -> node

    async def _decide(self) -> None:
        wanted, pause = self.project.learn_ns, TRY_AGAIN_S[0]
        while self.project.decides() is None and not self.stop.is_set():
            await self._enough(wanted)
            code = 0 if self.stop.is_set() else await self._train()
            if code == UsageError.exit_code:
                wanted += max(self.project.learn_ns // 4, SECOND)
                self.talk.say(f"It is tried again with {format_duration(wanted)} of history.")
            elif code:  # a certificate that was refused on a busy machine, a full disk
                self.talk.say(f"It is tried again in {format_duration(pause * SECOND)}.")
                await self._pause(pause)
                pause = min(2 * pause, TRY_AGAIN_S[1])
        if not self.stop.is_set():
            await self.keeper.run()
        await self.stop.wait()

    async def _enough(self, wanted: int) -> None:
        """Wait until so much usable history is there."""
        told = -1
        while not self.stop.is_set():
            share = min(self.recorder.moving_ns / wanted, 1.0)
            if int(share * TOLD_SHARES) > told and self.recorder.newest:
                told = int(share * TOLD_SHARES)
                self.talk.say(f"{format_duration(min(self.recorder.moving_ns, wanted))} of {format_duration(wanted)} "
                              "of normal operation recorded")
            if self.recorder.newest and (share >= 1.0 or told == 0):
                moving = (await asyncio.to_thread(training.recorded, self.project, self.historian))[2]
                self.recorder.moving_ns = moving
                if moving >= wanted:
                    return
            await self._pause(LOOK_S)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)

    async def _train(self) -> int:
        """Learn in a process of its own: recording must not notice, not even when memory runs out there.

        Gives its exit code.
        """
        self.talk.step("Learning from it in a process of its own; recording goes on")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lineshaft", "model", "train", "--project", str(self.project.folder), "-o", "json",
            "--quiet", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        answer = asyncio.create_task(process.communicate())
        stopping = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait((answer, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                process.terminate()
            out, err = await answer
        finally:
            stopping.cancel()
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == 0:
            found = json.loads(out)
            self.talk.good(f"{found['why']}; parity {found['parity']:.2g}, {found['flips']} verdicts flipped")
        elif not self.stop.is_set():
            said = err.decode("utf-8", "replace").strip().splitlines()
            self.talk.warn(f"Learning failed with exit code {process.returncode}: "
                           f"{said[-1] if said else 'it said nothing'}.")
        return process.returncode or 0


async def tidy(historian: Historian, stop: asyncio.Event, talk: Talk, every_s: float = COMPACT_S) -> None:
    """Compact the history once an hour until ``stop``; what goes wrong is said, and tried again an hour later."""
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)
            return
        try:
            await asyncio.to_thread(historian.compact)
        except LineshaftError as error:
            talk.warn(f"The history was not compacted: {error}.")


def _on_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C cancels the main task instead, with the same end
            asyncio.get_running_loop().add_signal_handler(number, stop.set)


async def _pass(stop: asyncio.Event, for_ns: int | None) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), None if for_ns is None else for_ns / SECOND)


async def _end(works: list[asyncio.Task[None]]) -> None:
    """Let every work end by itself; a failure on the way out is one too."""
    results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
