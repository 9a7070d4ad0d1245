"""What a route may ask: the project, its history and node, and who is asking."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends
from fastapi.requests import HTTPConnection

from lineshaft.app.config import FILE
from lineshaft.app.console.door import Door, Person, Role
from lineshaft.app.console.jobs import Jobs
from lineshaft.app.console.live.hub import Hub
from lineshaft.app.console.live.pulse import PulseTaker
from lineshaft.app.console.nodes.lives import Lives
from lineshaft.app.console.setup.probe import Probes
from lineshaft.app.console.trends.band import BandKeeper
from lineshaft.app.console.trends.decisions import DecisionReader
from lineshaft.app.console.works import Works
from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.core.errors import LineshaftError, UsageError
from lineshaft.historian.store import EmbeddedHistorian

LOOK_S = 1.0


class NotFound(UsageError):
    """The thing that a path or a query names is not there."""


class Console:
    """One project folder as the console sees it; every member may be used from any thread.

    The folder may be empty: ``project`` is then None until set-up has written the file. It is read again when
    the file changes; a file with a mistake leaves the old project in force and its sentence in ``mistake``.
    """

    def __init__(self, folder: Path, door: Door) -> None:
        self.folder, self.door = folder, door
        self.mistake = ""
        self._project: Project | None = None
        self._stamp: tuple[int, int] | None = None
        self._looked = 0.0
        self._historian: EmbeddedHistorian | None = None
        self._lock = threading.Lock()
        self.jobs = Jobs(folder)
        self.bands, self.decisions = BandKeeper(), DecisionReader()
        self.works = Works()
        self.probes = Probes(folder)
        self.hub = Hub(self._tail)
        self.pulse = PulseTaker(self.node, lambda: self.project is not None)
        self.lives = Lives(lambda: self.project.node_folder if self.project is not None else None)
        self.pulse.listeners.append(self.lives.see)

    @property
    def project(self) -> Project | None:
        """The project as its file says now; looked at once a second at most."""
        with self._lock:
            if time.monotonic() - self._looked > LOOK_S:
                self._looked = time.monotonic()
                self._look()
            return self._project

    def reload(self) -> None:
        """Look at the file now, not when the second is over: it was just written."""
        with self._lock:
            self._look()

    def _look(self) -> None:
        path = self.folder / FILE
        try:
            found = path.stat()
        except OSError:
            self._project, self._stamp = None, None
            return
        stamp = (found.st_mtime_ns, found.st_size)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._project, self.mistake = Project.open(self.folder), ""
        except LineshaftError as error:
            self.mistake = str(error)

    def existing(self) -> Project:
        """The project; ``NotFound`` before set-up."""
        found = self.project
        if found is None:
            raise NotFound(self.mistake or "nothing is set up here yet", where=str(self.folder),
                           do="" if self.mistake else "open the set-up page, or write a file with `lineshaft init`")
        return found

    @property
    def historian(self) -> EmbeddedHistorian:
        """The project's history, opened at the first call; ``NotFound`` before set-up."""
        project = self.existing()
        with self._lock:
            if self._historian is None or self._historian.folder != project.folder / project.config.history:
                if self._historian is not None:
                    self._historian.close()
                self._historian = project.historian()
            return self._historian

    def node(self) -> RemoteNode:
        """The project's node; ``EnvironmentFailed`` where none runs."""
        return RemoteNode(self.existing().node_folder)

    async def open(self) -> None:
        """Begin to watch; called once the event loop runs."""
        self.hub.start()
        self.pulse.start()
        self.jobs.bind(asyncio.get_running_loop())

    async def close(self) -> None:
        """End the works and let go of files."""
        self.works.close()
        await asyncio.gather(self.hub.stop(), self.pulse.stop(), self.jobs.close(), asyncio.to_thread(self.probes.shut))
        with self._lock:
            if self._historian is not None:
                self._historian.close()
                self._historian = None
        self.door.close()

    def _tail(self) -> EmbeddedHistorian | None:
        """A history of the hub's own, so that a long read of somebody else never delays what is live."""
        project = self.project
        return None if project is None else project.historian()


def here(connection: HTTPConnection) -> Console:
    """The console of the application that was asked."""
    found: Console = connection.app.state.console
    return found


def _asker(least: Role) -> Callable[..., Person]:
    def asker(connection: HTTPConnection, console: Annotated[Console, Depends(here)]) -> Person:
        return console.door.admit(connection, least)

    vars(asker)["least"] = least  # so that a test can ask every route whom it lets in
    return asker


def _whoever(connection: HTTPConnection, console: Annotated[Console, Depends(here)]) -> Person | None:
    return console.door.who(connection)


PUBLIC: dict[str, Any] = {"security": []}
"""What a route says (``openapi_extra``) that answers also those who aren't logged in."""
Here = Annotated[Console, Depends(here)]
Anybody = Annotated[Person | None, Depends(_whoever)]
Viewer = Annotated[Person, Depends(_asker(Role.VIEWER))]
Operator = Annotated[Person, Depends(_asker(Role.OPERATOR))]
Engineer = Annotated[Person, Depends(_asker(Role.ENGINEER))]
Admin = Annotated[Person, Depends(_asker(Role.ADMIN))]
