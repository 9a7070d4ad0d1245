"""Real processes of ours for tests: started, spoken to, waited for, ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil

from lineshaft.core.errors import EnvironmentFailed

WAIT_S = 60.0
_Found = TypeVar("_Found")


def until(look: Callable[[], _Found | None], what: str, wait_s: float = WAIT_S) -> _Found:
    """What ``look`` gives once it gives something; a node that isn't there yet is waited for."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        try:
            if found := look():
                return found
        except EnvironmentFailed:
            pass  # the node is not there yet
        time.sleep(0.05)
    raise AssertionError(f"no {what} within {wait_s:g} s")


class Process:
    """``lineshaft <words>``; its talk is in ``log``; ``before`` runs in it before anything else.

    ``environment`` is added to that of this process; ``module`` is started in place of Lineshaft's own.
    """

    def __init__(self, words: Sequence[str], log: Path, *, before: Callable[[], None] | None = None,
                 environment: Mapping[str, str] | None = None, module: str = "lineshaft") -> None:
        self.log = log
        with log.open("ab") as errors:
            self.popen = subprocess.Popen([sys.executable, "-m", module, *words], stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, stderr=errors, text=True, preexec_fn=before,
                                          env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})})

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def first_line(self) -> dict[str, Any]:
        """What it says once it is ready."""
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline()
        assert line, self.said()
        return dict(json.loads(line))

    def say(self, line: str) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{line}\n")
        self.popen.stdin.flush()

    def ended(self, *, by: int | None = signal.SIGINT) -> dict[str, Any]:
        """Its answer after a signal; it must end with 0."""
        if by is not None:
            self.popen.send_signal(by)
        out, _ = self.popen.communicate(timeout=WAIT_S)
        assert self.popen.returncode == 0, self.said()
        return dict(json.loads(out))

    def refused(self) -> tuple[int, str]:
        """Its exit code and its one sentence."""
        code = self.popen.wait(WAIT_S)
        said = self.said().strip()
        assert "Traceback" not in said, said
        assert said.count("\n") == 0, said
        return code, said

    def nodes(self) -> list[psutil.Process]:
        """The node processes that it started."""
        return [child for child in psutil.Process(self.popen.pid).children(recursive=True)
                if child.status() != psutil.STATUS_ZOMBIE and "node" in child.cmdline()]

    def close(self) -> None:
        family = []
        if self.popen.poll() is None:
            family = psutil.Process(self.popen.pid).children(recursive=True)
        for process in (*family, self.popen):
            process.kill()
        self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream is not None:
                stream.close()
