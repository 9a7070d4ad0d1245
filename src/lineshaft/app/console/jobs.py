"""Work that takes longer than a click: commands of ours in processes of their own, with progress."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lineshaft.core.errors import LineshaftError, Refused, UsageError

KEPT = 20
END_S = 10.0


@dataclass(slots=True)
class Job:
    """One piece of work; ``kind`` is what it does, one of a kind at a time.

    ``state`` is running, done, failed or stopped; ``result`` what the command printed, ``error`` its last words.
    Times in ms.
    """

    number: int
    kind: str
    by: str
    began: int
    state: str = "running"
    ended: int = 0
    done: int = 0
    total: int = 0
    what: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""


class Jobs:
    """Starts ``lineshaft <words>`` and follows it: progress as JSON lines on its stderr, the result on its stdout."""

    def __init__(self, folder: Path) -> None:
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self._folder = folder
        self._jobs: dict[int, Job] = {}
        self._running: dict[int, tuple[asyncio.subprocess.Process, asyncio.Task[None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Processes live on this loop."""
        self._loop = loop

    def all(self) -> list[Job]:
        """The newest first."""
        return sorted(self._jobs.values(), key=lambda job: -job.number)

    def get(self, number: int) -> Job:
        """One of them."""
        if number not in self._jobs:
            raise UsageError(f"there is no job {number}", do="it may be too old to be remembered")
        return self._jobs[number]

    def start(self, kind: str, words: Sequence[str], by: str) -> Job:
        """From a thread of the pool; the job as it stands right after its start."""
        assert self._loop is not None  # bound before the first request
        return asyncio.run_coroutine_threadsafe(self._start(kind, words, by), self._loop).result()

    def stop(self, number: int) -> Job:
        """Ask it to end; from a thread of the pool."""
        job = self.get(number)
        running = self._running.get(number)
        if running is None or self._loop is None:
            raise Refused(f"job {number} has ended", do="start another")
        job.state = "stopped"
        self._loop.call_soon_threadsafe(running[0].terminate)
        return job

    async def close(self) -> None:
        """End what still runs."""
        for process, _ in list(self._running.values()):
            with suppress(ProcessLookupError):
                process.terminate()
        tasks = [task for _, task in self._running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=END_S)

    async def _start(self, kind: str, words: Sequence[str], by: str) -> Job:
        if busy := next((job for job in self._jobs.values() if job.kind == kind and job.state == "running"), None):
            raise Refused(f"this is being done already, begun by {busy.by}", where=kind, do="wait until it is done")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lineshaft", *words, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=dict(os.environ))
        job = Job(max(self._jobs, default=0) + 1, kind, by, _now())
        self._jobs[job.number] = job
        for old in sorted(self._jobs)[:-KEPT]:
            if self._jobs[old].state != "running":
                del self._jobs[old]
        self._running[job.number] = (process, asyncio.create_task(self._follow(job, process)))
        self._tell(job)
        return job

    async def _follow(self, job: Job, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None and process.stderr is not None
        out, last = await asyncio.gather(process.stdout.read(), self._progress(job, process.stderr))
        code = await process.wait()
        job.ended = _now()
        if code == 0:
            with suppress(ValueError):
                job.result = json.loads(out)
            job.state = "done"
        elif job.state == "running":
            job.state, job.error = "failed", last or f"it ended with exit code {code} and said nothing"
        self._running.pop(job.number, None)
        self._tell(job)

    async def _progress(self, job: Job, stream: asyncio.StreamReader) -> str:
        """Follow the lines; the last one that was no progress."""
        last = ""
        while line := (await stream.readline()).decode("utf-8", "replace").strip():
            try:
                told = json.loads(line)
                job.done, job.total, job.what = int(told["done"]), int(told["total"]), str(told["what"])
            except (ValueError, TypeError, KeyError):
                last = line
                continue
            self._tell(job)
        return last

    def _tell(self, job: Job) -> None:
        for listener in self.listeners:
            with suppress(LineshaftError):
                listener(asdict(job))


def _now() -> int:
    return time.time_ns() // 1_000_000
