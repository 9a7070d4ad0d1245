"""The historian's process dies, in the middle of what it does."""

from __future__ import annotations

import signal
import time

from tests.faults.case import Injection, Outcome, case
from tests.historian import appender
from tests.historian.crashed import acknowledged, check_and_repeat, killed_after, start


@case(1, 7, times=20, quick=2)
def historian_killed_at_a_random_instant(at: Injection) -> Outcome:
    """kill -9 of a process that appends, at a random instant of appending, hand-over or merge."""
    process = start(at.folder, 0)
    numbers = killed_after(process, at.chance.randint(1, 40), at.chance.uniform(0, 0.05))
    return _come_back(at, numbers)


@case(1, 7, times=len(appender.DEATHS), quick=2)
def historian_killed_at_a_stage_boundary(at: Injection) -> Outcome:
    """kill -9 before or after each single step of a hand-over, an overview and a merge."""
    death = list(appender.DEATHS)[at.seed % len(appender.DEATHS)]
    process = start(at.folder, 0, death)
    numbers = acknowledged(process)
    assert process.wait(60) == -signal.SIGKILL, death
    return _come_back(at, numbers)


def _come_back(at: Injection, numbers: list[int]) -> Outcome:
    """Opening is the recovery; ``check_and_repeat`` asserts that each batch is there, once, unchanged."""
    begun = time.monotonic()
    check_and_repeat(at.folder, numbers)
    return Outcome(recovery_s=(time.monotonic() - begun,))
