"""PatchTST: attention between patches of one tag's window (Nie et al., ICLR 2023), small."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lineshaft.model.forecast._network import Network, Weights, drawn
from lineshaft.model.forecast._ops import Ops

WIDTH, HEADS, LAYERS, DROPPED = 16, 4, 2, 0.3


class PatchTST(Network):
    """Patches of half a season where it is even, else of a season, without overlap; a perceptron behind each attention.
    """

    name: ClassVar[str] = "patchtst"
    cost: ClassVar[int] = 7

    def start(self, random: np.random.Generator) -> Weights:
        patch, leads = self.patch, len(self.plan.ahead)
        count = self.memory // patch
        weights = {"embed": drawn(random, patch, WIDTH), "place": 0.02 * drawn(random, count, WIDTH),
                   "head": 0.1 * drawn(random, count * WIDTH, leads)}
        for layer in range(LAYERS):
            weights |= {f"{part}{layer}": drawn(random, WIDTH, WIDTH) for part in ("query", "key", "value")}
            weights[f"out{layer}"] = 0.1 * drawn(random, WIDTH, WIDTH)
            weights[f"wide{layer}"] = drawn(random, WIDTH, 2 * WIDTH)
            weights[f"narrow{layer}"] = 0.1 * drawn(random, 2 * WIDTH, WIDTH)
        return weights

    def run(self, ops: Ops, weights: Any, window: Any) -> Any:
        patches = ops.patches(window, self.patch)
        h = ops.add(ops.project(patches, weights["embed"]), weights["place"])
        for layer in range(LAYERS):
            h = ops.add(h, self._attention(ops, weights, ops.centred(h)[0], layer))
            wide = ops.relu(ops.project(ops.centred(h)[0], weights[f"wide{layer}"]))
            h = ops.add(h, ops.project(wide, weights[f"narrow{layer}"]))
        return ops.project(ops.drop(ops.flat(h), DROPPED), weights["head"])

    def _attention(self, ops: Ops, weights: Any, h: Any, layer: int) -> Any:
        query, key, value = (ops.heads(ops.project(h, weights[f"{part}{layer}"]), HEADS)
                             for part in ("query", "key", "value"))
        near = ops.softmax(ops.scale(ops.matmul(query, ops.swap(key)), float((WIDTH / HEADS) ** -0.5)))
        return ops.project(ops.joined(ops.matmul(near, value)), weights[f"out{layer}"])


FORECASTER = PatchTST
