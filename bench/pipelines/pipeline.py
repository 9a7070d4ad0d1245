"""What a reference pipeline is: one step graph, golden inputs, and data with roles for the task's metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.step import Array
from lineshaft.graph.fidelity import Run

CACHE = Path(__file__).resolve().parent.parent / ".cache"


class Absent(Exception):
    """What a pipeline needs and isn't here (data, a library); the message is the reason for leaving it out."""


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A step graph with outputs ``score`` [1] and ``alarm`` [1] (1 where the score is over its limit), or with one
    ``score`` a class.

    ``golden`` is ``x, quality`` [T, C], for parity. ``calibration`` may teach a compression and has no labels that
    matter; on ``validation`` a compression is chosen; ``held_out`` is only ever reported. ``protocol`` says which
    rows are which, and on which of them the limit was set.
    """

    name: str
    graph: bytes
    golden: tuple[Array, Array]
    calibration: Sequence[Run] = ()
    validation: Sequence[Run] = ()
    held_out: Sequence[Run] = ()
    protocol: str = ""
    facts: dict[str, float] = field(default_factory=dict)


def run_of(x: NDArray[np.generic], labels: NDArray[np.generic] | None = None,
           quality: NDArray[np.generic] | None = None) -> Run:
    """A run in which every value is usable unless ``quality`` says otherwise; rows without a label are normal (0)."""
    usable = np.broadcast_to(np.float32(1.0), x.shape) if quality is None else quality
    known = np.zeros(len(x), np.int8) if labels is None else labels
    return Run(x, np.asarray(usable, np.float32), np.asarray(known, np.int8))
