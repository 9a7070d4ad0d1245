"""A pipeline of blocks: each is fitted on what the graph of the blocks before it says of history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array, Executor
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.replay import Replay

Wires = dict[str, Wire]
FEWEST_SIDE_BY_SIDE, MOST_SIDE_BY_SIDE = 8, 64


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the graph so far said of history: wires by name [N, ...], with ``run`` and ``age`` [N].

    ``age`` counts ticks since the run began, so a block can leave out rows before its windows were full.
    """

    wires: Mapping[str, NDArray[Any]]
    run: NDArray[np.int32]
    age: NDArray[np.int64]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.wires[name]

    def __len__(self) -> int:
        return len(self.run)

    def rows(self, keep: NDArray[np.bool_] | slice) -> Seen:
        """The same wires at fewer rows."""
        return Seen({name: wire[keep] for name, wire in self.wires.items()}, self.run[keep], self.age[keep])


class Block(Protocol):
    """One stage of a pipeline.

    ``reads`` names the wires that ``fit`` wants; ``emit`` writes the block into the graph and returns the wires
    it adds or replaces. There is no other implementation of a block: fitting later ones runs this one.
    """

    reads: tuple[str, ...]

    def fit(self, seen: Seen) -> None:
        """Learn from the rows of normal history given."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        """Operators of this block."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Fitted blocks in order."""

    channels: int
    blocks: tuple[Block, ...]

    def graph(self, outputs: Sequence[str]) -> bytes:
        """The step graph that gives these wires as outputs."""
        g = StepBuilder(self.channels)
        wires: Wires = {"x": g.x, "quality": g.quality}
        for block in self.blocks:
            wires.update(block.emit(g, wires))
        absent = [name for name in outputs if name not in wires]
        if absent:
            raise UsageError(f"no block gives {', '.join(absent)}", where="Pipeline.graph")
        return g.model({name: wires[name] for name in outputs})


def replay(pipeline: Pipeline, dataset: Dataset, wires: Sequence[str], execute: Executor,
           given: Mapping[str, NDArray[Any]] | None = None) -> Seen:
    """History through the pipeline, each run from zero state.

    ``given`` are columns [N, ...] that no graph computes and a block may read while it learns, such as "target".
    """
    x, quality = step_inputs(dataset)
    inputs: dict[str, NDArray[Any]] = {**(given or {}), "x": x, "quality": quality}
    computed = [name for name in wires if name not in inputs]
    spans = run_spans(dataset.run)
    found = _through(Replay(pipeline.graph(computed), execute), x, quality, spans) if computed else {}
    age = np.concatenate([np.arange(stop - start) for start, stop in spans]) if spans else np.empty(0, np.int64)
    return Seen({name: (inputs | found)[name] for name in wires}, dataset.run, age)


def onward(blocks: Sequence[Block], known: Seen, wires: Sequence[str], execute: Executor) -> Seen:
    """What further blocks say of history, each run from zero state, where ``known`` has every wire that they read.

    As ``replay`` of the whole pipeline says it, without running what stands before them again.
    """
    parts = [np.asarray(wire, np.float32).reshape(len(known), -1) for wire in known.wires.values()]
    g, at, found = StepBuilder(sum(part.shape[1] for part in parts)), 0, Wires()
    for (name, wire), part in zip(known.wires.items(), parts, strict=True):
        found[name] = g.reshape(g.slice(g.x, at, at + part.shape[1]), wire.shape[1:])
        at += part.shape[1]
    for block in blocks:
        found.update(block.emit(g, found))
    x = np.hstack(parts)
    said = _through(Replay(g.model({name: found[name] for name in wires}), execute), x, np.ones_like(x),
                    run_spans(known.run))
    return Seen(said, known.run, known.age)


def read(pipeline: Pipeline, block: Block) -> frozenset[str]:
    """The wires of a pipeline that a further block looks at."""
    g, wires = StepBuilder(pipeline.channels), _Noted()
    wires.update(x=g.x, quality=g.quality)
    for one in pipeline.blocks:
        wires.update(one.emit(g, wires))
    wires.noted.clear()
    block.emit(g, wires)
    return frozenset(wires.noted)


class _Noted(Wires):
    """Wires that note who is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: set[str] = set()

    def __getitem__(self, name: str) -> Wire:
        self.noted.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.noted.update({name} & self.keys())
        return super().get(name, default)


def _through(through: Replay, x: Array, quality: Array, spans: Sequence[tuple[int, int]]) -> dict[str, Array]:
    """Outputs by name [N, ...]; many runs go side by side, as assets of one batch."""
    ports = through.signature.outputs
    found = {port.name: np.empty((len(x), *port.shape), np.float32) for port in ports}
    for group in _side_by_side(spans):
        height = max(stop - start for start, stop in group)
        xs, qualities = (np.zeros((height, len(group), x.shape[1]), np.float32) for _ in range(2))
        for place, (start, stop) in enumerate(group):
            xs[:stop - start, place], qualities[:stop - start, place] = x[start:stop], quality[start:stop]
        said = through(xs, qualities)
        for place, (start, stop) in enumerate(group):
            for name, wire in found.items():
                wire[start:stop] = said[name][:stop - start, place]
    return found


def _side_by_side(spans: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Runs of about the same length together; a few runs each alone, since a batch pays for its longest."""
    if len(spans) < FEWEST_SIDE_BY_SIDE:
        return [[span] for span in spans]
    by_length = sorted(spans, key=lambda span: span[1] - span[0])
    return [by_length[i:i + MOST_SIDE_BY_SIDE] for i in range(0, len(by_length), MOST_SIDE_BY_SIDE)]


def abreast(run: NDArray[np.integer]) -> int:
    """How many runs pass through a graph at once.

    >>> abreast(np.arange(100)), abreast(np.arange(10)), abreast(np.array([0, 0, 1]))
    (64, 10, 1)
    """
    return max((len(group) for group in _side_by_side(run_spans(run))), default=1)


def extend(pipeline: Pipeline, blocks: Sequence[Block], dataset: Dataset, keep: NDArray[np.bool_],
           execute: Executor, given: Mapping[str, NDArray[Any]] | None = None) -> Pipeline:
    """Fit further blocks one after another on the rows ``keep`` [N]; all rows pass, so windows are warm."""
    for block in blocks:
        if block.reads:
            block.fit(replay(pipeline, dataset, block.reads, execute, given).rows(keep))
        pipeline = Pipeline(pipeline.channels, (*pipeline.blocks, block))
    return pipeline


def step_inputs(dataset: Dataset) -> tuple[Array, Array]:
    """``x`` and ``quality`` [N, C] as the node would give them to the graph: masked values are 0.

    What float32 can't hold counts as masked.
    """
    usable = dataset.good & (np.abs(dataset.values) <= np.finfo(np.float32).max)
    return np.where(usable, dataset.values, 0.0).astype(np.float32), usable.astype(np.float32)


def longest(rows: NDArray[np.bool_], run: NDArray[np.int32]) -> tuple[int, int]:
    """``(start, stop)`` of the longest unbroken stretch of ``rows`` inside one run; some row must be marked."""
    marked = np.where(rows, run.astype(np.int64) - int(run.min()) + 1, 0)
    return max(((a, b) for a, b in run_spans(marked) if rows[a]), key=lambda span: span[1] - span[0])


def run_spans(run: NDArray[np.integer]) -> list[tuple[int, int]]:
    """``(start, stop)`` of each stretch of equal run numbers."""
    if not len(run):
        return []
    edges = np.flatnonzero(np.diff(run)) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), len(run)], strict=True))
