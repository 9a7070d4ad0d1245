"""Small worlds for the tests of diagnosis: processes whose dynamics differ, and a bearing that knocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.replay import Replay
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Block, Wires

Matrix = NDArray[np.float64]
RATE, SAMPLES = 4096.0, 2048
SPEEDS = (1500.0, 1800.0)


def through(block: Block, x: Matrix, wires: str, signal: tuple[int, int] | None = None) -> Matrix:
    """What the block's graph says of each row of ``x`` [N, ...], stepped by ONNX Runtime."""
    g = StepBuilder(x.shape[1])
    given: Wires = {"x": g.x, "quality": g.quality, "z": g.x}
    if signal:
        given["signal"] = g.reshape(g.x, signal)
    graph = g.model({wires: block.emit(g, given)[wires]})
    rows = x.astype(np.float32)
    return np.asarray(Replay(graph, execute)(rows, np.ones_like(rows))[wires], np.float64)


def process(kind: int, rows: int, seed: int) -> Matrix:
    """Three tags; the classes have one mean and one spread and differ in how they move alone."""
    random = np.random.default_rng(seed)
    memory, found, state = (0.2, 0.8, -0.6)[kind], np.empty((rows, 3)), np.zeros(3)
    for row in range(rows):
        state = memory * state + (1 - memory**2) ** 0.5 * random.normal(size=3)
        found[row] = state
    return found @ [[1.0, 0.3, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]] + [10.0, -5.0, 0.0]


def processes(rows: int = 240, seed: int = 0) -> Examples:
    """One run of each of three classes."""
    run = np.repeat(np.arange(3, dtype=np.int32), rows)
    values = np.vstack([process(kind, rows, seed + kind) for kind in range(3)])
    dataset = Dataset.of(values, tuple(Tag(f"t{i}") for i in range(3)), run=run)
    return Examples(dataset, run[:, None].astype(np.float64), run, ("normal", "slow", "jumpy"))


def knocking(order: float, minute: float, random: np.random.Generator, loud: float = 1.0) -> Matrix:
    """[SAMPLES + 1]: a resonance that rings ``order`` times a turn, in noise, and the speed behind it."""
    time = np.arange(SAMPLES) / RATE
    period = 60.0 / (minute * order) if order else np.inf
    since = np.mod(time + random.uniform(0, min(period, 1.0)), period)
    ring = loud * np.exp(-since * 400.0) * np.sin(2 * np.pi * 1200.0 * since) if order else 0.0
    return np.append(ring + 0.2 * random.normal(size=SAMPLES), minute)


def bearings(blocks: int = 12, seed: int = 0) -> Examples:
    """Healthy, and two faults of two bearings each, at two speeds: rows are blocks of one sensor and the speed."""
    random, rows, kinds, groups = np.random.default_rng(seed), list[Matrix](), list[int](), list[int]()
    for kind, order in enumerate((0.0, 3.6, 5.4)):
        for bearing in range(2):
            rows += [knocking(order, SPEEDS[i % 2], random, 1.0 + bearing) for i in range(blocks)]
            kinds += [kind] * blocks
            groups += [10 * kind + bearing] * blocks
    tags = (*(Tag(f"vibration[{i}]") for i in range(SAMPLES)), Tag("speed"))
    group = np.array(groups, np.int32)
    return Examples(Dataset.of(np.stack(rows), tags, run=group), np.array(kinds, float)[:, None], group,
                    ("healthy", "outer race", "inner race"))
