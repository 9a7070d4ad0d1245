"""tag -> historian: the plant is waited for, and recorded for as long as a run lasts."""

from __future__ import annotations

import asyncio

from lineshaft.app.project import Project
from lineshaft.app.record import Recorder
from lineshaft.app.restated import as_recorded
from lineshaft.app.talk import Talk
from lineshaft.app.waiting import first, pause
from lineshaft.connect.registry import open_connector
from lineshaft.core.clock import format_duration
from lineshaft.core.connector import Connector
from lineshaft.core.errors import EnvironmentFailed, LineshaftError
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag

BACK_OFF_S = (0.5, 30.0)


class Intake:
    """Records one project's tags. ``begun`` once they are: then the file fits the plant."""

    def __init__(self, project: Project, historian: Historian, recorder: Recorder, talk: Talk) -> None:
        self.project, self.historian, self.recorder, self.talk = project, historian, recorder, talk
        self.begun = False

    @staticmethod
    def needs(project: Project) -> object:
        """Everything in a project that recording depends on."""
        task = project.task
        return (project.source, project.options, project.recipe.period_ns, task.tags, task.leave_out, task.modes,
                task.limits)

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` or the end of the source; raises what is wrong with the file at this plant."""
        connector = open_connector(self.project.source, guard=None, **self.project.secret_options)
        ended = asyncio.Event()
        closing = asyncio.create_task(_close_at(stop, ended, connector))
        try:
            tags = await self._there(connector, stop)
            if tags is None:
                return
            tags, foreign = as_recorded(tags, await asyncio.to_thread(self.historian.tags))
            await asyncio.to_thread(self.historian.register, tags)
            if foreign:
                self.talk.warn(foreign)
            self.begun = True
            period = self.project.recipe.period_ns
            self.talk.good(f"Recording {len(tags)} tags every {format_duration(period)} into "
                           f"{self.project.folder / self.project.config.history}")
            await self.recorder.run(connector.subscribe(tags, period), period)
            if not stop.is_set():
                self.talk.say("The source has ended.")
        except LineshaftError:
            if not stop.is_set():  # else the connector was closed under our hands
                raise
        finally:
            ended.set()
            await closing
            await connector.close()

    async def _there(self, connector: Connector, stop: asyncio.Event) -> list[Tag] | None:
        """The plant's tags, waited for as long as it takes; None when it is time to stop."""
        self.talk.step(f"Connecting to {self.project.config.plant.source.rpartition('@')[2]}")
        wait, said = BACK_OFF_S[0], ""
        while not stop.is_set():
            try:
                await connector.open()
                if stop.is_set():  # what was still being opened could not be closed under our hands
                    break
                return self.project.choose(await connector.browse())
            except EnvironmentFailed as error:
                if str(error) != said and not stop.is_set():
                    said = str(error)
                    self.talk.warn(f"{error}. It is tried again until the plant answers.")
            await pause(stop, wait)
            wait = min(2 * wait, BACK_OFF_S[1])
        return None


async def _close_at(stop: asyncio.Event, ended: asyncio.Event, connector: Connector) -> None:
    """Close under the hands of whoever waits for the plant, or once nobody does."""
    await first(stop.wait(), ended.wait())
    await connector.close()
