"""Small graphs with products, state and a score, and runs for them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.fidelity import Run
from lineshaft.graph.view import View, view

CHANNELS, WINDOW = 4, 12


def network(seed: int = 0, wide: int = 24) -> bytes:
    """Window, two convolutions, a depthwise one, two matrix products with a bias, a smoothed score, an alarm."""
    random = np.random.default_rng(seed)

    def weights(*shape: int) -> NDArray[np.float64]:
        return np.asarray(random.normal(size=shape) / np.sqrt(np.prod(shape[1:])))

    g = StepBuilder(CHANNELS)
    a = g.transpose(g.window("window", g.x, WINDOW), (1, 0))
    a = g.relu(g.conv(a, weights(wide, CHANNELS, 5), weights(wide, 1)[:, 0]))
    a = g.clip(g.conv(a, weights(wide, 1, 3), weights(wide, 1)[:, 0], group=wide), 0.0, 6.0)
    a = g.conv(a, weights(16, wide, 3), weights(16, 1)[:, 0])
    a = g.reshape(g.relu(a), (16 * 4,))
    a = g.tanh(g.add(g.project(a, weights(40, 64).T), weights(40, 1)[:, 0]))
    energy = g.sum(g.square(g.project(a, weights(8, 40).T)))
    score = g.ewma("level", energy, 0.2)
    return g.model({"score": score, "alarm": g.number(g.greater(score, 2.0))})


@pytest.fixture(scope="package")
def graph() -> bytes:
    return network()


@pytest.fixture(scope="package")
def seen(graph: bytes) -> View:
    return view(graph)


@pytest.fixture(scope="package")
def runs() -> list[Run]:
    """Slow movement and noise; the last third of the second run is far away and labelled so."""
    random = np.random.default_rng(1)
    found = []
    for place in range(2):
        x = np.cumsum(random.normal(size=(150, CHANNELS)), axis=0) * 0.1 + 0.3 * random.normal(size=(150, CHANNELS))
        labels = np.where(np.arange(150) < WINDOW, -1, 0)
        if place:
            x[100:] += 3.0
            labels[100:] = 1
        found.append(Run(x.astype(np.float32), np.ones_like(x, np.float32), labels.astype(np.int8)))
    return found
