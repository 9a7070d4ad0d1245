"""``lineshaft run``: record for good; learn once there is enough; decide for good; show it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lineshaft.app.attendant import Attendant
from lineshaft.app.changes import ProjectFile
from lineshaft.app.config import FILE
from lineshaft.app.decider import Decider
from lineshaft.app.intake import Intake
from lineshaft.app.project import Project, alone
from lineshaft.app.record import Recorder
from lineshaft.app.talk import Talk
from lineshaft.app.waiting import first, pause
from lineshaft.connect.registry import open_connector
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import LineshaftError
from lineshaft.core.quality import usable
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.historian.store import EmbeddedHistorian

COMPACT_S = 3600.0
SETUP = "http://127.0.0.1:8420"


@dataclass(slots=True)
class Ran:
    """What a run did: ``stored`` samples, ``lost`` samples, ``delivered`` decisions, ``starts`` of the node."""

    stored: int = 0
    lost: int = 0
    delivered: int = 0
    starts: int = 0
    bundle: str = ""


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


async def run(folder: Path, talk: Talk, *, for_ns: int | None = None, console: bool = True,
              console_port: int | None = None) -> Ran:
    """Until a signal, ``for_ns`` or the end of a file; everything that was recorded or decided is kept.

    With a console, a folder without ``lineshaft.toml`` waits for one; then a file's end does not end the run.
    """
    file = await asyncio.to_thread(_file, folder, talk, may_be_empty=console)
    stop = asyncio.Event()
    _on_signals(stop)
    with alone(folder):
        attendant = Attendant(folder, talk, console_port)
        beside = [asyncio.create_task(_pass(stop, for_ns))]
        if console:
            beside.append(asyncio.create_task(attendant.run(stop)))
        try:
            return await _Run(file, attendant, talk, stop).whole()
        finally:
            stop.set()
            await _over(*beside)


def _file(folder: Path, talk: Talk, *, may_be_empty: bool) -> ProjectFile:
    empty = may_be_empty and folder.is_dir() and not (folder / FILE).exists()
    return ProjectFile(folder, None if empty else Project.open(folder), talk)


class _Work:
    """One of the things that a run does side by side, with a stop of its own."""

    def __init__(self, do: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(do(self.stop))

    async def end(self) -> None:
        """Let it end by itself; a failure on the way out is one too."""
        self.stop.set()
        await self.task


class _Run:
    """One project after another, all in one folder.

    ``lasts``: also when a file as source has ended. ``patient``: a file that does not fit its plant is waited out.
    """

    def __init__(self, file: ProjectFile, attendant: Attendant, talk: Talk, stop: asyncio.Event) -> None:
        self.file, self.attendant, self.talk, self.stop = file, attendant, talk, stop
        self.lasts = self.patient = file.project is None
        self.ran = Ran()

    async def whole(self) -> Ran:
        project = self.file.project or await self._set_up()
        while project is not None:
            with project.historian() as historian:
                project = await _Life(self, project, historian).whole()
        return self.ran

    async def _set_up(self) -> Project | None:
        await first(self.attendant.settled.wait(), self.stop.wait())
        if not self.stop.is_set():
            self.talk.step(f"Nothing is set up here yet: open {self.attendant.url or SETUP}/#/setup, or write a file "
                           "with `lineshaft init`")
        return await self.file.changed(self.stop)


class _Life:
    """Recording, deciding and tidying on one history, until the file names another or all is over.

    ``proven`` is the newest project that could be recorded; one that cannot makes way for it.
    """

    def __init__(self, run: _Run, project: Project, historian: EmbeddedHistorian) -> None:
        self.run, self.project, self.historian, self.talk = run, project, historian, run.talk
        self.proven: Project | None = None
        self.recorder = Recorder(historian, run.talk.warn)
        self.tidying = _Work(lambda stop: tidy(historian, stop, run.talk))
        run.attendant.follow(project.config.console)
        self._take_in()
        self._decide()

    def _take_in(self) -> None:
        self.recorder.forget()
        self.intake = Intake(self.project, self.historian, self.recorder, self.talk)
        self.recording: _Work | None = _Work(self.intake.run)
        self.failed = False

    def _decide(self) -> None:
        self.decider = Decider(self.project, self.historian, self.recorder, self.talk)
        self.deciding = _Work(self.decider.run)

    async def whole(self) -> Project | None:
        """The next project; None when all is over."""
        stop, file = self.run.stop, self.run.file
        over, change = asyncio.create_task(stop.wait()), asyncio.create_task(file.changed(stop))
        try:
            while not stop.is_set():
                await asyncio.wait({over, change, *self._tasks()}, return_when=asyncio.FIRST_COMPLETED)
                await self._look()
                if change.done() and (new := change.result()) is not None:
                    if new.config.history != self.project.config.history:
                        self.talk.good(f"{FILE} has changed: everything starts anew, with another history")
                        return new
                    await self._change_to(new)
                    change = asyncio.create_task(file.changed(stop))
            return None
        finally:
            over.cancel()
            change.cancel()
            await self._end()

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [work.task for work in (self.recording, self.deciding, self.tidying) if work is not None]

    async def _look(self) -> None:
        """What has ended, and whether the rest goes on; a work that fails ends all."""
        for work in (self.deciding, self.tidying):
            if work.task.done():
                work.task.result()
        if self.recording is None or not self.recording.task.done():
            return
        work, self.recording = self.recording, None
        try:
            work.task.result()
        except LineshaftError as error:
            await self._unfit(error)
        else:
            if not self.run.lasts:
                self.run.stop.set()

    async def _unfit(self, error: LineshaftError) -> None:
        """The plant has another opinion than the file. Only one that was there at the start ends the run."""
        self.failed = True
        if self.proven is not None:
            self.talk.warn(f"{error}. The project as it was before is in force again.")
            await self._change_to(self.proven, told=False)
        elif self.run.patient:
            self.talk.warn(f"{error}. It is waited for another file.")
        else:
            raise error

    async def _change_to(self, new: Project, *, told: bool = True) -> None:
        """Begin anew what depends on the change, and nothing else."""
        old, self.project, anew = self.project, new, []
        self.proven, self.run.patient = old if self.intake.begun else self.proven, True
        if self.failed or Intake.needs(old) != Intake.needs(new):
            if self.recording is not None:
                await self.recording.end()
            self._take_in()
            anew.append("recording")
        if Decider.needs(old) != Decider.needs(new):
            await self.deciding.end()
            self._count()
            self._decide()
            anew.append("deciding")
        else:
            self.decider.take_over(new)
        self.run.attendant.follow(new.config.console)
        if told:
            self.talk.good(f"{FILE} has changed: " + (f"{' and '.join(anew)} start anew" if len(anew) > 1 else
                           f"{anew[0]} starts anew" if anew else "nothing that runs is touched"))

    async def _end(self) -> None:
        if self.run.stop.is_set() and self.recording is not None:
            self.talk.step("Ending: what is recorded and decided is being kept")
        works = [work for work in (self.recording, self.deciding, self.tidying) if work is not None]
        for work in works:
            work.stop.set()
        try:
            await _over(*(work.task for work in works))
        finally:
            self._count()
            ran, bundle = self.run.ran, self.project.decides()
            ran.stored, ran.lost = ran.stored + self.recorder.stored, ran.lost + self.recorder.lost
            ran.bundle = bundle.name if bundle else ""

    def _count(self) -> None:
        self.run.ran.delivered += self.decider.delivered
        self.run.ran.starts += self.decider.starts


async def tidy(historian: Historian, stop: asyncio.Event, talk: Talk, every_s: float = COMPACT_S) -> None:
    """Compact the history once an hour until ``stop``; what goes wrong is said, and tried again an hour later."""
    while not stop.is_set():
        await pause(stop, every_s)
        if stop.is_set():
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
    if for_ns is not None:
        await pause(stop, for_ns / SECOND)
        stop.set()


async def _over(*works: asyncio.Task[None]) -> None:
    """Let every work end by itself; a failure on the way out is one too."""
    results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
