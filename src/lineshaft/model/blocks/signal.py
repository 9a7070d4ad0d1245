"""Where features are taken from: the tags of a tick, their newest ticks, or a block of fast samples in one row."""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires

USUAL = (0.001, 0.999)
"""A wild value in history must not set the scale of all others."""


class Tags:
    """Wire ``features`` [C]: the tags as they are (standardised where ``z`` is there), for rows that stand alone."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"features": wires.get("z", wires["x"])}


class Recent:
    """Wire ``signal`` [C, window]: ``z`` of the newest ticks, newest last, and ``warm`` once there are so many.

    Before the first tick the tags count as having stood where it found them.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, window: int) -> None:
        self.window = window

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z, count = wires["z"], g.ticks("recent_age", self.window)
        held = g.state("recent", (self.window, *z.shape))
        newest = g.reshape(z, (1, *z.shape))
        moved = g.concat([g.slice(held, 1, self.window), newest]) if self.window > 1 else newest
        first = g.less(g.reshape(count, (1, 1)), 1.5)
        window = g.where(first, newest, moved)
        g.keep("recent", window)
        return {"signal": g.transpose(window, (1, 0)), "warm": g.at_least(count, np.full(1, self.window))}


class Samples:
    """Wires ``signal`` [sensors, samples] and ``facts``: the columns of x behind the samples.

    Without ``levels`` each sensor's mean is taken off; with them each sensor is standardised by all rows it learnt
    from, since what is far from zero leaves single precision few digits for how it moves.
    """

    def __init__(self, sensors: int, samples: int, levels: bool = False) -> None:
        self.sensors, self.samples, self.levels = sensors, samples, levels
        self.reads: tuple[str, ...] = ("x",) if levels else ()
        self.centre, self.scale = np.zeros(sensors), np.ones(sensors)

    def fit(self, seen: Seen) -> None:
        if self.levels:
            rows = np.asarray(seen["x"][:, :self.sensors * self.samples], np.float64)
            every = rows.reshape(len(rows), self.sensors, self.samples).swapaxes(1, 2).reshape(-1, self.sensors)
            low, self.centre, high = np.quantile(every, (USUAL[0], 0.5, USUAL[1]), axis=0)
            _, self.scale = standard_scale(np.clip(every, low, high))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        x, width = wires["x"], self.sensors * self.samples
        raw = g.reshape(g.slice(x, 0, width), (self.sensors, self.samples))
        signal = scaled(g, raw, self.centre[:, None], self.scale[:, None]) if self.levels else centred(g, raw)[0]
        return {"signal": signal} | ({"facts": g.slice(x, width, x.shape[0])} if x.shape[0] > width else {})


class Flat:
    """Wire ``features`` [C * T]: the signal itself."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return joined(g, wires, [wires["signal"]])


def centred(g: StepBuilder, signal: Wire) -> tuple[Wire, Wire]:
    """Each row of ``signal`` [C, T] about its mean, and the mean [C, 1].

    Differences to the first sample are exact where they are small beside the level; the mean is taken of them, so that
    backends that add up in another order still agree on a small movement.
    """
    first = g.slice(signal, 0, 1, axis=1)
    moved = g.subtract(signal, first)
    mean = g.mean(moved)
    return g.subtract(moved, mean), g.add(first, mean)


def joined(g: StepBuilder, wires: Wires, parts: list[Wire]) -> Wires:
    """Wire ``features`` with further ones behind those that are there; each part is made flat."""
    flat = [g.reshape(p, (_size(p.shape),)) if len(p.shape) > 1 else p for p in parts]
    before = [wires["features"]] if "features" in wires else []
    whole = [*before, *flat]
    return {"features": g.concat(whole) if len(whole) > 1 else whole[0]}


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for axis in shape:
        size *= axis
    return size
