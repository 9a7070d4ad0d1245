"""Just-in-time correction: the errors at recent samples, those of alike inputs counting most.

Locally weighted learning (Atkeson, Moore and Schaal, Artif. Intell. Rev. 11, 1997) of a static head's residual; as the
kernel widens it becomes the bias update of practice (an exponentially weighted mean of the newest errors).
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.early import late
from lineshaft.model.blocks.told import before
from lineshaft.model.head import Head
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
GAINS = (0.0, 0.3, 1.0, 3.0, 10.0)  # of the mean squared difference of features
MEMORIES = (1.0, 3.0, 10.0, 30.0, 100.0)  # samples
DOUBTS = (0.1, 1.0)
MOST_ROWS = 1500


class Recent:
    """Replaces ``value``: what ``head`` says + the weighted mean of its errors at the newest ``bank`` samples.

    The weight of a sample is exp(-gain d - age / memory), d the mean squared difference of standardised features, age
    in samples; ``doubt`` is the weight of no error at all. They are those with the least squared error on the later
    rows, corrected from a head that saw the earlier ones alone (``Early``). Without samples it is the head itself.
    """

    reads: tuple[str, ...] = ("features", "target", "value_early")

    def __init__(self, head: Head, delay: int, bank: int = 150) -> None:
        self.head, self.delay, self.bank = head, delay, bank
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.gain, self.memory, self.doubt = 1.0, 10.0, 1.0

    def fit(self, seen: Seen) -> None:
        self.head.fit(seen)
        features = np.asarray(seen["features"], np.float64)
        self.centre, self.scale = standard_scale(features)
        z = (features - self.centre) / self.scale
        error = np.asarray(seen["target"][:, 0] - seen["value_early"][:, 0], np.float64)
        judged = np.flatnonzero(late(len(seen)))
        judged = judged[np.linspace(0, len(judged) - 1, min(len(judged), MOST_ROWS)).astype(int)]
        self.gain, self.memory, self.doubt = _best(z, error, judged, *self._samples(seen, judged))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = scaled(g, wires["features"], self.centre, self.scale)
        said, width = self.head.emit(g, wires)["value"], z.shape[0]
        kept = g.state("recent", (self.bank, width + 2))  # features, error, whether there is a sample
        gap = g.subtract(g.slice(kept, 0, width, axis=1), g.reshape(z, (1, width)))
        near = g.multiply(g.mean(g.square(gap)), -self.gain)
        age = np.arange(self.bank - 1, -1, -1)[:, None] / self.memory
        weight = g.multiply(g.exp(g.subtract(near, age)), g.slice(kept, width + 1, width + 2, axis=1))
        error = g.sum(g.multiply(weight, g.slice(kept, width, width + 1, axis=1)), axis=0)
        mean = g.divide(error, g.add(g.sum(weight, axis=0), self.doubt))
        self._learn(g, wires, kept, z, said)
        return {"value": g.add(said, g.reshape(mean, (1,)))}

    def _learn(self, g: StepBuilder, wires: Wires, kept: Wire, z: Wire, said: Wire) -> None:
        """This tick's sample, for the next."""
        then = before(g, "recent_before", g.concat([z, said]), self.delay)
        width = z.shape[0]
        error = g.subtract(wires["arriving"], g.slice(then, width, width + 1))
        newest = g.concat([g.slice(then, 0, width), error, g.add(g.multiply(error, 0.0), 1.0)])
        shifted = g.concat([g.slice(kept, 1, self.bank), g.reshape(newest, (1, width + 2))])
        g.keep("recent", g.where(g.reshape(wires["arrives"], (1, 1)), shifted, kept))

    def _samples(self, seen: Seen, judged: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Places [T, bank] of the samples that had come before each judged row, newest last, and which there are."""
        tick = seen.run.astype(np.int64) * (int(seen.age.max()) + self.delay + 2) + seen.age
        newest = np.searchsorted(tick, tick[judged] - self.delay - 1, side="right") - 1
        places = newest[:, None] + np.arange(1 - self.bank, 1)
        there = (places >= 0) & (seen.run[places.clip(0)] == seen.run[judged][:, None])
        return places.clip(0), there


def _best(z: Matrix, error: Matrix, judged: NDArray[np.intp], places: NDArray[np.intp], there: NDArray[np.bool_]
          ) -> tuple[float, float, float]:
    """Gain, memory and doubt with the least squared error at the judged rows."""
    square = np.empty(places.shape)
    for start in range(0, len(judged), 200):
        part = slice(start, start + 200)
        square[part] = ((z[places[part]] - z[judged[part], None]) ** 2).mean(axis=2)
    age = np.arange(places.shape[1] - 1, -1, -1)
    found: dict[tuple[float, float, float], float] = {}
    for gain, memory in product(GAINS, MEMORIES):
        weight = np.exp(-gain * square - age / memory) * there
        told, whole = (weight * error[places]).sum(axis=1), weight.sum(axis=1)
        for doubt in DOUBTS:
            found[gain, memory, doubt] = float(((error[judged] - told / (whole + doubt)) ** 2).sum())
    return min(found, key=lambda key: found[key])
