"""Small graphs with the ranges that runs of them show, and engines of precision ``fixed``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.backend.c.small import graph
from tests.backend.c.test_operators import inputs

from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.step import Array, Engine
from lineshaft.graph.check import signature
from lineshaft.graph.fidelity import Run
from lineshaft.graph.quantise.marks import marked

PC = replace(target("pc"), precision="fixed")


def ranged(made: bytes, x: Array | None = None) -> bytes:
    x = inputs() if x is None else x
    return marked(made, [Run(x, np.ones_like(x), np.zeros(len(x), np.int8))], [], execute)


def small(name: str) -> bytes:
    return ranged(graph(name))


def engine_of(made: bytes, assets: int = 1) -> Engine:
    c = backend("c")
    return c.load(c.compile(made, PC), signature(made), PC, assets=assets)
