"""``kill -9`` at any moment loses nothing acknowledged and doubles nothing."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest
from tests.historian import appender
from tests.historian.crashed import acknowledged, check_and_repeat, killed_after, start, stored

from lineshaft.historian.store import open_historian

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")


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
