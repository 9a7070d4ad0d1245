"""What runs beside a loop, and how it waits: on threads, or step by step under a simulation's hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Job(Protocol):
    """Work that takes turns for as long as it is not stopped."""

    def wake(self) -> None:
        """There is something to do: a turn comes soon. Returns at once; from any thread."""

    def stop(self) -> None:
        """One turn more, then none; returns after it. Safe to call twice."""


class Background(Protocol):
    """Where a node's jobs run, and how whoever works beside the loop waits.

    A simulation gives one of its own: it decides which turn comes when, and what happens during a pause.
    """

    def every(self, seconds: float, turn: Callable[[], None], name: str) -> Job:
        """A job whose turns are at most ``seconds`` apart; ``turn`` must not raise."""

    def pause(self, seconds: float) -> None:
        """Let others go on for that long; not for the loop's thread."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Until ``event`` is set; False when time is over before."""

    def lock(self) -> AbstractContextManager[object]:
        """A lock that is held for moments, by jobs and by callers, never by the loop."""


class Threads:
    """Every job has a thread of its own; waiting is sleeping."""

    pause = staticmethod(time.sleep)
    lock = staticmethod(threading.Lock)

    def every(self, seconds: float, turn: Callable[[], None], name: str) -> Job:
        return _ThreadedJob(seconds, turn, name)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


class _ThreadedJob:
    def __init__(self, seconds: float, turn: Callable[[], None], name: str) -> None:
        self._seconds, self._turn = seconds, turn
        self._due, self._stopped = threading.Event(), threading.Event()
        self.wake = self._due.set
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._due.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._due.wait(self._seconds)
            self._due.clear()
            self._turn()
        self._turn()
