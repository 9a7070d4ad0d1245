"""The console beside a run: started, looked after, begun anew when it dies. Nothing else depends on it."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path

from lineshaft.app.child import Child
from lineshaft.app.config import Console
from lineshaft.app.project import LOGS
from lineshaft.app.talk import Talk
from lineshaft.app.waiting import first, pause
from lineshaft.core.clock import format_duration
from lineshaft.core.errors import EnvironmentFailed

BACK_OFF_S = (1.0, 60.0)
STEADY_S = 60.0
NEEDED = ("fastapi", "uvicorn")  # of the extra ``console``; only asked for here, never imported


class Attendant:
    """Keeps ``lineshaft console serve`` alive for a folder; ``url`` is where, empty while it is not there.

    ``port`` overrules that of the project's file; ``word`` stands before the address where it is told.
    """

    def __init__(self, folder: Path, talk: Talk, port: int | None = None, word: str = "Console") -> None:
        self.url, self.settled = "", asyncio.Event()
        self._folder, self._talk, self._port = folder, talk, port
        self._config, self._word = Console(), word
        self._anew = asyncio.Event()
        self._said = ""

    def follow(self, config: Console) -> None:
        """What the file says of the console now; another address or other users mean another process."""
        if config != self._config:
            self._config = config
            self._anew.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``; one that ends is started again, later each time it dies young."""
        if not all(find_spec(name) for name in NEEDED):
            self._talk.say("The console is not installed: pip install 'lineshaft[console]'. All else works without it.")
            self.settled.set()
            return
        wait, events = BACK_OFF_S[0], asyncio.get_running_loop()
        while not stop.is_set():
            self._anew.clear()
            begun = events.time()
            try:
                await first(self._serve(), stop.wait())
            except EnvironmentFailed as error:
                if events.time() - begun > STEADY_S:
                    wait = BACK_OFF_S[0]
                self._tell(error, wait, stop)
                await self._rest(stop, wait)
                wait = min(2 * wait, BACK_OFF_S[1])
            finally:
                self.url = ""

    async def _serve(self) -> None:
        async with Child(self._words(), self._folder / LOGS / "console.log") as child:
            if child.ready["url"] != self.url:
                self._talk.good(f"{self._word}: {child.ready['url']}")
            self.url, self._said = child.ready["url"], ""
            self.settled.set()
            await first(child.ended(), self._anew.wait())

    def _words(self) -> list[str]:
        return ["console", "serve", "--project", str(self._folder), "--until-stdin-closes",
                *([] if self._port is None else ["--port", str(self._port)])]

    def _tell(self, error: EnvironmentFailed, wait: float, stop: asyncio.Event) -> None:
        """The same trouble is told once."""
        self.settled.set()
        if error.what != self._said and not stop.is_set():
            self._said = error.what
            self._talk.warn(f"{error}. The console is tried again in {format_duration(wait * 1e9)} and then ever "
                            "later; all else goes on without it.")

    async def _rest(self, stop: asyncio.Event, wait: float) -> None:
        """A file that says something new is a reason to try at once."""
        await first(pause(stop, wait), self._anew.wait())
