"""The tags of a step graph as players: what one tick's output owes to each of them.

A tag that takes part reads as it did, over the whole stretch up to the tick; one that does not reads as in a stretch of
the background, with that stretch's quality. The worth is the mean output over the background (the "interventional"
game of Janzing, Minorics and Bloebaum, AISTATS 2020). The graph itself is run, as it would be by a node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array, Executor
from lineshaft.graph.replay import Replay
from lineshaft.model.explain.shapley import BUDGET, Coalitions, Matrix, Shapley, shapley

MOST_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """``x`` and ``quality`` [..., T, C] as the graph sees them: some ticks, the last of which is explained."""

    x: Array
    quality: Array

    def __post_init__(self) -> None:
        if self.x.shape != self.quality.shape or self.x.ndim < 2:
            raise UsageError(f"x {self.x.shape} and quality {self.quality.shape} are not [ticks, tags] both",
                             where="stretch")


def explain(graph: bytes, moment: Stretch, background: Stretch, execute: Executor, *, output: str = "score",
            budget: int = BUDGET, seed: int = 0) -> Shapley:
    """Shapley values [C, V] of the tags for ``output`` [V] at the last tick of ``moment`` [T, C].

    ``background`` [B, T, C] are usual stretches of the same length: the values say what made this one differ from them.
    """
    if background.x.ndim != 3 or background.x.shape[1:] != moment.x.shape or not len(background.x):
        raise UsageError(f"the background {background.x.shape} is not some stretches of {moment.x.shape}",
                         where="background", do="give usual stretches as long as the one to explain")
    through = Replay(graph, execute)
    if output not in {port.name for port in through.signature.outputs}:
        raise UsageError(f"the graph has no output {output!r}", where="output",
                         do=f"name one of: {', '.join(port.name for port in through.signature.outputs)}")

    def game(who: Coalitions) -> Matrix:
        return np.concatenate([_worth(through, moment, background, part, output) for part in _parts(who, background)])

    return shapley(game, moment.x.shape[1], budget=budget, seed=seed)


def _parts(who: Coalitions, background: Stretch) -> Iterator[Coalitions]:
    """Coalitions few enough for one replay."""
    most = max(1, MOST_CELLS // background.x.size)
    for start in range(0, len(who), most):
        yield who[start:start + most]


def _worth(through: Replay, moment: Stretch, background: Stretch, who: NDArray[np.bool_], output: str) -> Matrix:
    """[M, V]: coalitions and background stretches are assets of one batch [T, M * B, C]."""
    take = who[:, None, None, :]
    x, quality = (np.where(take, own, other) for own, other in
                  ((moment.x, background.x[None]), (moment.quality, background.quality[None])))
    ticks, width = moment.x.shape
    batch = [np.moveaxis(part.reshape(-1, ticks, width), 1, 0) for part in (x, quality)]
    said = through(*batch)[output][-1].astype(np.float64)
    return np.asarray(said.reshape(len(who), len(background.x), -1).mean(axis=1))
