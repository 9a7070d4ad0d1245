"""``kill -9`` at any moment loses nothing acknowledged and doubles nothing."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.historian import appender

from lineshaft.historian.store import EmbeddedHistorian, open_historian

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")


def start(folder: Path, first: int, *death: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, appender.__file__, str(folder), str(first), *death],
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


def test_killed_at_random_moments_again_and_again(tmp_path: Path) -> None:
    chance = random.Random(7)
    following, numbers = 0, []
    for _ in range(12):
        numbers += killed_after(start(tmp_path, following), chance.randint(1, 25), chance.uniform(0, 0.03))
        following = check_and_repeat(tmp_path, numbers)
        numbers.append(following - 1)


@pytest.mark.parametrize("death", appender.DEATHS)
def test_killed_at_each_step_of_a_hand_over_or_merge(tmp_path: Path, death: str) -> None:
    process = start(tmp_path, 0, death)
    numbers = acknowledged(process)
    assert process.wait(60) == -signal.SIGKILL
    check_and_repeat(tmp_path, numbers)


def test_versions_named_before_a_crash_hold_after_it(tmp_path: Path) -> None:
    following, named = 0, {}
    for death in ("after the Delta commit", "before readers learn of a merge", "before old files are removed"):
        process = start(tmp_path, following, death)
        numbers = acknowledged(process)
        process.wait(60)
        with open_historian(tmp_path) as historian:
            named[historian.version()] = stored(historian)
        following = check_and_repeat(tmp_path, numbers)
    with open_historian(tmp_path) as historian:
        assert {version: stored(historian, version) for version in named} == named
