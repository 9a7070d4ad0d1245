"""Samples of what a product takes and gives, and its weights solved anew for fewer channels.

He, Zhang and Sun, "Channel Pruning for Accelerating Very Deep Neural Networks", ICCV 2017: after channels have gone,
the consumer's weights are the least-squares ones for what the unpruned graph gave, from what the pruned one now gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.step import Array, Executor
from lineshaft.graph.fidelity import Run, pieces
from lineshaft.graph.prune.channels import Chain
from lineshaft.graph.quantise.observe import observing
from lineshaft.graph.view import Node, View

ROWS = 6_000
RIDGE = 1e-3
Matrix = NDArray[np.float64]


class Sampler:
    """The same rows of every graph: each run, each tick, and the same places of a convolution's result."""

    def __init__(self, runs: Sequence[Run], execute: Executor, rows: int = ROWS) -> None:
        self._runs, self._execute, self._rows = runs, execute, rows
        self._ticks = sum(len(run.x) for run in runs)

    def taken(self, graph: View, nodes: Sequence[Node]) -> list[Matrix]:
        """What each node multiplies with its weights: [rows, channels, kernel values] (1 kernel value for a MatMul)."""
        places = [self._places(graph, node) for node in nodes]
        return self._rows_of(graph, [node.inputs[0] for node in nodes], [
            partial(_patches, weights=graph.constants[node.inputs[1]].shape, node=node, places=own)
            for node, own in zip(nodes, places, strict=True)])

    def given(self, graph: View, nodes: Sequence[Node]) -> list[Matrix]:
        """What each node gives: [rows, out], its own bias in it."""
        return self._rows_of(graph, [node.outputs[0] for node in nodes],
                             [partial(_results, node=node, places=self._places(graph, node)) for node in nodes])

    def _rows_of(self, graph: View, values: Sequence[str], picks: Sequence[Callable[[Array], Matrix]]) -> list[Matrix]:
        """All of them in one run of the graph, of which only the rows wanted are kept."""
        names = [f"observed {i}" for i in range(len(values))]
        model = observing(graph.bytes(), dict(zip(names, values, strict=True)))
        found: list[list[Matrix]] = [[] for _ in names]
        for run in self._runs:
            for piece in pieces(model, run, self._execute, names):
                for name, pick, rows in zip(names, picks, found, strict=True):
                    rows.append(pick(piece[name]))
        return [np.concatenate(rows) for rows in found]

    def _places(self, graph: View, node: Node) -> tuple[NDArray[np.intp], ...]:
        if node.kind != "Conv":
            return ()
        space = (graph.shape(node.outputs[0]) or ())[1:]
        count = min(math.prod(space), max(1, self._rows // self._ticks))
        flat = np.random.default_rng(0).choice(math.prod(space), count, replace=False)
        return tuple(np.unravel_index(np.sort(flat), space))


def _results(piece: Array, node: Node, places: tuple[NDArray[np.intp], ...]) -> Matrix:
    index: tuple[Any, ...] = (slice(None), slice(None), *places)
    rows = np.moveaxis(piece[index], 1, -1) if node.kind == "Conv" else piece
    return np.asarray(rows.reshape(-1, rows.shape[-1]), np.float64)


def _patches(piece: Array, weights: tuple[int, ...], node: Node, places: tuple[NDArray[np.intp], ...]) -> Matrix:
    if node.kind == "MatMul":
        return np.asarray(piece.reshape(-1, piece.shape[-1], 1), np.float64)
    axes = len(weights) - 2
    pads, strides = node.get("pads", [0] * 2 * axes), node.get("strides", [1] * axes)
    spread = node.get("dilations", [1] * axes)
    padded = np.pad(piece, [(0, 0), (0, 0), *((pads[i], pads[axes + i]) for i in range(axes))])
    index: list[Any] = [slice(None), slice(None)]
    for i in range(axes):
        own = places[i][:, None] * strides[i] + np.arange(weights[2 + i]) * spread[i]
        index.append(own.reshape(len(own), *(own.shape[1] if j == i else 1 for j in range(axes))))
    found = padded[tuple(index)]  # [T, channels, places, *kernel]
    return np.asarray(np.moveaxis(found, 2, 1).reshape(-1, piece.shape[1], math.prod(weights[2:])), np.float64)


def importance(taken: Matrix, graph: View, consumer: Node) -> NDArray[np.float64]:
    """For each channel, the share of the consumer's variance that goes with it alone if its mean is kept."""
    weights = _rows(graph, consumer)
    spread = taken.var(axis=0)  # [channels, kernel values]
    own = (spread[:, :, None] * weights.reshape(*spread.shape, -1)**2).sum(axis=(1, 2))
    result = (taken.reshape(len(taken), -1) @ weights).var(axis=0).sum()
    return np.asarray(own / max(float(result), 1e-12), np.float64)


def solved(taken: Matrix, wanted: Matrix, graph: View, chain: Chain, keep: NDArray[np.intp]) -> tuple[Array, Array]:
    """Weights in the consumer's layout for the channels ``keep`` of ``taken``, and its bias [out].

    Ridge towards the weights it has, so that rows that say little change little.
    """
    node = chain.consumer
    own = _rows(graph, node).reshape(chain.count, -1, wanted.shape[1])[keep].reshape(-1, wanted.shape[1])
    x = taken[:, keep].reshape(len(taken), -1)
    middle, target = x.mean(axis=0), wanted.mean(axis=0)
    centred = x - middle
    gram = centred.T @ centred
    gram[np.diag_indices_from(gram)] += RIDGE * max(float(np.trace(gram)) / len(gram), 1e-12)
    change = np.linalg.solve(gram, centred.T @ (wanted - target - centred @ own))
    weights = own + change
    bias = target - middle @ weights
    if node.kind == "MatMul":
        return weights.astype(np.float32), bias.astype(np.float32)
    kernel = graph.constants[node.inputs[1]].shape[2:]
    shaped = weights.reshape(len(keep), math.prod(kernel), -1).transpose(2, 0, 1)
    return shaped.reshape(-1, len(keep), *kernel).astype(np.float32), bias.astype(np.float32)


def _rows(graph: View, node: Node) -> Matrix:
    """A product's weights as [channels x kernel values, out]."""
    weights = graph.constants[node.inputs[1]].astype(np.float64)
    return np.asarray(weights.reshape(len(weights), -1).T if node.kind == "Conv" else weights)
