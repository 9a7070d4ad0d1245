"""Gains and offsets go into the linear map beside them, and linear maps in a row become one where that is less.

    MatMul(Mul(Sub(x, mean), gain), M)   ->  MatMul(Sub(x, mean), gain M)
    MatMul(Add(x, offset), M)            ->  Add(MatMul(x, M), offset M)          a small offset only
    Mul(Add(MatMul(x, M), b), gain)      ->  Add(MatMul(x, M gain), b gain)
    Add(Mul(Conv(x, W), gain), offset)   ->  Conv(x, W gain, offset)              a normalisation, per channel
    MatMul(MatMul(x, M), N)              ->  MatMul(x, M N)                       no more multiply-adds than before

An offset of many gains stays a subtraction of its own: with a level of 10,000 and a deviation of 1, ``x gain - mean
gain`` would lose four of float32's seven digits, which ``(x - mean) gain`` keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.view import Edit, Node, View

ORDER = 400
FARTHEST = 4.0  # in units of what the map takes

Array = NDArray[np.float64]


def rewrite(graph: View) -> View | str:
    for turn in range(16):
        result = _once(graph)
        if isinstance(result, str):
            return graph if turn else result
        graph = result
    return graph


def _once(graph: View) -> View | str:
    edit, used = Edit(graph), set[Node]()
    for node in graph.nodes:
        if node in used or (linear := _linear(graph, node)) is None:
            continue
        for step in (_before, _after, _twice):
            taken = step(graph, edit, node, linear, used)
            if taken:
                used.update(taken)
                break
    return edit.unchanged("no scaler, offset or map stands beside a linear map that could take it")


@dataclass(frozen=True)
class Linear:
    """A map by constants: weights [in, out] of ``MatMul`` or [out, in / group, kernel...] of ``Conv``, and its bias."""

    weights: Array
    bias: Array | None
    padded: bool = False
    group: int = 1

    @property
    def convolves(self) -> bool:
        return self.weights.ndim > 2


@dataclass(frozen=True)
class Affine:
    """y = x gain + offset along one axis; both are numbers or one for each place."""

    source: str
    gain: Array
    offset: Array


def _linear(graph: View, node: Node) -> Linear | None:
    weights = graph.constant(node.inputs[1]) if len(node.inputs) > 1 else None
    if weights is None or weights.dtype != np.float32:
        return None
    if node.kind == "MatMul" and weights.ndim == 2:
        return Linear(weights.astype(np.float64), None)
    if node.kind == "Conv":
        bias = graph.constant(node.inputs[2]) if len(node.inputs) > 2 else None
        return Linear(weights.astype(np.float64), None if bias is None else bias.astype(np.float64),
                      any(node.get("pads", ())), node.get("group", 1))
    return None


def _affine(graph: View, node: Node | None, axis: int) -> Affine | None:
    """A node that scales or shifts along one axis, counted from the end: -1 the last, -2 the one before."""
    if node is None or node.kind not in ("Add", "Div", "Mul", "Sub"):
        return None
    for value, other in ((0, 1), (1, 0)):
        constant = graph.constant(node.inputs[other])
        shape = graph.shape(node.inputs[value])
        if constant is None or shape is None or shape != graph.shape(node.outputs[0]):
            continue
        along = _along(constant.astype(np.float64), axis, len(shape))
        return None if along is None else _line(node.kind, node.inputs[value], along, flipped=value == 1)
    return None


def _along(constant: Array, axis: int, axes: int) -> Array | None:
    """A constant as a number or a vector along the axis; none where it varies along another one."""
    if constant.size == 1:
        return constant.reshape(())
    full = constant.reshape((*(1,) * (axes - constant.ndim), *constant.shape)) if constant.ndim <= axes else constant
    varies = [i - full.ndim for i, n in enumerate(full.shape) if n > 1]
    return full.reshape(-1) if varies == [axis] else None


def _line(kind: str, source: str, c: Array, flipped: bool) -> Affine | None:
    one, zero = np.ones(()), np.zeros(())
    if kind == "Add":
        return Affine(source, one, c)
    if kind == "Mul":
        return Affine(source, c, zero)
    if kind == "Sub":
        return Affine(source, -one, c) if flipped else Affine(source, one, -c)
    return None if flipped or not np.all(c) else Affine(source, 1.0 / c, zero)


def _channel(graph: View, node: Node, name: str) -> int:
    """The axis, from the end, along which a linear map takes or gives its features."""
    return -len(graph.shape(name) or ()) if node.kind == "Conv" else -1


def _before(graph: View, edit: Edit, node: Node, linear: Linear, used: set[Node]) -> list[Node]:
    """A gain or a small offset in front of the map."""
    source = node.inputs[0]
    scaler = graph.producer(source)
    if scaler is None or scaler in used or graph.only_use(source) is not node or linear.group > 1:
        return []
    found = _affine(graph, scaler, _channel(graph, node, source))
    if found is None:
        return []
    moved = bool(np.any(found.offset))
    if moved and (linear.padded or np.abs(found.offset).max() > FARTHEST or not _worth(graph, node, linear)):
        return []
    weights = _rows(linear.weights, found.gain, linear.convolves)
    extra = _response(linear.weights, found.offset, linear.convolves) if moved else None
    return [node, scaler] if _put(edit, node, found.source, weights, _sum(linear.bias, extra)) else []


def _worth(graph: View, node: Node, linear: Linear) -> bool:
    """Whether an offset in front costs more than one behind: a bias that is there anyway, or a map to fewer places."""
    after = _affine(graph, graph.only_use(node.outputs[0]), -1)
    return linear.convolves or linear.weights.shape[0] > linear.weights.shape[1] or (
        after is not None and bool(np.any(after.offset)))


def _rows(weights: Array, gain: Array, convolves: bool) -> Array:
    if not gain.ndim:
        return weights * gain
    return weights * (gain.reshape(1, -1, *(1,) * (weights.ndim - 2)) if convolves else gain[:, None])


def _response(weights: Array, offset: Array, convolves: bool) -> Array:
    """What the map makes of the offset."""
    if convolves:
        return np.asarray((weights.sum(axis=tuple(range(2, weights.ndim))) * offset).sum(axis=1), np.float64)
    return np.asarray(np.broadcast_to(offset, weights.shape[:1]) @ weights, np.float64)


def _sum(a: Array | None, b: Array | None) -> Array | None:
    return b if a is None else a if b is None else a + b


def _after(graph: View, edit: Edit, node: Node, linear: Linear, used: set[Node]) -> list[Node]:
    """Gains and offsets behind the map: all into a convolution; into a product the gains, and offsets as one."""
    weights, bias, taken, name = linear.weights, linear.bias, [node], node.outputs[0]
    gained = 0
    while (user := graph.only_use(name)) is not None and user not in used:
        found = _affine(graph, user, _channel(graph, node, name))
        if found is None:
            break
        weights = _columns(weights, found.gain, linear.convolves)
        bias = _sum(None if bias is None else bias * found.gain,
                    np.broadcast_to(found.offset, _outputs(linear)) if np.any(found.offset) else None)
        gained += bool(np.any(found.gain != 1.0)) or linear.convolves or len(taken) > 1
        taken.append(user)
        name = user.outputs[0]
    return taken if gained and _put(edit, node, node.inputs[0], weights, bias, name) else []


def _columns(weights: Array, gain: Array, convolves: bool) -> Array:
    if not gain.ndim:
        return weights * gain
    return weights * (gain.reshape(-1, *(1,) * (weights.ndim - 1)) if convolves else gain)


def _outputs(linear: Linear) -> tuple[int]:
    return (linear.weights.shape[0 if linear.convolves else 1],)


def _twice(graph: View, edit: Edit, node: Node, linear: Linear, used: set[Node]) -> list[Node]:
    """A product after a product, with or without an offset between."""
    if linear.convolves:
        return []
    source, offset, between = node.inputs[0], np.zeros(()), graph.producer(node.inputs[0])
    taken = [node]
    found = _affine(graph, between, -1)
    if between is not None and found is not None and np.all(found.gain == 1.0) and graph.only_use(source) is node:
        source, offset = found.source, found.offset
        taken.append(between)
    first = graph.producer(source, "MatMul")
    inner = _linear(graph, first) if first is not None else None
    if first is None or inner is None or graph.only_use(source) is not taken[-1] or used.intersection((*taken, first)):
        return []
    product = inner.weights @ linear.weights
    if product.size > inner.weights.size + linear.weights.size:
        return []
    bias = _response(linear.weights, offset, False) if np.any(offset) else None
    return [*taken, first] if _put(edit, node, first.inputs[0], product, bias) else []


def _put(edit: Edit, node: Node, source: str, weights: Array, bias: Array | None, name: str = "") -> bool:
    """The map with other weights; whoever took ``name`` (its own output unless given) takes its result.

    Nothing where float32 can't hold the weights.
    """
    if max(np.abs(part).max(initial=0.0) for part in (weights, bias) if part is not None) > np.finfo(np.float32).max:
        return False
    w = edit.constant(weights)
    if node.kind == "Conv":
        inputs = [source, w] if bias is None else [source, w, edit.constant(bias)]
        made = edit.add("Conv", inputs, **node.attributes)
    else:
        made = edit.add("MatMul", [source, w])
        made = made if bias is None else edit.add("Add", [made, edit.constant(bias)])
    edit.replace(name or node.outputs[0], made)
    return True
