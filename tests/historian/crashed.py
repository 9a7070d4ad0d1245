"""A historian's process that was killed, and what must be in its folder then."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from tests.historian import appender

from lineshaft.historian.store import EmbeddedHistorian, open_historian


def start(folder: Path, first: int, *death: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", appender.__name__, str(folder), str(first), *death],
                            stdout=subprocess.PIPE, text=True)


def acknowledged(process: subprocess.Popen[str], upto: int | None = None) -> list[int]:
    """The numbers that the process printed: the first ``upto``, or all until it ended."""
    assert process.stdout is not None
    numbers: list[int] = []
    while (upto is None or len(numbers) < upto) and (line := process.stdout.readline()):
        numbers.append(int(line))
    return numbers


def killed_after(process: subprocess.Popen[str], count: int, delay: float) -> list[int]:
    """Kill ``delay`` seconds after the ``count``-th acknowledgement; all numbers acknowledged."""
    numbers = acknowledged(process, count)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.kill()
    numbers += acknowledged(process)
    assert process.wait() == -signal.SIGKILL
    return numbers


def stored(historian: EmbeddedHistorian, version: str | None = None) -> list[int]:
    """Which batches are in the historian; each must be whole and there once."""
    read = historian.read(appender.TAGS, -1, 10**15, version=version)
    value = np.concatenate([series.value for series in read.values()])
    time = np.concatenate([series.time for series in read.values()])
    numbers, counts = np.unique(value, return_counts=True)
    assert (counts == appender.ROWS).all(), dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    assert len(np.unique(time)) == len(time)
    for series in read.values():
        assert series.text == tuple(f"{int(value)}" for value in series.value)
    return [int(number) for number in numbers]


def check_overview(historian: EmbeddedHistorian, batches: int) -> None:
    """Columns count every sample once, whatever became of the overview."""
    for columns in (columns for count in (3, 30) for columns in historian.columns(
            appender.TAGS, 0, 6 * 60 * 10**9 * count, count).values()):
        at = appender.TAGS.index(columns.tag)
        assert columns.step > 60 * 10**9
        assert columns.count.sum() == batches * len(range(at, appender.ROWS, len(appender.TAGS)))
        assert columns.high.max() == batches - 1
        assert columns.low.min() == columns.first[0] == 0


def check_and_repeat(folder: Path, numbers: list[int]) -> int:
    """Everything acknowledged is there; repeating every key adds only what was not; the next number."""
    with open_historian(folder, flush_rows=appender.FLUSH_ROWS) as historian:
        present = stored(historian)
        assert set(numbers) <= set(present)
        assert present == list(range(len(present)))  # at most the batch in flight beyond the acknowledged
        assert len(present) <= max(numbers, default=-1) + 2
        for number in range(len(present) + 1):
            assert historian.append(appender.batch(number), key=appender.key(number)) == (number == len(present))
        version = historian.version()
        check_overview(historian, len(present) + 1)
        historian.compact()
        check_overview(historian, len(present) + 1)
        assert stored(historian) == stored(historian, version) == list(range(len(present) + 1))
        return len(present) + 1
