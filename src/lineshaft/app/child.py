"""Processes of our own: started, waited for until they say they are ready, and always ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from lineshaft.core.errors import EnvironmentFailed

READY_S = 180.0  # a plant writes its past first, and a machine may be busy
END_S = 10.0


class Child:
    """``lineshaft <words>`` in a process of its own, which prints one JSON line when it is ready.

    Its stderr goes to ``log``. Commands may be sent to its stdin, a line each.
    """

    def __init__(self, words: Sequence[str], log: Path, *, environment: dict[str, str] | None = None) -> None:
        self.words, self.log, self.ready = list(words), log, dict[str, str]()
        self._environment = {**os.environ, **(environment or {})}
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Child:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "lineshaft", *self.words, stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=errors, env=self._environment)
        try:
            async with asyncio.timeout(READY_S):  # wait_for of Python 3.11 may forget that this task was told to end
                self.ready = await self._first_line()
        except TimeoutError:
            await self._end()
            raise EnvironmentFailed(f"lineshaft {self.words[0]} {self.words[1]} was not ready after {READY_S:g} s",
                                    where=str(self.log), do="look at the end of that file") from None
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self._end()

    @property
    def running(self) -> bool:
        """Whether it still lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def exit_code(self) -> int | None:
        """None while it lives."""
        return self._process.returncode if self._process is not None else None

    async def command(self, line: str) -> None:
        """Send one line; ``EnvironmentFailed`` when it has ended."""
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise self._ended()
        process.stdin.write(f"{line}\n".encode())
        await process.stdin.drain()

    async def ended(self) -> None:
        """Wait until it ends by itself, and say so."""
        if self._process is not None:
            await self._process.wait()
        raise self._ended()

    async def _first_line(self) -> dict[str, str]:
        assert self._process is not None and self._process.stdout is not None
        while line := await self._process.stdout.readline():
            with suppress(json.JSONDecodeError):
                return dict(json.loads(line))
        await self._process.wait()
        raise self._ended()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _ended(self) -> EnvironmentFailed:
        code = self._process.returncode if self._process is not None else None
        last = self.log.read_text("utf-8", "replace").strip().splitlines()[-1:] if self.log.exists() else []
        return EnvironmentFailed(f"lineshaft {self.words[0]} {self.words[1]} ended with exit code {code}"
                                 + (f" after saying: {last[0]}" if last else ""), where=str(self.log),
                                 do="look at the end of that file")
