"""The choice among finalists, and its reasons.

One standard error (Breiman et al., Classification and Regression Trees, 1984), on differences fold by fold: among
those that are worse than the best by no more than the standard error of the difference, and by no more than a fiftieth
of its loss, the one with the smallest graph is taken, if that is at most half as large. Few folds tell little apart:
by the error alone size would be bought with what a person can see. Sizes are the same in each run; times are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft.model.evaluate.interval import over_seeds
from lineshaft.model.search.board import Row
from lineshaft.model.search.race import NAIVE

FEWEST_FOLDS = 3
MUCH_SMALLER = 0.5
LITTLE = 0.02  # of the best one's loss: hardly seen by whoever uses the model


@dataclass(frozen=True, slots=True)
class Finalist:
    """A candidate that keeps the budget: its losses on all folds, and the bytes of its graph."""

    name: str
    losses: tuple[float, ...]
    graph_bytes: int


def chosen(finalists: Sequence[Finalist]) -> tuple[Finalist, str]:
    """The recommended one of finalists in the order of their losses, and why it is not the first where it is not."""
    best = finalists[0]
    near = [one for one in finalists[1:] if _within(one, best) and one.graph_bytes <= MUCH_SMALLER * best.graph_bytes]
    if not near:
        return best, ""
    small = min(near, key=lambda one: one.graph_bytes)
    return small, (f"{best.name} is better by {mean(small) - mean(best):.3g}, less than one standard error of the "
                   f"difference, and its graph is {best.graph_bytes / small.graph_bytes:.1f} times as large")


def why(own: Finalist, rows: Sequence[Row], reason: str) -> str:
    """The choice in a sentence: its loss and interval, the naive baseline, the second best, who broke the budget."""
    others = [row for row in rows if row.name != own.name and len(row.losses) == len(own.losses)]
    low, high = over_seeds(own.losses)
    said = [f"{own.name}: validation loss {mean(own):.4g} (95 % over {len(own.losses)} folds: {low:.4g} to {high:.4g})"]
    naive = min((row for row in others if row.name.startswith(NAIVE)), key=lambda row: row.loss, default=None)
    if naive is not None:
        said.append(f"the naive baseline {naive.name} {_beside(naive, own)}")
    elif own.name.startswith(NAIVE):
        said.append("this is the naive baseline: nothing that was learnt did better")
    second = min((row for row in others if row is not naive and row.state in ("measured", "out", "in the race")),
                 key=lambda row: row.loss, default=None)
    if second is not None:
        said.append(f"the next best {second.name} {_beside(second, own)}")
    said += [reason] if reason else []
    said += [f"{row.name} was passed over: {row.reason}" for row in rows if row.state == "over budget"]
    return "; ".join(said)


def mean(one: Finalist) -> float:
    """Mean loss over the folds."""
    return float(np.mean(one.losses))


def _beside(row: Row, own: Finalist) -> str:
    """Another's loss and whether the folds tell the two apart."""
    if len(own.losses) < 2:
        return f"{row.loss:.4g}"
    low, high = over_seeds(np.subtract(row.losses, own.losses).tolist())
    apart = "worse" if low > 0 else "better" if high < 0 else "not told apart by the folds"
    return f"{row.loss:.4g} ({apart}, difference {low:.3g} to {high:.3g})"


def _within(one: Finalist, best: Finalist) -> bool:
    if min(len(one.losses), len(best.losses)) < FEWEST_FOLDS:
        return False
    behind = np.subtract(one.losses, best.losses)
    error = behind.std(ddof=1) / len(behind) ** 0.5
    return bool(behind.mean() <= min(error, LITTLE * abs(mean(best))))
