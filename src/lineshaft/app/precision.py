"""Precisions below float32: the graph of each, made from what the golden sequences of operation show.

For ``fixed`` it is the same graph with the range of each tensor in it: integers with a binary point are the printer's
own affair (``c`` reads the ranges, ``hls`` has its own). There the extremes count too: what lies beyond them saturates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import numpy as np

from lineshaft.app.compress_methods import Compressor, Roles, Work
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.target import Target
from lineshaft.graph.fidelity import Run
from lineshaft.graph.quantise.marks import marked

Prepared = Callable[[], bytes]
"""Makes a graph in one precision, once; raises ``Refused`` with the reason where there is none."""
FIXED = "fixed"
METHODS: Mapping[str, str] = {"float16": "float16", "int8": "static-int8"}
OPERATION = "operation"  # the extremes of the other sequences would stretch every range


def prepared(graph: bytes, golden: Sequence[Golden]) -> Mapping[str, Prepared]:
    """What makes this graph in each precision; several backends ask for the same one."""
    compressor = Compressor(graph, Work(_roles(golden), execute))
    makers: dict[str, Prepared] = {FIXED: partial(_ranged, graph, golden)}
    makers |= {precision: partial(_made, compressor, method) for precision, method in METHODS.items()}
    return {precision: cache(make) for precision, make in makers.items()}


def in_precision(graph: bytes, golden: Sequence[Golden], target: Target) -> bytes:
    """The graph in the target's precision; itself for float32 and for what the backend makes of it."""
    makers = prepared(graph, golden)
    return makers[target.precision]() if target.precision in makers else graph


def _ranged(graph: bytes, golden: Sequence[Golden]) -> bytes:
    roles = _roles(golden)
    others = [_run(one) for one in golden if one.name != OPERATION]
    return marked(graph, roles.calibration, others, execute)


def _made(compressor: Compressor, method: str) -> bytes:
    found = compressor.compressed(method)
    if isinstance(found, str):
        raise Refused(found)
    return found.bytes()


def _roles(golden: Sequence[Golden]) -> Roles:
    named = [one for one in golden if one.name == OPERATION] or list(golden[:1])
    runs = [_run(one) for one in named]
    return Roles(runs, runs, runs)


def _run(one: Golden) -> Run:
    return Run(one.x, one.quality, np.zeros(len(one.x), np.int8))
