"""What learners look at: the level of every tag over a window, its newest values one beside the other, or their shape.

``memory`` is how many rows the features at a tick depend on, ``context`` how many rows one row of the wire
``features`` does; ``beside`` names what else a learner reads of it, as far as a row of it is small.
"""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Seen, Wires

MOST_LOST, FEW_LOST = 0.1, 3
SIGNAL, SHORT_GAP = 32, 3


class Level:
    """Wire ``features`` [C]: the mean of ``z`` over the newest ``window`` ticks; ``warm`` [1] once it is full."""

    reads: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def __init__(self, window: int) -> None:
        self.window = self.memory = self.context = window

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = wires["z"]
        mean = g.reshape(g.mean(g.window("window", z, self.window), axis=0), z.shape)
        return {"features": mean, "warm": full(g, self.window)}


class Past:
    """Wire ``features`` [lags * C]: the newest ``lags`` rows of ``z``, newest first; ``warm`` once they are full.

    ``lost`` [C] is 1 where one of those values of a tag was masked. With more than a tenth of the tags lost (and
    more than 3) ``warm`` is off and the score rests: relations between rows can't be judged by so few.
    """

    reads: tuple[str, ...] = ()
    beside: tuple[str, ...] = ("lost",)

    def __init__(self, lags: int) -> None:
        self.lags = self.memory = self.context = lags

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = wires["z"]
        width = z.shape[0]
        old = g.state("past", (self.lags * width,))
        new = g.concat([z, g.slice(old, 0, (self.lags - 1) * width)]) if self.lags > 1 else z
        g.keep("past", new)
        lost = _lost(g, g.minimum(wires["held"], 1.0), self.lags)
        enough = g.at_least(float(max(FEW_LOST, MOST_LOST * width)), g.sum(lost))
        return {"features": new, "warm": g.both(full(g, self.lags), enough), "lost": lost}


class Signal:
    """Wire ``window`` [32, C]: the newest rows of ``z``, newest last; ``features`` [C] is ``z``, out of which a learner
    takes its own windows (``model.windows``). ``lost`` [C] is 1 where a tag was masked for more than 3 of those ticks
    in a row: its shape is then one that ``Impute`` gave it.
    """

    reads: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    memory, context = SIGNAL, 1

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        lost = _lost(g, g.number(g.greater(wires["held"], float(SHORT_GAP))), SIGNAL)
        return {"features": wires["z"], "window": g.window("window", wires["z"], SIGNAL), "warm": full(g, SIGNAL),
                "lost": lost}


def _lost(g: StepBuilder, now: Wire, ticks: int) -> Wire:
    """1 where ``now`` [C] was 1 within so many ticks."""
    left = g.maximum(g.multiply(now, float(ticks)), g.subtract(g.state("lost_ticks", now.shape), 1.0))
    g.keep("lost_ticks", left)
    return g.minimum(left, 1.0)


def full(g: StepBuilder, ticks: int) -> Wire:
    """True [1] once so many ticks were seen."""
    return g.at_least(g.ticks("age", ticks), np.full(1, ticks, np.float32))
