"""What a value of a foreign model is while it is brought in: known now, or a wire of the step graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import Wire

ASSETS = -2**40
"""Stands for the number of assets where a model computes with sizes; so many times the number is a multiple of it."""
MOST_ASSETS = -2**60  # beyond it a number means "as far as there is", as the ends of slices do

Constant = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A computed value. The wire has the asset axis in front; the foreign model has it at place ``at``.

    Numbers are float32 whatever the model calls them; ``kind`` is "float", "int" (whole numbers), "bool", or "int8"
    and "uint8" between a quantiser and its reverse. ``joined`` is how often each asset counts along its axis: rows of
    several ticks joined with the assets, say, which the wire keeps apart as its own axis ``at``.
    """

    wire: Wire
    kind: str = "float"
    at: int = 0
    joined: int = 1

    @property
    def rank(self) -> int:
        """Axes that the foreign model sees."""
        return len(self.wire.shape) + (self.joined == 1)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape that the foreign model sees, ``ASSETS`` at its place.

        >>> Tensor(Wire("y", (7, 3)), at=1).sizes == (7, ASSETS, 3)
        True
        """
        return (*self.wire.shape[:self.at], ASSETS * self.joined, *self.wire.shape[self.at + (self.joined > 1):])


Value = Constant | Tensor


def is_constant(value: Value | None) -> bool:
    """Known now, and free of the number of assets."""
    return isinstance(value, np.ndarray) and not counts_assets(value)


def times_assets(size: int) -> int:
    """How many times the number of assets a size is; 0 for any other size.

    >>> times_assets(3 * ASSETS), times_assets(7), times_assets(-1)
    (3, 0, 0)
    """
    return size // ASSETS if MOST_ASSETS < size <= ASSETS and size % ASSETS == 0 else 0


def counts_assets(value: Constant) -> bool:
    """Whether one of the numbers stands for the number of assets."""
    return value.dtype.kind == "i" and bool(((value <= ASSETS) & (value > MOST_ASSETS)).any())
