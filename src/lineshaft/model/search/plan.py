"""What there is time for: the seconds that a race may take, and who is learnt whole in which turn.

Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

RACING, RESERVED = 0.7, 0.6
"""Candidates race for so much of the time at most; what comes after is kept at most so much of it."""
SURE = 2.0
"""What is expected to take a second is sure to end in so many."""


def race_left(seconds: float, spent: float, left: float, after: float) -> float:
    """Seconds that candidates may race yet, of a search of ``seconds`` that raced for ``spent`` of them.

    ``left`` is what the command has left, ``after`` what is expected to come after the race.

    >>> race_left(600.0, 100.0, 490.0, 20.0), race_left(600.0, 100.0, 490.0, 100.0), race_left(600.0, 100.0, 490.0, 1e9)
    (320.0, 290.0, 130.0)
    """
    return min(RACING * seconds - spent, left - min(SURE * after, RESERVED * seconds))


def in_turns(line: Sequence[str], expected: Mapping[str, float], left: float, most: int) -> list[str]:
    """Candidates in the order in which they are learnt whole; ``line`` has the best first.

    They go as they stand where the first ``most`` surely end in time. Else the best one that surely does goes first
    (the quickest where none does), so that something good is there when the time is over.

    >>> in_turns(["forest", "ridge", "naive"], {"forest": 90.0, "ridge": 4.0, "naive": 1.0}, 100.0, 2)
    ['ridge', 'forest', 'naive']
    """
    if not line or SURE * sum(expected[name] for name in line[:most]) <= left:
        return list(line)
    sure = [name for name in line if SURE * expected[name] <= left]
    first = sure[0] if sure else min(line, key=lambda name: expected[name])
    return [first, *(name for name in line if name != first)]


def learning_left(left: float, others: Sequence[float]) -> float:
    """Seconds that learning and measuring one more candidate may take.

    Where nothing is there yet, ``others`` are what those that wait are expected to take: time for the quickest of them
    is kept, if there is so much.

    >>> learning_left(100.0, []), learning_left(100.0, [40.0, 3.0]), learning_left(10.0, [9.0])
    (100.0, 94.0, 5.0)
    """
    return left - min(SURE * min(others, default=0.0), max(left, 0.0) / 2)
