"""A whole system of real processes that screens are tried on: a plant, ``lineshaft run`` on it, and its console."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from tests.e2e.conftest import free_port, node_of, settle
from tests.processes import Process, until

from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.connect.plant.plant import Plant
from lineshaft.connect.plant.tags import TAGS
from lineshaft.core.sample import Samples
from lineshaft.historian.store import open_historian

PAST_TICKS = 3000
PERIOD_NS = 100_000_000


class System:
    """A project that learned and decides. Its folder, its plant and its console end with it."""

    def __init__(self, folder: Path, *, users: bool = False) -> None:
        self.folder, self._place = folder / "project", folder
        self._port, self._begun = free_port(), list[Process]()
        self.url = f"http://127.0.0.1:{self._port}"
        self._users = users

    def __enter__(self) -> System:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _start(self) -> None:
        self.plant = self.begin("plant", "serve", "--speed", "10")
        settle(self.folder, str(self.plant.first_line()["url"]), period=f"{PERIOD_NS // 1_000_000}ms")
        file = self.folder / "lineshaft.toml"
        text = file.read_text("utf-8")
        console = "[console]\nport = 0\n"
        assert console in text
        file.write_text(text.replace(console, f"[console]\nport = {self._port}\nusers = "
                                              f"{'true' if self._users else 'false'}\n"), "utf-8")
        remember(self.folder)
        self.run = self.begin("run", "--project", str(self.folder))
        node_of(self.folder)
        self.answering()

    def begin(self, *words: str) -> Process:
        """A command of ours as a process that ends with the system."""
        self._begun.append(Process(words, self._place / f"{'-'.join(words[:2])}-{len(self._begun)}.log"))
        return self._begun[-1]

    def close(self) -> None:
        """End everything, whatever state it is in."""
        for process in reversed(self._begun):
            process.close()

    def answering(self) -> str:
        """The console's address once it answers."""
        until(self._answers, f"console at {self.url}")
        return self.url

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/api/v1/shell", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    @property
    def node(self) -> RemoteNode:
        """The node that decides now: after a death it is another one, at another address."""
        return RemoteNode(self.folder / "node")

    def console(self) -> psutil.Process:
        """The process that serves the pages now."""

        def found() -> psutil.Process | None:
            for child in psutil.Process(self.run.popen.pid).children(recursive=True):
                if child.status() != psutil.STATUS_ZOMBIE and {"console", "serve"} <= set(child.cmdline()):
                    return child
            return None

        return until(found, "process of the console")

    def inject(self, fault: str) -> None:
        """Break the plant; the alarm is there when this returns."""
        self.plant.say(f"inject {fault}")
        until(lambda: any(alarm.active for alarm in self.node.alarms()), "alarm", 90)

    def heal(self) -> None:
        """Mend it; no alarm is active when this returns."""
        self.plant.say("clear")
        until(lambda: not any(alarm.active for alarm in self.node.alarms()), "end of the alarm", 90)

    def calm(self) -> None:
        """As a story finds it: a healthy plant, nothing waiting for anybody."""
        self.heal()
        for alarm in self.node.alarms():
            for state, act in (("shelved", "unshelve"), ("suppressed", "unsuppress"),
                               ("returned-unacknowledged", "acknowledge")):
                if alarm.state == state:
                    self.node.act(alarm.name, act, by="nobody")


def remember(folder: Path) -> None:
    """A healthy past in the project's history, up to a moment ago."""
    past = Plant(3, speed=10.0, start=time.time_ns() - PAST_TICKS * PERIOD_NS)
    times, values, quality = past.record(PAST_TICKS)
    with open_historian(Project.open(folder).folder / "history") as historian:
        historian.register(TAGS)
        historian.append(Samples.rows([tag.path for tag in TAGS], times, values, quality))
