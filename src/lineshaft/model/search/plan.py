"""What there is time for: the seconds that a race may take, and who is learnt whole in which turn.

Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

RACING, RESERVED = 0.7, 0.6
"""Candidates race for so much of the time at most; what comes after is kept at most so much of it."""
QUICK, SLOW = 0.25, 4.0
"""What takes no more than so much of the time that is left is quick; what takes so many times the mean is slow."""
SURE = 2.0
"""What is expected to take a second is sure to end in so many."""


def race_left(seconds: float, spent: float, left: float, ends: Sequence[float]) -> float:
    """Seconds that candidates may race yet, of a search of ``seconds`` that raced for ``spent`` of them.

    ``left`` is what the command has left, ``ends`` what learning and measuring each of the best is expected to take:
    time for all of them is kept, and for the quickest surely.

    >>> race_left(600.0, 100.0, 490.0, [20.0]), race_left(600.0, 100.0, 490.0, [90.0, 110.0])
    (320.0, 290.0)
    >>> race_left(600.0, 100.0, 490.0, [1e9])
    130.0
    """
    after = max(sum(ends), SURE * min(ends, default=0.0))
    return min(RACING * seconds - spent, left - min(after, RESERVED * seconds))


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


def learning_left(left: float, own: float, others: Sequence[float]) -> float:
    """Seconds that learning and measuring one more candidate may take, of which ``own`` are expected.

    Where nothing is there yet, ``others`` are what those that wait are expected to take, the best first: time for the
    first of them that is quick is kept, or for the quickest, if there is so much, and if it does not surely end itself.

    >>> learning_left(100.0, 70.0, []), learning_left(100.0, 70.0, [40.0, 5.0, 3.0]), learning_left(18.0, 9.0, [9.0])
    (100.0, 90.0, 18.0)
    """
    quick = [one for one in others if SURE * one <= QUICK * left]
    kept = quick[0] if quick else min(others, default=0.0)
    surely = SURE * own if SURE * own <= left else 0.0
    return max(left - min(SURE * kept, max(left, 0.0) / 2), surely)


def pass_after(left: float, mean: float) -> float:
    """Seconds after which one that is judged for the first time lets others pass, where the others took the ``mean``.

    >>> pass_after(400.0, 5.0), pass_after(400.0, 50.0), pass_after(100.0, 50.0)
    (100.0, 200.0, 100.0)
    """
    return min(max(QUICK * left, SLOW * mean), left)
