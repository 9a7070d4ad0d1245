"""The leaderboard: what is known of every candidate, the best first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lineshaft.model.answer import Trial
from lineshaft.model.evaluate.interval import over_seeds
from lineshaft.model.search.cost import Cost

DONE = "done"
State = Literal["waiting", "in the race", "out", "failed", "over budget", "measured", "recommended"]


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate: its ``losses`` on the folds so far (less is better), and what its lowered graph costs.

    ``reason`` says why it is out, failed or over budget; ``seconds`` is what learning it took so far.
    """

    name: str
    losses: tuple[float, ...] = ()
    state: State = "waiting"
    reason: str = ""
    seconds: float = 0.0
    cost: Cost | None = None

    @property
    def loss(self) -> float:
        """Mean over the folds; infinite where there is none."""
        return float(np.mean(self.losses)) if self.losses else float("inf")


@dataclass(frozen=True, slots=True)
class Board:
    """All candidates, and how far the search is.

    ``left`` jobs and ``left_s`` seconds until the model is there are estimates, ``most_s`` is what is left of the time.
    """

    rows: tuple[Row, ...]
    folds: int
    spent_s: float = 0.0
    left_s: float = 0.0
    left: int = 0
    doing: str = DONE
    most_s: float = 0.0

    @property
    def done(self) -> int:
        """Jobs that were done."""
        return sum(len(row.losses) for row in self.rows)


Watch = Callable[[Board], None]


def unwatched(board: Board) -> None:
    """Nobody looks."""


def in_order(rows: list[Row]) -> tuple[Row, ...]:
    """The recommended one first, then by how far they came and their loss."""
    return tuple(sorted(rows, key=lambda row: (row.state != "recommended", row.state in ("failed", "waiting"),
                                               -len(row.losses), row.loss)))


def trial(row: Row) -> Trial:
    """A row as a model's card lists it."""
    low, high = over_seeds(row.losses) if row.losses else (float("inf"), float("inf"))
    return Trial(row.name, row.loss, low, high, row.losses, row.seconds, row.reason)
