"""Hidden Markov model with diagonal Gaussians: a mode lasts, so what was before counts.

Baum, Petrie, Soules and Weiss, Ann. Math. Stat. 41, 1970; Rabiner, Proc. IEEE 77, 1989. In the graph it is the forward
filter, one product with the transition matrix a tick.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.clusters import Labels, Matrix, by_description, membership
from lineshaft.model.gaussians import Gaussians
from lineshaft.model.learner import standard_scale
from lineshaft.model.library import library
from lineshaft.model.pipeline import Seen, Wires, run_spans

ROUNDS = 20
MOST_ROWS = 4000
FLOOR = 1e-2
STAYS = 0.98  # at first


class Hmm:
    """Membership is the probability of each mode given all rows of the run so far."""

    name: ClassVar[str] = "hmm"
    reads: tuple[str, ...] = ("features",)

    def __init__(self, modes: int = 0, seed: int = 0) -> None:
        self.modes, self.seed, self.count = modes, seed, 0
        self.parts = Gaussians.none()
        self.steps: Matrix = np.ones((1, 1))

    def fit(self, seen: Seen) -> None:
        features = np.asarray(seen["features"], np.float64)[:MOST_ROWS]
        centre, scale = standard_scale(features)
        z, spans = (features - centre) / scale, run_spans(seen.run[:MOST_ROWS])
        labels = by_description(z, self.modes, lambda count: self._label(z, count))
        self.count = int(labels.max()) + 1
        means = np.stack([z[labels == k].mean(axis=0) for k in range(self.count)])
        variances = np.stack([np.maximum(z[labels == k].var(axis=0), FLOOR) for k in range(self.count)])
        steps = np.full((self.count, self.count), (1 - STAYS) / max(self.count - 1, 1))
        np.fill_diagonal(steps, STAYS if self.count > 1 else 1.0)
        for _ in range(ROUNDS if self.count > 1 else 0):
            means, variances, steps = _improved(z, spans, means, variances, steps)
        self.parts, self.steps = Gaussians(centre, scale, means, variances, np.zeros(self.count)), steps

    def _label(self, z: Matrix, count: int) -> Labels:
        made = library("sklearn.cluster").KMeans(count, n_init=4, random_state=self.seed)
        return np.asarray(made.fit_predict(z), np.intp)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        logs = self.parts.logs(g, wires["features"])
        if self.count == 1:
            return {"value": membership(g, logs)}
        together = g.concat(logs)
        likely = g.exp(g.clip(g.subtract(together, g.largest(together)), -60.0, 0.0))
        before = g.state("mode_belief", (self.count,))
        expected = g.project(before, self.steps)
        none_yet = g.less(g.sum(before), 0.5)
        prior = g.where(none_yet, np.full(self.count, 1.0 / self.count, np.float32), g.maximum(expected, 1e-12))
        joint = g.maximum(g.multiply(prior, likely), 1e-30)
        belief = g.divide(joint, g.sum(joint))
        g.keep("mode_belief", belief)
        return {"value": belief}


def _improved(z: Matrix, spans: list[tuple[int, int]], means: Matrix, variances: Matrix, steps: Matrix
              ) -> tuple[Matrix, Matrix, Matrix]:
    """One round of expectation and maximisation."""
    logs = -0.5 * (np.log(variances).sum(axis=1) + ((z[:, None] - means) ** 2 / variances).sum(axis=2))
    likely = np.exp(logs - logs.max(axis=1, keepdims=True)) + 1e-30
    share, pairs = np.empty_like(likely), np.full(steps.shape, 1e-3)
    for start, stop in spans:
        share[start:stop], own = _smoothed(likely[start:stop], steps)
        pairs += own
    weight = share.sum(axis=0)[:, None] + 1e-9
    means = share.T @ z / weight
    variances = np.maximum(share.T @ z**2 / weight - means**2, FLOOR)
    return means, variances, pairs / pairs.sum(axis=1, keepdims=True)


def _smoothed(likely: Matrix, steps: Matrix) -> tuple[Matrix, Matrix]:
    """Probabilities of modes [T, K] given the whole run, and expected steps between them [K, K]."""
    rows, modes = likely.shape
    forward, backward = np.empty_like(likely), np.ones_like(likely)
    belief = np.full(modes, 1.0 / modes)
    for t in range(rows):
        belief = (belief @ steps if t else belief) * likely[t]
        belief /= belief.sum()
        forward[t] = belief
    for t in range(rows - 2, -1, -1):
        after = steps @ (likely[t + 1] * backward[t + 1])
        backward[t] = after / after.sum()
    share = forward * backward
    share /= share.sum(axis=1, keepdims=True)
    if rows < 2:
        return share, np.zeros_like(steps)
    joint = forward[:-1, :, None] * steps * (likely[1:] * backward[1:])[:, None, :]
    return share, (joint / joint.sum(axis=(1, 2), keepdims=True)).sum(axis=0)


LEARNER = Hmm
