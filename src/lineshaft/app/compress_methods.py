"""The ways to compress a graph, by name; joined by ``+`` they are done one after another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lineshaft.core.errors import UsageError
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Executor
from lineshaft.graph.fidelity import Run
from lineshaft.graph.prune.prune import pruned
from lineshaft.graph.quantise.dynamic import dynamic
from lineshaft.graph.quantise.float16 import float16
from lineshaft.graph.quantise.observe import ranges
from lineshaft.graph.quantise.sensitivity import bearable, sensitivities
from lineshaft.graph.quantise.static import Plan, candidates, quantised, wanted
from lineshaft.graph.quantise.storage import bytes_, half
from lineshaft.graph.view import View, view

ROUNDING = 0.15  # how large the rounding of a static int8 graph may be, in deviations of the score
FEW_ROWS = 64  # for trying a node by itself, where each row is expensive
PRUNE = re.compile(r"prune-(\d\d?)")
DEFAULT = ("float16-weights", "int8-weights", "float16", "dynamic-int8", "static-int8", "prune-30+int8-weights",
           "prune-60+int8-weights", "prune-30+static-int8", "prune-60+static-int8")


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """Runs by what they may be used for: to teach a compression, to choose one, and only to report on."""

    calibration: Sequence[Run]
    validation: Sequence[Run]
    held_out: Sequence[Run]


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What a method may use besides the graph."""

    roles: Roles
    execute: Executor
    progress: Progress = silent


Method = Callable[[View, Work], View | str]


def static(graph: View, work: Work) -> View | str:
    """Static int8 of the nodes that bear it, found on thinned validation runs."""
    nodes = candidates(graph)
    if not nodes:
        return "no product has weights of its own that are large enough"
    raw = graph.bytes()
    seen = ranges(raw, wanted(graph, nodes), thinned(work.roles.calibration, graph, FEW_ROWS), work.execute)
    errors = sensitivities(graph, nodes, seen, thinned(work.roles.validation, graph, FEW_ROWS // 8), work.execute,
                           Plan(), work.progress)
    kept = bearable(errors, ROUNDING)
    return quantised(graph, kept, seen) if kept else "no node bears eight bits"


def thinned(runs: Sequence[Run], graph: View, rows: int) -> list[Run]:
    """A graph without state judges every row by itself, so ``rows`` of them in all are enough; else all runs."""
    total = sum(len(run.x) for run in runs)
    if graph.states or total <= rows:
        return list(runs)
    step = -(-total // rows)
    return [Run(run.x[::step], run.quality[::step], run.labels[::step]) for run in runs]


METHODS: Mapping[str, Method] = {
    "float16-weights": lambda graph, _: half(graph), "int8-weights": lambda graph, _: bytes_(graph),
    "float16": lambda graph, _: float16(graph), "dynamic-int8": lambda graph, _: dynamic(graph), "static-int8": static}


def method(name: str) -> Method:
    """One method; ``prune-30`` takes 30 % of the multiply-adds. Raises ``UsageError`` naming those there are."""
    if name in METHODS:
        return METHODS[name]
    share = PRUNE.fullmatch(name)
    if share is None:
        raise UsageError(f"no way to compress is called {name!r}", where="--method",
                         do=f"use {', '.join(METHODS)}, prune-30 (percent of the arithmetic), or some joined by +")
    return lambda graph, work: pruned(graph, int(share[1]) / 100, thinned(work.roles.calibration, graph, FEW_ROWS),
                                      work.execute, progress=work.progress)


class Compressor:
    """Compresses one graph in many ways, and does what two ways have in common once."""

    def __init__(self, graph: bytes, work: Work) -> None:
        self._work = work
        self._done: dict[str, View | str] = {"": view(graph)}

    def compressed(self, name: str) -> View | str:
        """The graph, or why there is none."""
        if name not in self._done:
            before, _, last = name.rpartition("+")
            own = method(last)
            start = self.compressed(before)
            self._done[name] = start if isinstance(start, str) else own(start, self._work)
        return self._done[name]
