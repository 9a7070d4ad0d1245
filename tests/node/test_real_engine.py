"""The loop on ONNX Runtime: what it decides is what the graph gives, also across a swap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.sample import Samples
from lineshaft.core.step import Port, StepSignature
from lineshaft.graph.builder import StepBuilder
from lineshaft.node.loop import Loop
from lineshaft.node.seat import Loaded, Seat
from lineshaft.node.swap import prepare

CHANNELS = 3
SIGNATURE = StepSignature(CHANNELS, (Port("score", (1,)), Port("alarm", (1,)), Port("cause", (CHANNELS,))),
                          (Port("window", (8, CHANNELS)), Port("level", (1,))))


@pytest.fixture(scope="module")
def graph() -> bytes:
    g = StepBuilder(CHANNELS)
    window = g.window("window", g.multiply(g.x, g.quality), 8)
    square = g.reshape(g.mean(g.square(window), axis=0), (CHANNELS,))
    score = g.ewma("level", g.sum(square), 0.5)
    return g.model({"score": score, "alarm": g.number(g.at_least(score, np.ones(1))), "cause": square})


def test_decisions_are_the_graphs_own_and_a_swap_leaves_no_trace(
        graph: bytes, load: Callable[..., Loaded], clock: ManualClock, row: Callable[..., Samples],
        rng: np.random.Generator) -> None:
    def loaded(version: int) -> Loaded:
        plain = load(version=version)
        return replace(plain, engine=BoundEngine(graph, SIGNATURE),
                       manifest=replace(plain.manifest, signature=SIGNATURE))

    loop, alone = Loop(loaded(1), clock=clock), BoundEngine(graph, SIGNATURE)
    expected = []
    for number in range(60):
        clock.advance(SECOND)
        values = rng.normal(size=CHANNELS)
        bad: Any = 0x808C0000 if number % 7 == 3 else 0
        loop.feed(row(*values, quality=bad), clock.now())
        loop.tick(clock.now())
        alone.x[0], alone.quality[0] = (0.0, 0.0) if bad else (values, 1.0)
        alone.step()
        expected.append(alone.out["score"].item(0))
        if number == 40:
            candidate = prepare(loop, lambda: loaded(2))
            loop.offer(candidate)
    assert [record[1] for record in loop.recent] == expected
    assert loop.swaps == 1 and loop.recent[-1][9].endswith("2")
    last = loop.recent[-1]
    assert isinstance(loop.bundle, Seat) and (not last[8] or abs(sum(share for _, share in last[8]) - 1) < 1e-6)
