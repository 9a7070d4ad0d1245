"""Trend: where wear and every tag stand, how fast they move, and how far they are from this machine's own start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.rolling import Windows, weighted

MOST_AGE = 1_000_000
STILL = 1e-3  # deviations: a tag that moves less in training never moved


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back the features look: weights of exponential means, lengths of windows in ticks."""

    wear_weights: Sequence[float] = (0.5, 0.2, 0.1, 0.05, 0.02)
    wear_windows: Sequence[int] = (10, 20, 40, 80, 150)
    tag_weights: Sequence[float] = (0.1, 0.03)
    tag_windows: Sequence[int] = (40, 80)
    start: int = 10

    @property
    def memory(self) -> int:
        return max(*self.wear_windows, *self.tag_windows, self.start)


class Trend:
    """Wires ``features`` [F], ``smooth_wear`` [K] and ``age`` [1], the ticks since this machine's start.

    Features of ``wear``: exponential means, means and slopes over windows, the mean of its first ticks and the way
    from there. Features of each tag that moves (of ``z``): exponential means and slopes. And the age.
    """

    reads: tuple[str, ...] = ("z",)

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.moving: NDArray[np.intp] = np.zeros(1, np.intp)

    def fit(self, seen: Seen) -> None:
        moving = np.flatnonzero(seen["z"].std(axis=0) > STILL)
        self.moving = moving if len(moving) else np.zeros(1, np.intp)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        age = g.ticks("life_age", MOST_AGE)
        wear, smooth = self._wear(g, wires["wear"], age)
        tags = g.project(wires["z"], np.eye(wires["z"].shape[0])[:, self.moving])
        features = g.concat([*wear, *self._tags(g, tags, age), age])
        return {"features": features, "smooth_wear": smooth, "age": age}

    def _wear(self, g: StepBuilder, wear: Wire, age: Wire) -> tuple[list[Wire], Wire]:
        reach = self.reach
        means = [weighted(g, f"wear_mean_{i}", wear, weight) for i, weight in enumerate(reach.wear_weights)]
        windows = Windows(g, "wear_window", wear, reach.wear_windows, age)
        over = windows.means()
        start = first(g, "wear_start", wear, age, reach.start)
        gone = g.subtract(g.reshape(g.slice(over, 0, 1, axis=1), wear.shape), start)
        return [*means, _flat(g, over), _flat(g, windows.slopes()), start, gone], means[len(means) // 2]

    def _tags(self, g: StepBuilder, tags: Wire, age: Wire) -> list[Wire]:
        means = [weighted(g, f"tag_mean_{i}", tags, weight) for i, weight in enumerate(self.reach.tag_weights)]
        return [*means, _flat(g, Windows(g, "tag_window", tags, self.reach.tag_windows, age).slopes())]


def first(g: StepBuilder, name: str, a: Wire, age: Wire, ticks: int) -> Wire:
    """Mean of the first ``ticks`` values of ``a`` [n]; of those there are until then."""
    still = g.number(g.at_least(float(ticks), age))
    total = g.add(g.state(name, a.shape), g.multiply(a, still))
    g.keep(name, total)
    return g.divide(total, g.minimum(age, float(ticks)))


def _flat(g: StepBuilder, a: Wire) -> Wire:
    return g.reshape(a, (a.shape[0] * a.shape[1],))
