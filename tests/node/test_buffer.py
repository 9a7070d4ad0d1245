"""The disk buffer: in order, once, across crashes and full disks."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lineshaft.core.alarm import Alarm, AlarmState
from lineshaft.core.decision import Cause
from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.node import buffer as buffer_module
from lineshaft.node.alarms import AlarmBook
from lineshaft.node.buffer import BufferLimits, DiskBuffer
from lineshaft.node.disk import open_disk
from lineshaft.node.record import Record

Open = Callable[..., DiskBuffer]


def record(time: int) -> Record:
    return (time, 1.5, True, 0.9, 40_000, False, 0, ("cell/level",), (("cell/flow", 0.75),), "sha256:1", None)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    buffers: list[DiskBuffer] = []

    def make(**limits: float) -> DiskBuffer:
        chosen = BufferLimits(**{"interval_s": 0.01, **limits})  # type: ignore[arg-type]
        buffers.append(DiskBuffer(tmp_path, loop="cell", asset="P101", limits=chosen))
        return buffers[-1]

    yield make
    for buffer in buffers:
        buffer.close()


def test_a_decision_comes_back_whole(opened: Open) -> None:
    buffer = opened()
    buffer.put(record(7))
    assert buffer.flush()
    entry, = buffer.pending()
    word = entry.decision
    assert (entry.sequence, word.loop, word.asset, word.time) == (1, "cell", "P101", 7)
    assert (word.score, word.alarm) == (1.5, True)
    assert word.causes == (Cause("cell/flow", 0.75),) and word.masked == ("cell/level",)
    assert word.bundle == "sha256:1" and word.latency_ns == 40_000


def test_numbers_go_on_after_all_was_acknowledged_and_the_node_restarted(opened: Open) -> None:
    first = opened()
    for time in range(3):
        first.put(record(time))
    first.flush()
    assert first.acknowledge(3) == 3
    first.close()
    second = opened()
    second.put(record(3))
    second.flush()
    assert [entry.sequence for entry in second.pending()] == [4]


def test_pending_gives_what_is_after_a_number_in_order(opened: Open) -> None:
    buffer = opened()
    for time in range(10):
        buffer.put(record(time))
    buffer.flush()
    assert [entry.sequence for entry in buffer.pending(after=4, limit=3)] == [5, 6, 7]


def test_acknowledging_twice_is_safe_and_a_number_never_given_out_is_refused(opened: Open) -> None:
    buffer = opened()
    buffer.put(record(0))
    buffer.flush()
    assert (buffer.acknowledge(1), buffer.acknowledge(1)) == (1, 0)
    with pytest.raises(UsageError, match="2 was never given out"):
        buffer.acknowledge(2)


def test_over_the_rows_on_disk_the_oldest_go_and_are_counted_for_ever(opened: Open) -> None:
    buffer = opened(rows=5)
    for time in range(12):
        buffer.put(record(time))
    buffer.flush()
    assert [entry.decision.time for entry in buffer.pending()] == [7, 8, 9, 10, 11]
    assert (buffer.dropped, buffer.depth) == (7, 5)
    buffer.close()
    assert opened().dropped == 7


def test_a_full_disk_is_said_memory_stays_bounded_and_all_is_written_when_there_is_room(opened: Open) -> None:
    buffer = opened(waiting=2_500)
    pages = buffer._db.execute("PRAGMA page_count").fetchone()[0]
    buffer._db.execute(f"PRAGMA max_page_count={pages + 1}")
    for time in range(4_000):
        buffer.put(record(time))
    assert not buffer.flush()
    assert "full" in buffer.fault
    for time in range(4_000, 6_000):
        buffer.put(record(time))
    waiting = buffer.depth
    assert waiting <= 2_500 + 2_000
    buffer._db.execute("PRAGMA max_page_count=100000")
    buffer.put(record(6_000))
    assert _eventually(buffer)
    times = [entry.decision.time for entry in buffer.pending(limit=10_000)]
    assert times == sorted(set(times)) and times[-1] == 6_000
    assert len(times) + buffer.dropped == 6_001


def _eventually(buffer: DiskBuffer) -> bool:
    return any(buffer.flush(1.0) for _ in range(20))


def test_alarms_and_their_journal_survive_a_restart(opened: Open) -> None:
    first = opened()
    book = AlarmBook(keep=first.keep_alarm)
    book.condition("cell", True, now=1)
    book.shelve("cell", until=50, reason="sensor is being changed", by="ana", now=2)
    first.close()
    second = opened()
    alarm, = second.alarms()
    assert alarm == Alarm("cell", AlarmState.SHELVED, True, 1, 2, reason="sensor is being changed", by="ana", until=50)
    assert [(line.event, line.by) for line in second.journal()] == [("raised", "node"), ("shelved", "ana")]
    assert AlarmBook(second.alarms()).next_expiry == 50


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "node.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(EnvironmentFailed, match="disk buffer cannot be opened"):
        DiskBuffer(tmp_path, loop="cell")


WRITER = """
import sys
from pathlib import Path
from lineshaft.node.buffer import BufferLimits, DiskBuffer
buffer = DiskBuffer(Path(sys.argv[1]), loop="cell", limits=BufferLimits(interval_s=0.005))
time = 0
while True:
    for _ in range(50):
        buffer.put((time, 0.5, False, 0.9, 1, False, 0, (), (), "sha256:1", None))
        time += 1
    if buffer.flush():
        print(time, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is a word of POSIX")
def test_kill_9_loses_nothing_that_was_flushed_and_repeats_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        flushed = [int(writer.stdout.readline()) for _ in range(10)][-1]
        writer.send_signal(signal.SIGKILL)
    buffer = DiskBuffer(tmp_path, loop="cell")
    times = [entry.decision.time for entry in buffer.pending(limit=100_000)]
    buffer.close()
    assert times[:flushed] == list(range(flushed))
    assert times == list(range(len(times)))
    assert sqlite3.connect(tmp_path / "node.sqlite").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_commit_that_lasts_is_said_until_a_quicker_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [100.0]
    monkeypatch.setattr(buffer_module, "monotonic", lambda: shown[0])
    takes, during, said = [1.5], list[str](), list[str]()

    class SlowDisk:
        def __init__(self, path: Path) -> None:
            self._disk = open_disk(path)

        def execute(self, statement: str, *values: Any) -> Any:
            if statement == "COMMIT" and buffer._in_flight:
                shown[0] += takes[0]
                during.append(buffer.slow)
            return self._disk.execute(statement, *values)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._disk, name)

    buffer = DiskBuffer(tmp_path, loop="cell", opened=SlowDisk)
    try:
        for number, takes[0] in enumerate((1.5, 0.1, 2.0)):
            buffer.put(record(number))
            assert buffer.flush()
            said.append(buffer.slow)
        slow = "the disk is slow: a write to node.sqlite takes"
        assert during == [f"{slow} 1.5 s", f"{slow} 1.5 s", f"{slow} 2 s"]
        assert said == [f"{slow} 1.5 s", "", f"{slow} 2 s"]
        shown[0] += 61.0
        assert buffer.slow == "", "of a minute ago nothing is known"
    finally:
        buffer.close()
