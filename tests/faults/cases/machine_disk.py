"""The disk is really full, and a power cut tears what was being written."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path

from tests.faults import small
from tests.faults.case import Injection, Outcome, case
from tests.faults.full import SmallDisk, small_disk, tear
from tests.historian import appender
from tests.historian.crashed import check_and_repeat

from lineshaft.bundle.open import open_bundle
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.historian.store import open_historian
from lineshaft.node.buffer import DiskBuffer

ROUNDS, BATCHES = 5, 20_000


def _history(at: Injection, disk: SmallDisk) -> list[str]:
    """Appended to and merged until it is full; each round leaves another rest."""
    folder, acknowledged, said = disk.folder / "history", [0], []
    with open_historian(folder, flush_rows=appender.FLUSH_ROWS) as historian:
        historian.append(appender.batch(0), key=appender.key(0))
        for _ in range(ROUNDS):
            disk.fill(at.chance.randint(0, 300_000))
            try:
                while len(acknowledged) < BATCHES:
                    number = len(acknowledged)
                    historian.append(appender.batch(number), key=appender.key(number))
                    acknowledged.append(number)
                    if number % appender.COMPACT_EVERY == 0:
                        historian.compact()
            except EnvironmentFailed as error:
                said.append(str(error))
            disk.free()
            number = len(acknowledged)  # what was refused is tried again, as its sender does
            historian.append(appender.batch(number), key=appender.key(number))
            acknowledged.append(number)
    check_and_repeat(folder, acknowledged)
    wrong = [f"said of a full disk: {one}" for one in said if "full" not in one]
    return wrong + ["it was never full"] * (len(said) < ROUNDS)


def _outbox(at: Injection, disk: SmallDisk) -> list[str]:
    """Decisions wait in memory while nothing can be written, and health says why."""
    with closing(DiskBuffer(disk.folder / "node", loop="cell")) as buffer:
        wrong, count = [], 0
        for _ in range(ROUNDS):
            disk.fill(at.chance.randint(0, 50_000))
            for count in range(count + 1, count + 5001):
                buffer.put((count, 1.5, True, 0.9, 40_000, False, 0, (), (("cell/flow", 0.75),) * 8, "sha256:1", None))
            if buffer.flush():  # into pages that are free in its own file, from the second time on
                wrong += ["5,000 decisions found room on a full disk"] * (count == 5000)
            elif "full" not in buffer.fault:
                wrong.append(f"its health says {buffer.fault}")
            disk.free()
            wrong += [] if buffer.flush(60.0) else [f"with room again it says {buffer.fault}"]
            times = [one.decision.time for one in buffer.pending(limit=100_000)]
            if times != list(range(count - 4999, count + 1)):
                wrong.append(f"{len(times)} of 5000 wait, from {times[:1]}")
            buffer.acknowledge(buffer.pending(limit=100_000)[-1].sequence)
        return wrong


def _bundle(at: Injection, disk: SmallDisk) -> list[str]:
    """A bundle that does not fit is not there at all."""
    made, wrong = small.parts(at.folder / "made"), []
    for number in range(ROUNDS):
        path = disk.folder / f"cell-{number}{'.tar' * (number % 2)}"
        disk.fill(at.chance.randint(0, 6000))
        try:
            small.bundle(made, 1, str(path))
            wrong.append("it found room on a full disk")
        except EnvironmentFailed as error:
            wrong += [] if "No space" in str(error) else [f"said of a full disk: {error}"]
        there = [one.name for one in disk.folder.iterdir() if path.name in one.name]
        wrong += [f"{there} is left of it"] * bool(there)
        disk.free()
        small.bundle(made, 1, str(path))
        open_bundle(path, trusted_keys=[made.public])
    return wrong


FULL: Mapping[str, Callable[[Injection, SmallDisk], list[str]]] = {
    "history": _history, "outbox": _outbox, "bundle": _bundle}


@case(1, 3, 7, 8, times=9, quick=3)
def the_disk_is_full(at: Injection) -> Outcome:
    """A file system of 16 MiB is filled five times, to within a rest of chance: under a history that is appended to and
    merged, an outbox, or a bundle that is packed. There is room again each time."""
    name = list(FULL)[at.seed % len(FULL)]
    begun = time.monotonic()
    with small_disk(at.folder / "disk") as disk:
        wrong = FULL[name](at, disk)
    return Outcome(ROUNDS, lies=tuple(f"{name}: {one}" for one in wrong), recovery_s=(time.monotonic() - begun,))


def _appended(folder: Path, count: int) -> Generator[None]:
    """``count`` batches are acknowledged when it pauses first; one more is under way when it pauses again."""
    with open_historian(folder, flush_rows=10**6) as historian:
        for number in range(count + 1):
            historian.append(appender.batch(number), key=appender.key(number))
            if number >= count - 1:
                yield


def _kept(folder: Path, count: int) -> Generator[None]:
    """The same with decisions in an outbox."""
    with closing(DiskBuffer(folder, loop="cell")) as buffer:
        for number in range(count + 1):
            buffer.put((number, 1.5, True, 0.9, 40_000, False, 0, (), (), "sha256:1", None))
            assert buffer.flush(), buffer.fault
            if number >= count - 1:
                yield


@case(1, 5, 7, times=40, quick=4)
def what_was_written_last_is_torn(at: Injection) -> Outcome:
    """A power cut while a sample is appended, or a decision kept: of what was not yet flushed, a part of chance is on
    the disk, or pages of it are missing; all that was acknowledged before is there."""
    folder, count = at.folder / "torn", at.chance.randint(1, 30)
    write, wal = (_appended, "hot.sqlite-wal") if at.seed % 2 else (_kept, "node.sqlite-wal")
    with closing(write(at.folder / "live", count)) as more:
        next(more)
        durable = (at.folder / "live" / wal).read_bytes()
        next(more)
        shutil.copytree(at.folder / "live", folder)
    if not tear(folder / wal, durable, at.chance):
        return Outcome(0)
    begun = time.monotonic()
    if at.seed % 2:
        check_and_repeat(folder, list(range(count)))
        return Outcome(recovery_s=(time.monotonic() - begun,))
    with closing(DiskBuffer(folder, loop="cell")) as buffer:
        times = [one.decision.time for one in buffer.pending(limit=10_000)]
    lies = [] if times in (list(range(count)), list(range(count + 1))) else [f"{times} of {count} decisions"]
    return Outcome(lies=tuple(lies), recovery_s=(time.monotonic() - begun,))
