"""Recurrent networks over a sequence of known length, written out tick by tick (equations of the ONNX schemas)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Constant, Tensor

MOST_TICKS = 512
_DEFAULTS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@dataclass(frozen=True, slots=True)
class Cell:
    """The weights of one direction: what the hidden state [H] is multiplied with, and its own offsets."""

    hidden: Constant
    offset: Constant
    size: int
    linear_before_reset: bool


Step = Callable[[StepBuilder, Cell, Wire, Wire, Wire], tuple[Wire, Wire]]


def _lstm(g: StepBuilder, cell: Cell, given: Wire, h: Wire, c: Wire) -> tuple[Wire, Wire]:
    """Gates in the order input, output, forget, cell."""
    gates = g.add(g.add(given, g.project(h, cell.hidden)), cell.offset)
    i, o, f, z = (g.slice(gates, k * cell.size, (k + 1) * cell.size) for k in range(4))
    new = g.add(g.multiply(g.sigmoid(f), c), g.multiply(g.sigmoid(i), g.tanh(z)))
    return g.multiply(g.sigmoid(o), g.tanh(new)), new


def _gru(g: StepBuilder, cell: Cell, given: Wire, h: Wire, c: Wire) -> tuple[Wire, Wire]:
    """Gates in the order update, reset, hidden."""
    size, both = cell.size, 2 * cell.size
    gates = g.add(g.add(g.slice(given, 0, both), g.project(h, cell.hidden[:, :both])), cell.offset[:both])
    update, reset = g.sigmoid(g.slice(gates, 0, size)), g.sigmoid(g.slice(gates, size, both))
    own, ours = cell.hidden[:, both:], cell.offset[both:]
    if cell.linear_before_reset:
        inner = g.multiply(reset, g.add(g.project(h, own), ours))
    else:
        inner = g.add(g.project(g.multiply(reset, h), own), ours)
    new = g.tanh(g.add(g.slice(given, both, 3 * size), inner))
    return g.add(g.multiply(g.subtract(1.0, update), new), g.multiply(update, h)), c


def _rnn(g: StepBuilder, cell: Cell, given: Wire, h: Wire, c: Wire) -> tuple[Wire, Wire]:
    return g.tanh(g.add(g.add(given, g.project(h, cell.hidden)), cell.offset)), c


_STEPS: dict[str, Step] = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}


@operator("LSTM", "GRU", "RNN")
def recurrent(node: Node) -> list[Tensor]:
    """Outputs: the hidden state at each tick, the last one, and the last cell."""
    series, layout = _series(node)
    directions = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[
        node.attribute("direction", "forward")]
    runs = [_run(node, series, way, backwards, layout) for way, backwards in enumerate(directions)]
    ticks, size = series.shape[0], runs[0][1].shape[0]
    each = [_stacked(node, [node.g.reshape(h, (1, 1, size)) for h in hs], 0) for hs, _, _ in runs]
    whole = _stacked(node, each, 1)  # [ticks, directions, hidden]
    last = _stacked(node, [node.g.reshape(h, (1, size)) for _, h, _ in runs], 0)
    cell = _stacked(node, [node.g.reshape(c, (1, size)) for _, _, c in runs], 0)
    assert whole.shape == (ticks, len(runs), size)
    if layout:
        return [Tensor(whole), Tensor(last), Tensor(cell)]
    return [Tensor(whole, at=2), Tensor(last, at=1), Tensor(cell, at=1)]


def _series(node: Node) -> tuple[Wire, int]:
    """[ticks, features], whichever layout it comes in."""
    x, layout = node.tensor(0), int(node.attribute("layout", 0))
    if x.rank != 3 or x.at != (0 if layout else 1):
        raise node.refused("it does not take the assets as its batch")
    if x.wire.shape[0] > MOST_TICKS:
        raise node.refused(f"its sequence has {x.wire.shape[0]} ticks, at most {MOST_TICKS} are written out")
    kinds = [a.decode() for a in node.attributes.get("activations", ())]
    usual = _DEFAULTS[node.kind]
    if kinds and kinds != usual * (len(kinds) // len(usual)):
        raise node.refused(f"its activations are {', '.join(kinds)}")
    if node.attribute("clip") is not None or node.attribute("input_forget", 0) or (node.kind == "LSTM" and node.has(7)):
        raise node.refused("it clips, couples its gates or has peepholes")
    if node.has(4) and (node.constant(4) != x.wire.shape[0]).any():
        raise node.refused("its sequences have lengths of their own")
    return x.wire, layout


def _run(node: Node, series: Wire, way: int, backwards: bool, layout: int) -> tuple[list[Wire], Wire, Wire]:
    """The hidden states in the order of time, the last one computed, and the last cell."""
    g, gates = node.g, _GATES[node.kind]
    weights, hidden = node.constant(1)[way], node.constant(2)[way]
    size = hidden.shape[1]
    bias = node.constant(3)[way] if node.has(3) else np.zeros(2 * gates * size, np.float32)
    before, own = bias[:gates * size], bias[gates * size:]
    given = g.add(g.project(series, weights.T), before.astype(np.float32))
    cell = Cell(hidden.T.astype(np.float32), own.astype(np.float32), size,
                bool(node.attribute("linear_before_reset", 0)))
    h, c = (_first(node, place, way, size, given, layout) for place in (5, 6))
    order = range(series.shape[0])[::-1] if backwards else range(series.shape[0])
    seen: dict[int, Wire] = {}
    for tick in order:
        now = g.reshape(g.slice(given, tick, tick + 1), (gates * size,))
        h, c = _STEPS[node.kind](g, cell, now, h, c)
        seen[tick] = h
    return [seen[tick] for tick in sorted(seen)], h, c


def _first(node: Node, place: int, way: int, size: int, given: Wire, layout: int) -> Wire:
    """The state [H] before the first tick; zeros unless it is given."""
    if place == 6 and node.kind != "LSTM":
        place = 99
    if node.has(place) and isinstance(node.value(place), Tensor):
        wire = node.tensor(place).wire
        return node.g.reshape(node.g.slice(wire, way, way + 1), (size,))
    start = np.zeros(size, np.float32)
    if node.has(place):
        values = node.constant(place)
        start = np.broadcast_to(values[0, way] if layout else values[way, 0], (size,)).astype(np.float32)
    zero = node.g.multiply(node.g.slice(node.g.reshape(given, (given.shape[0] * given.shape[1],)), 0, 1), 0.0)
    return node.g.add(zero, start)


def _stacked(node: Node, parts: Sequence[Wire], axis: int) -> Wire:
    return parts[0] if len(parts) == 1 else node.g.concat(list(parts), axis)
