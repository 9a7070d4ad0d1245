"""Golden sequences: inputs with the outputs that the independent reference gave for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lineshaft.core.step import Array


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """T ticks of one asset from zero state: ``x`` and ``quality`` [T, C], each output [T, ...].

    ``name`` says what it shows ("operation", "start-up", "extremes").
    """

    x: Array
    quality: Array
    outputs: Mapping[str, Array]
    name: str = ""

    def __len__(self) -> int:
        return len(self.x)
