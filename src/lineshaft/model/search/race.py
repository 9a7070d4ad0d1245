"""The race: who is judged on which fold next, and who is out.

Every candidate is judged on the first fold (on large sets first on a part of its rows). After each fold the better
half goes on, never fewer than ``FEWEST``; from the third fold on a candidate is out as well when it is worse than the
best, fold by fold, by more than chance explains. Jamieson and Talwalkar, AISTATS 2016 (successive halving); Maron and
Moore, NeurIPS 1994 (racing). The naive baseline is never out: it stands in every table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

NAIVE = "naive"
FEWEST = 3
FEW_ENTRANTS = 4
LARGE, PART = 40_000, 20_000  # rows that teach
SURE = {3: 2.92, 4: 2.35, 5: 2.13}
"""One-sided 95 % Student quantile of the mean of so many differences; 2 beyond."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One round: all who are in are judged on this fold."""

    fold: int
    share: float = 1.0


def rungs(folds: int, entrants: int, rows: int) -> tuple[Rung, ...]:
    """Rounds of a race, of which ``rows`` teach in the first.

    >>> rungs(2, 9, 100_000)
    (Rung(fold=0, share=0.2), Rung(fold=0, share=1.0), Rung(fold=1, share=1.0))
    """
    rounds = tuple(Rung(fold) for fold in range(folds))
    if entrants <= FEW_ENTRANTS or rows <= LARGE:
        return rounds
    return (Rung(0, PART / rows), *rounds)


def ranked(names: Sequence[str], losses: Mapping[str, Sequence[float]]) -> list[str]:
    """By the mean of the losses so far, those with more folds first; equals stay in their order."""
    return sorted((name for name in names if losses.get(name)),
                  key=lambda name: (-len(losses[name]), float(np.mean(losses[name]))))


def survivors(names: Sequence[str], losses: Mapping[str, Sequence[float]]) -> tuple[list[str], dict[str, str]]:
    """Who goes on, in the old order, and why the others do not; ``losses`` of those who are in have equal lengths."""
    order = ranked(names, losses)
    if not order:
        return [], {}
    keep, best, out = max(FEWEST, -(-len(order) // 2)), order[0], dict[str, str]()
    for place, name in enumerate(order):
        if name.startswith(NAIVE):
            continue
        if place >= keep:
            out[name] = f"place {place + 1} of {len(order)} after {_folds(len(losses[name]))}"
        elif _surely_worse(losses[name], losses[best]):
            out[name] = f"worse than {best} on each of {_folds(len(losses[name]))}, more than chance explains"
    return [name for name in names if name in order and name not in out], out


def _surely_worse(own: Sequence[float], best: Sequence[float]) -> bool:
    if len(own) < min(SURE):
        return False
    behind = np.asarray(own) - np.asarray(best)
    error = float(behind.std(ddof=1)) / len(behind) ** 0.5
    return bool((behind > 0).all() and behind.mean() > SURE.get(len(behind), 2.0) * error)


def _folds(count: int) -> str:
    return "1 fold" if count == 1 else f"{count} folds"
