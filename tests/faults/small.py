"""The smallest real thing that decides: a bundle of one EWMA over three tags of the demo plant, and its node."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from tests.bundle.conftest import Parts, make_parts, manifest_of

from lineshaft.app.remote import RemoteNode
from lineshaft.connect.plant.tags import TAGS
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.health import Health
from lineshaft.core.manifest import Limits
from lineshaft.node.buffer import DiskBuffer

PATHS = ("demo/hall1/cell1/P101/flow", "demo/hall1/cell1/P102/flow", "demo/hall1/cell1/P103/flow")
LOOP, PERIOD_NS, WAIT_S = "cell2", SECOND // 10, 60.0
_Found = TypeVar("_Found")


def parts(folder: Path) -> Parts:
    """A key of its own, and what a bundle is packed from."""
    folder.mkdir(parents=True, exist_ok=True)
    return make_parts(folder)


def bundle(made: Parts, version: int = 1, name: str = "bundle") -> Path:
    """A signed bundle that decides on the demo plant every 100 ms."""
    known = {tag.path: tag for tag in TAGS}
    manifest = replace(manifest_of(version), tags=tuple(known[path] for path in PATHS), period_ns=PERIOD_NS,
                       stale_ns=SECOND, limits=Limits())
    return made.pack(name, manifest=manifest).path


def until(look: Callable[[], _Found | None], what: str, wait_s: float = WAIT_S) -> _Found:
    """What ``look`` gives once it gives something; a node that isn't there yet is waited for."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        try:
            if found := look():
                return found
        except EnvironmentFailed:
            pass
        time.sleep(0.05)
    raise AssertionError(f"no {what} within {wait_s:g} s")


class Process:
    """``lineshaft <words>``; what it says is in ``log``; ``before`` runs in it before anything else."""

    def __init__(self, words: Sequence[str], log: Path, *, before: Callable[[], None] | None = None) -> None:
        self.log = log
        with log.open("ab") as errors:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "lineshaft", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=errors, text=True, preexec_fn=before, env={**os.environ, "OMP_NUM_THREADS": "1"})

    def ready(self) -> dict[str, Any]:
        """Its first line, once it is there."""
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline()
        assert line, self.said()
        return dict(json.loads(line))

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def refused(self) -> tuple[int, str]:
        """Its exit code and its one sentence."""
        code = self.popen.wait(WAIT_S)
        said = self.said().strip()
        assert "Traceback" not in said, said
        assert said.count("\n") == 0, said
        return code, said

    def close(self) -> None:
        self.popen.kill()
        self.popen.wait()
        if self.popen.stdout is not None:
            self.popen.stdout.close()


class SmallNode:
    """One node process after another in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._made, self._number = folder / "node", parts(folder / "made"), 0
        self._bundle, self._root = bundle(self._made), folder
        self.running: list[Process] = []

    def start(self, *more: str, before: Callable[[], None] | None = None, folder: Path | None = None) -> Process:
        self._number += 1
        words = ["node", "run", str(self._bundle), "--source", "plant:", "--trust", str(self._made.public), "--folder",
                 str(folder or self.folder), *more]
        process = Process(words, self._root / f"node-{self._number}.log", before=before)
        self.running.append(process)
        return process

    @property
    def remote(self) -> RemoteNode:
        return RemoteNode(self.folder)

    def active(self) -> float:
        """Seconds until it decides on moving data."""
        begun = time.monotonic()
        until(lambda: self.remote.health().state is Health.ACTIVE, "active node")
        return time.monotonic() - begun

    def kept(self) -> list[tuple[int, int]]:
        """Number and time of every decision in the outbox; only where no node runs."""
        buffer = DiskBuffer(self.folder, loop=LOOP)
        try:
            return [(one.sequence, one.decision.time) for one in buffer.pending(limit=100_000)]
        finally:
            buffer.close()

    def close(self) -> None:
        for process in self.running:
            process.close()


@contextmanager
def small_node(folder: Path) -> Iterator[SmallNode]:
    """Every process that it starts ends with the block."""
    node = SmallNode(folder)
    try:
        yield node
    finally:
        node.close()


def without_override() -> None:
    """In a child: file modes hold for the superuser, too (``prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)``)."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)
