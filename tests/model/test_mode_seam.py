"""Modes need no mode word: any block that gives them takes the place of ``Modes``."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from tests.model.plant import dataset

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.replay import Replay
from lineshaft.model.pipeline import Block, Seen, Wires, step_inputs
from lineshaft.model.train import train_monitor


class HighOrLow:
    """Two modes, by the sign of the first tag's deviation from its mean."""

    reads: tuple[str, ...] = ("x",)
    front: ClassVar[tuple[Block, ...]] = ()
    at_once: ClassVar[bool] = True
    count = 2
    numbers = np.array([1.0, 2.0])

    def __init__(self) -> None:
        self.middle = 0.0

    def fit(self, seen: Seen) -> None:
        self.middle = float(seen["x"][:, 0].mean())

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        high = g.number(g.greater(g.slice(wires["x"], 0, 1), self.middle))
        before = g.state("high_before", (1,))
        g.keep("high_before", high)
        changed = g.greater(g.absolute(g.subtract(high, before)), 0.5)
        since = g.where(changed, 0.0, g.minimum(g.add(g.state("since", (1,)), 1.0), 10_000.0))
        g.keep("since", since)
        return {"mode": g.concat([high, g.subtract(1.0, high)]), "since_mode": since,
                "mode_known": g.number(g.at_least(since, 0.0))}


def test_a_block_of_clusters_takes_the_place_of_a_mode_word() -> None:
    random = np.random.default_rng(0)
    high = np.repeat(np.arange(10) % 2, 200)
    values = random.normal(size=(2000, 4)) + 30.0 * high[:, None]
    monitor = train_monitor(dataset(values), np.arange(2000) < 1600, execute, learner="zscore", modes=HighOrLow())
    assert monitor.modes == 2
    later = values.copy()
    later[1700:1800, 2] += 12.0  # between the modes: normal in neither, though inside the range of both
    alarm = Replay(monitor.graph, execute)(*step_inputs(dataset(later)))["alarm"][:, 0]
    assert alarm[:1690].sum() == 0 and alarm[1740:1800].min() == 1
