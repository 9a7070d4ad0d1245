"""historian -> bundle -> node: learn once there is enough, or wait for a person; then keep a node."""

from __future__ import annotations

import asyncio
import json
import sys

from lineshaft.app import training
from lineshaft.app.keeper import Keeper
from lineshaft.app.project import Project
from lineshaft.app.record import Recorder
from lineshaft.app.talk import Talk
from lineshaft.app.waiting import pause
from lineshaft.core.clock import SECOND, format_duration
from lineshaft.core.errors import UsageError
from lineshaft.historian.store import EmbeddedHistorian

TRY_AGAIN_S = (10.0, 600.0)
LOOK_S = 0.25
TOLD_SHARES = 10


class Decider:
    """Works for one project; ``delivered`` decisions reached history, ``starts`` of the node."""

    def __init__(self, project: Project, historian: EmbeddedHistorian, recorder: Recorder, talk: Talk) -> None:
        self.project, self.historian, self.recorder, self.talk = project, historian, recorder, talk
        self.keeper: Keeper | None = None

    @staticmethod
    def needs(project: Project) -> object:
        """Everything in a project that this work depends on: all of it before a bundle decides, then what the node is
        told."""
        if project.decides() is None:
            return project.config
        config = project.config
        return (project.loop, project.source, project.options, config.key, config.node, config.plant.name,
                project.task.target)

    @property
    def delivered(self) -> int:
        return self.keeper.delivered if self.keeper else 0

    @property
    def starts(self) -> int:
        return self.keeper.starts if self.keeper else 0

    def take_over(self, project: Project) -> None:
        """The same in all that this work needs, another in something else."""
        self.project = project
        if self.keeper is not None:
            self.keeper.project = project

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        wanted, wait = self.project.learn_ns, TRY_AGAIN_S[0]
        if wanted is None:
            await self._deployed(stop)
        while self._undecided(stop) and wanted is not None:
            await self._enough(wanted, stop)
            code = await self._train(stop) if self._undecided(stop) else 0
            if code == UsageError.exit_code:
                wanted += max(wanted // 4, SECOND)
                self.talk.say(f"It is tried again with {format_duration(wanted)} of history.")
            elif code:  # a certificate that was refused on a busy machine, a full disk
                self.talk.say(f"It is tried again in {format_duration(wait * SECOND)}.")
                await pause(stop, wait)
                wait = min(2 * wait, TRY_AGAIN_S[1])
        if not stop.is_set():
            self.keeper = Keeper(self.project, self.historian, self.talk, stop)
            await self.keeper.run()
        await stop.wait()

    def _undecided(self, stop: asyncio.Event) -> bool:
        return self.project.decides() is None and not stop.is_set()

    async def _deployed(self, stop: asyncio.Event) -> None:
        if self._undecided(stop):
            self.talk.say("Nothing decides until somebody deploys a bundle: in the console, or with `lineshaft bundle "
                          "deploy`.")
        while self._undecided(stop):
            await pause(stop, LOOK_S)

    async def _enough(self, wanted: int, stop: asyncio.Event) -> None:
        """Wait until so much usable history is there, or somebody has trained meanwhile."""
        told, recorder = -1, self.recorder
        while self._undecided(stop):
            share = min(recorder.moving_ns / wanted, 1.0)
            if int(share * TOLD_SHARES) > told and recorder.newest:
                told = int(share * TOLD_SHARES)
                self.talk.say(f"{format_duration(min(recorder.moving_ns, wanted))} of {format_duration(wanted)} "
                              "of normal operation recorded")
            if recorder.newest and (share >= 1.0 or told == 0):
                moving = (await asyncio.to_thread(training.recorded, self.project, self.historian))[2]
                recorder.moving_ns = moving
                if moving >= wanted:
                    return
            await pause(stop, LOOK_S)

    async def _train(self, stop: asyncio.Event) -> int:
        """Learn in a process of its own: recording must not notice, not even when memory runs out there.

        Gives its exit code.
        """
        self.talk.step("Learning from it in a process of its own; recording goes on")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lineshaft", "model", "train", "--project", str(self.project.folder), "-o", "json",
            "--quiet", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        answer = asyncio.create_task(process.communicate())
        stopping = asyncio.create_task(stop.wait())
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
        elif not stop.is_set():
            said = err.decode("utf-8", "replace").strip().splitlines()
            self.talk.warn(f"Learning failed with exit code {process.returncode}: "
                           f"{said[-1] if said else 'it said nothing'}.")
        return process.returncode or 0
