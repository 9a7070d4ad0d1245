"""A head learnt from the first part of its rows alone: what it says of the rest shows errors as they will be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.head import Head
from lineshaft.model.pipeline import Seen, Wires

SHARE = 0.6


class Early:
    """Wire ``value_early`` [1]; ``late`` says which of the rows it was given taught it nothing."""

    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, head: Callable[[], Head]) -> None:
        self.head = head()

    def fit(self, seen: Seen) -> None:
        self.head.fit(seen.rows(~late(len(seen))))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"value_early": self.head.emit(g, wires)["value"]}


def late(rows: int) -> NDArray[np.bool_]:
    """The rows [N] that an ``Early`` head given ``rows`` has not learnt from."""
    return np.arange(rows) >= round(SHARE * rows)
