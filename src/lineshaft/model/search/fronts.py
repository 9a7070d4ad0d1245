"""What the graph of a front says of history, kept for all candidates that share it.

A head that reads the wire "features" alone is run as a graph of its own over many rows at once: the same operators as
in the whole graph, without stepping through the front again. Any other head is judged by the whole graph.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from lineshaft.core.answer import VALUE
from lineshaft.core.step import Executor
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import signature
from lineshaft.model.evaluate.splits import Fold, Rows
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Block, Pipeline, Seen, extend, replay
from lineshaft.model.supervised import Candidate, Matrix, fit, predict

FEATURES = "features"
GIVEN = frozenset({"target", "group"})
MOST_BYTES = 512 * 2**20
AT_ONCE = 4096  # rows


@dataclass(frozen=True, slots=True, eq=False)
class _Front:
    """Wires at the rows of one fold, those that teach and those that judge; ``teaches`` marks the former."""

    seen: Seen
    places: NDArray[np.intp]
    teaches: Rows


class Fronts:
    """Fronts by name and fold, the newest used ones up to ``MOST_BYTES``; seconds that went into learning
    them, and into running heads over rows that judge, are counted."""

    def __init__(self, examples: Examples, folds: Sequence[Fold], execute: Executor) -> None:
        self.learning_s = self.saying_s = 0.0
        self._examples, self._folds, self._execute = examples, folds, execute
        self._kept: OrderedDict[tuple[str, int], _Front] = OrderedDict()

    def value(self, candidate: Candidate, number: int, rows: Rows) -> tuple[Matrix, int]:
        """``value`` [J, V] of the rows that judge fold ``number``, by a head learnt from ``rows`` [N] of it.

        With it comes the size of the head's own graph, 0 where it has none.
        """
        fold, head = self._folds[number], candidate.head()
        if set(head.reads) <= GIVEN | {FEATURES}:
            front = self._front(candidate, number)
            head.fit(front.seen.rows(rows[front.places] & front.teaches))
            features = front.seen[FEATURES][~front.teaches]
            graph = alone(head, features.shape[1:])
            if graph:
                return self._timed(lambda: at_once(graph, features, self._execute)), len(graph)
        whole = fit(candidate, self._examples, rows, self._execute)
        return self._timed(lambda: predict(whole, self._examples, self._execute)[fold.judge]), 0

    def _timed(self, saying: Callable[[], Matrix]) -> Matrix:
        begun = time.perf_counter()
        said = saying()
        self.saying_s += time.perf_counter() - begun
        return said

    def _front(self, candidate: Candidate, number: int) -> _Front:
        key = (candidate.front_name, number)
        if key not in self._kept:
            begun = time.perf_counter()
            self._kept[key] = self._learnt(candidate, self._folds[number])
            self.learning_s += time.perf_counter() - begun
            while len(self._kept) > 1 and sum(_size(front) for front in self._kept.values()) > MOST_BYTES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _learnt(self, candidate: Candidate, fold: Fold) -> _Front:
        examples = self._examples
        given: dict[str, NDArray[Any]] = {"target": examples.target, "group": examples.group}
        front = extend(Pipeline(len(examples.dataset.tags), ()), candidate.front(), examples.dataset, fold.fit,
                       self._execute, given)
        seen = replay(front, examples.dataset, (FEATURES, *given), self._execute, given)
        used = fold.fit | fold.judge
        return _Front(seen.rows(used), np.flatnonzero(used), ~fold.judge[used])


def alone(head: Block, shape: tuple[int, ...]) -> bytes:
    """A fitted head as a step graph whose x is its features [prod(shape)]; empty where it needs more than those."""
    g = StepBuilder(int(np.prod(shape)))
    try:
        value = head.emit(g, {FEATURES: g.reshape(g.x, shape) if len(shape) > 1 else g.x})[VALUE]
    except KeyError:
        return b""
    graph = g.model({VALUE: value})
    reads = {name for node in onnx.load_from_string(graph).graph.node for name in node.input}
    return b"" if signature(graph).states or "quality" in reads else graph


def at_once(graph: bytes, features: NDArray[Any], execute: Executor) -> Matrix:
    """``value`` [N, V] of a graph without state, whose asset axis takes the rows."""
    flat = np.asarray(features, np.float32).reshape(len(features), -1)
    parts = [flat[start:start + AT_ONCE] for start in range(0, len(flat), AT_ONCE)]
    said = [execute(graph, {"x": part, "quality": np.ones_like(part)})[VALUE] for part in parts]
    return np.concatenate([np.asarray(part, np.float64) for part in said])


def _size(front: _Front) -> int:
    return sum(wire.nbytes for wire in front.seen.wires.values())
