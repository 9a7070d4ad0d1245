"""What a value of a foreign model is while it is brought in: known now, or a wire of the step graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import Wire

ASSETS = -2**40
"""Stands for the number of assets where a model computes with sizes; no real size is negative."""

Constant = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A computed value. The wire has the asset axis in front; the foreign model has it at place ``at``.

    Numbers are float32 whatever the model calls them; ``kind`` is "float", "int" (whole numbers), "bool", or "int8"
    and "uint8" between a quantiser and its reverse.
    """

    wire: Wire
    kind: str = "float"
    at: int = 0

    @property
    def rank(self) -> int:
        """Axes that the foreign model sees."""
        return len(self.wire.shape) + 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape that the foreign model sees, ``ASSETS`` at its place.

        >>> Tensor(Wire("y", (7, 3)), at=1).sizes == (7, ASSETS, 3)
        True
        """
        return (*self.wire.shape[:self.at], ASSETS, *self.wire.shape[self.at:])


Value = Constant | Tensor


def is_constant(value: Value | None) -> bool:
    """Known now, and free of the number of assets."""
    return isinstance(value, np.ndarray) and not counts_assets(value)


def counts_assets(value: Constant) -> bool:
    """Whether one of the numbers stands for the number of assets."""
    return value.dtype.kind == "i" and bool((value == ASSETS).any())
