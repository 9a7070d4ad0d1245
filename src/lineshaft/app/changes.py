"""``lineshaft.toml`` while a run lasts: a changed file is taken over, one with a mistake is told and left alone."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from lineshaft.app.config import FILE
from lineshaft.app.project import Project
from lineshaft.app.talk import Talk
from lineshaft.app.waiting import pause
from lineshaft.core.errors import LineshaftError

LOOK_S = 0.5


class ProjectFile:
    """The file of one folder; ``project`` is what is in force, None where nothing is set up yet."""

    def __init__(self, folder: Path, project: Project | None, talk: Talk) -> None:
        self.project = project
        self._path, self._talk = folder / FILE, talk
        self._known = self._last = self._content()

    async def changed(self, stop: asyncio.Event) -> Project | None:
        """Wait for another project than the one in force; None when it is time to stop."""
        while not stop.is_set():
            await pause(stop, LOOK_S)
            content = await asyncio.to_thread(self._content)
            settled, self._last = content == self._last, content
            if content == self._known or not settled:  # an editor may be in the middle of writing it
                continue
            self._known = content
            try:
                self.project = Project.open(self._path.parent)
            except LineshaftError as error:
                self._talk.warn(f"{error}. " + ("The project as it was stays in force." if self.project else
                                                "It is waited for a file without a mistake."))
            else:
                return self.project
        return None

    def _content(self) -> bytes | None:
        """The bytes and not the time: a clock or a file system may give two versions the same one."""
        with suppress(OSError):
            return self._path.read_bytes()
        return None
