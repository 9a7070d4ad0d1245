"""A small mixer of patches: perceptrons along time and along features, in turns.

Tolstikhin et al., NeurIPS 2021; for time series Chen et al., TMLR 2023 (TSMixer) and Ekambaram et al., NeurIPS 2024
(TTM, whose pre-training on other series is left out).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lineshaft.model.forecast._network import Network, Weights, drawn
from lineshaft.model.forecast._ops import Ops

WIDTH, LAYERS, DROPPED = 24, 2, 0.3


class Mixer(Network):
    """Patches of half a season where it is even, else of a season."""

    name: ClassVar[str] = "mixer"
    cost: ClassVar[int] = 6

    def start(self, random: np.random.Generator) -> Weights:
        patch, leads = self.patch, len(self.plan.ahead)
        count = self.memory // patch
        weights = {"embed": drawn(random, patch, WIDTH), "head": 0.1 * drawn(random, count * WIDTH, leads),
                   "line": np.full((self.memory, leads), 1.0 / self.memory, np.float32)}
        for layer in range(LAYERS):
            for part, size in (("time", count), ("mix", WIDTH)):
                weights[f"{part}{layer}"] = drawn(random, size, size)
                weights[f"{part}_out{layer}"] = 0.1 * drawn(random, size, size)
        return weights

    def run(self, ops: Ops, weights: Any, window: Any) -> Any:
        h = ops.project(ops.patches(window, self.patch), weights["embed"])
        for layer in range(LAYERS):
            along = ops.relu(ops.project(ops.swap(ops.centred(h)[0]), weights[f"time{layer}"]))
            h = ops.add(h, ops.swap(ops.project(along, weights[f"time_out{layer}"])))
            across = ops.relu(ops.project(ops.centred(h)[0], weights[f"mix{layer}"]))
            h = ops.add(h, ops.project(across, weights[f"mix_out{layer}"]))
        rest = ops.project(ops.drop(ops.flat(h), DROPPED), weights["head"])
        return ops.add(ops.project(window, weights["line"]), rest)


FORECASTER = Mixer
