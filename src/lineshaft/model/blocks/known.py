"""Whether the model knows what it speaks of, and the score of a task with an answer."""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.conformal import upper_quantile
from lineshaft.model.pipeline import Seen, Wires


class Known:
    """Wires ``strange`` [1]: ``distance`` in units of its limit, and ``known`` [1]: 0 says "I do not know".

    The limit is passed by ``rate`` of the rows of new groups like the held-out ones. Known is 0 above it, until windows
    are full, with less than half of the tags usable that are usable as a rule, and where no answer is ``sure``.
    """

    reads: tuple[str, ...] = ("distance", "quality", "group")

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.limit = 1.0
        self.usable = 0.0

    def fit(self, seen: Seen) -> None:
        distance = np.asarray(seen["distance"], np.float64)
        self.limit = max(float(upper_quantile(distance, seen["group"], 1.0 - self.rate)[0]), 1e-6)
        self.usable = 0.5 * float(np.median(seen["quality"].mean(axis=1)))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        strange = g.multiply(wires["distance"], 1.0 / self.limit)
        near = g.at_least(1.0, strange)
        enough = g.at_least(g.mean(wires["quality"]), self.usable)
        known = warm_only(g, wires, g.number(g.both(near, enough)))
        return {"strange": strange, "known": g.multiply(known, wires["sure"]) if "sure" in wires else known}


class Strangeness:
    """Wire ``score`` [1]: ``task_score`` where the task gave one, else ``strange``; 1 is the limit; 0 until warm."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"score": warm_only(g, wires, wires.get("task_score", wires["strange"]))}


class TaskAlarm:
    """Wire ``alarm`` [1]: the task's own ``task_alarm`` where it gave one, else what ``Alarm`` said of the score."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"alarm": warm_only(g, wires, wires["task_alarm"])} if "task_alarm" in wires else {}


def warm_only(g: StepBuilder, wires: Wires, wire: Wire) -> Wire:
    """``wire``, 0 until windows are full where a block says when."""
    return g.where(wires["warm"], wire, 0.0) if "warm" in wires else wire
