"""A head that learns what is left over a base: the last sample, a mechanism, a moving mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.head import Head
from lineshaft.model.pipeline import Seen, Wires

FEWEST = 20


class Relative:
    """Wire ``value`` [1]: ``base`` + ``size`` times what ``head`` says; ``size`` 1 where no wire is named.

    ``head`` learns (target - base) / size. Where ``ready`` [1] names a wire that is 0, ``otherwise`` speaks instead,
    which learns the target itself from all rows.
    """

    def __init__(self, head: Head, base: str, size: str = "", ready: str = "", otherwise: Head | None = None) -> None:
        self.head, self.base, self.size, self.ready, self.otherwise = head, base, size, ready, otherwise
        self.reads: tuple[str, ...] = tuple(name for name in ("features", "target", base, size, ready) if name)

    def fit(self, seen: Seen) -> None:
        if self.otherwise is not None:
            self.otherwise.fit(seen)
        if self.ready:
            ready = np.asarray(seen[self.ready])[:, 0] > 0.5
            seen = seen.rows(ready) if ready.sum() >= FEWEST else seen
        size = np.maximum(np.asarray(seen[self.size], np.float64), 1e-9) if self.size else 1.0
        left: NDArray[Any] = (np.asarray(seen["target"], np.float64) - seen[self.base]) / size
        self.head.fit(replace(seen, wires={**seen.wires, "target": left}))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        said = self.head.emit(g, wires)["value"]
        value = g.add(wires[self.base], g.multiply(said, wires[self.size]) if self.size else said)
        if self.otherwise is not None:
            value = g.where(g.greater(wires[self.ready], 0.5), value, self.otherwise.emit(g, wires)["value"])
        return {"value": value}
