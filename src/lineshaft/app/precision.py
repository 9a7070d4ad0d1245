"""Precisions below float32: the graph of each, made from what the golden sequences of operation show.

``fixed`` is not among them: integers with a binary point are the printer's own affair (``c``, ``hls``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lineshaft.app.compress_methods import Compressor, Roles, Work
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.target import FLOAT32, Target
from lineshaft.graph.fidelity import Run

Prepared = Callable[[bytes], bytes]
METHODS: Mapping[str, str] = {"float16": "float16", "int8": "static-int8"}
OPERATION = "operation"  # the extremes of the other sequences would stretch every range


def prepared(graph: bytes, golden: Sequence[Golden]) -> Mapping[str, Prepared]:
    """What makes the graph of each precision; raises ``Refused`` with the reason where it has none."""
    compressor = Compressor(graph, Work(_roles(golden), execute))
    return {precision: lambda _, method=method: _made(compressor, method)  # type: ignore[misc]
            for precision, method in METHODS.items()}


def in_precision(graph: bytes, golden: Sequence[Golden], target: Target) -> bytes:
    """The graph in the target's precision; itself for float32 and for what the backend makes of it."""
    if target.precision == FLOAT32 or target.precision not in METHODS:
        return graph
    return prepared(graph, golden)[target.precision](graph)


def _made(compressor: Compressor, method: str) -> bytes:
    found = compressor.compressed(method)
    if isinstance(found, str):
        raise Refused(found)
    return found.bytes()


def _roles(golden: Sequence[Golden]) -> Roles:
    named = [one for one in golden if one.name == OPERATION] or list(golden[:1])
    runs = [Run(one.x, one.quality, np.zeros(len(one.x), np.int8)) for one in named]
    return Roles(runs, runs, runs)
