"""The smallest real thing that decides: a bundle of one EWMA over three tags of the demo plant, and its node."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.bundle.conftest import Parts, make_parts, manifest_of
from tests.processes import Process, until

from lineshaft.app.remote import RemoteNode
from lineshaft.connect.plant.tags import TAGS
from lineshaft.core.clock import SECOND
from lineshaft.core.health import Health
from lineshaft.core.manifest import Limits
from lineshaft.node.buffer import DiskBuffer

PATHS = ("demo/hall1/cell1/P101/flow", "demo/hall1/cell1/P102/flow", "demo/hall1/cell1/P103/flow")
LOOP, PERIOD_NS = "cell2", SECOND // 10


def parts(folder: Path) -> Parts:
    """A key of its own, and what a bundle is packed from."""
    folder.mkdir(parents=True, exist_ok=True)
    return make_parts(folder)


def bundle(made: Parts, version: int = 1, name: str = "bundle") -> Path:
    """A signed bundle that decides on the demo plant every 100 ms."""
    known = {tag.path: tag for tag in TAGS}
    tags = tuple(replace(known[path], address="") for path in PATHS)
    manifest = replace(manifest_of(version), tags=tags, period_ns=PERIOD_NS, stale_ns=SECOND, limits=Limits())
    return made.pack(name, manifest=manifest).path


class SmallNode:
    """One node process after another in one folder, on the plant at ``source``."""

    def __init__(self, folder: Path, *, source: str = "plant:", environment: Mapping[str, str] | None = None) -> None:
        self.folder, self._made, self._number = folder / "node", parts(folder / "made"), 0
        self._source, self._environment = source, environment
        self._bundle, self._root = bundle(self._made), folder
        self.running: list[Process] = []

    def start(self, *more: str, before: Callable[[], None] | None = None, folder: Path | None = None) -> Process:
        self._number += 1
        words = ["node", "run", str(self._bundle), "--source", self._source, "--trust", str(self._made.public),
                 "--folder", str(folder or self.folder), *more]
        process = Process(words, self._root / f"node-{self._number}.log", before=before,
                          environment=self._environment)
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
def small_node(folder: Path, *, source: str = "plant:", environment: Mapping[str, str] | None = None
               ) -> Iterator[SmallNode]:
    """Every process that it starts ends with the block."""
    node = SmallNode(folder, source=source, environment=environment)
    try:
        yield node
    finally:
        node.close()


def without_override() -> None:
    """In a child: file modes hold for the superuser, too (``prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)``)."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)
