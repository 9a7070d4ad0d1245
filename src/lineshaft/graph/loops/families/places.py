"""Operators that only say where elements are found: views of memory, or places inside expressions."""

from __future__ import annotations

from lineshaft.graph.loops.emit import Emitter
from lineshaft.graph.loops.form import Expr, Index
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.tensor import Place, Tensor, View, address, dense_strides, view


@lowers("Reshape", streams=True)
def reshape(cx: Emitter, node: Node) -> Tensor:
    return cx.reshaped(node.input(0), node.shape)


@lowers("Transpose")
def transpose(cx: Emitter, node: Node) -> Tensor:
    tensor = node.input(0)
    order = list(node.attributes.get("perm", reversed(range(len(tensor.shape)))))
    if isinstance(tensor, View):
        return view(tensor.buffer, node.shape, tuple(tensor.strides[axis] for axis in order), tensor.offset)
    back = [order.index(axis) for axis in range(len(order))]
    return Tensor(node.shape, tensor.dtype, lambda place: tensor.at(tuple(place[axis] for axis in back)), tensor.cost)


@lowers("Slice")
def cut(cx: Emitter, node: Node) -> Tensor:
    tensor = node.input(0)
    rank = len(tensor.shape)
    starts, stops = node.ints(1), node.ints(2)
    axes = node.ints(3) if node.has(3) else list(range(len(starts)))
    steps = node.ints(4) if node.has(4) else [1] * len(starts)
    first, step = [0] * rank, [1] * rank
    for start, stop, axis, by in zip(starts, stops, axes, steps, strict=True):
        first[axis % rank], step[axis % rank] = slice(start, stop, by).indices(tensor.shape[axis])[0], by

    def moved(place: Place) -> Place:
        return tuple(index * by + start for index, by, start in zip(place, step, first, strict=True))

    if isinstance(tensor, View):
        base = address(tensor.offset, tensor.strides, moved(tuple(Index() for _ in first)))
        return view(tensor.buffer, node.shape, tuple(s * by for s, by in zip(tensor.strides, step, strict=True)), base)

    def at(place: Place) -> Expr:
        return tensor.at(moved(place))

    return Tensor(node.shape, tensor.dtype, at, tensor.cost)


@lowers("Concat", streams=True)
def concat(cx: Emitter, node: Node) -> Tensor:
    """Each part straight into its piece of one buffer."""
    parts = [t for t in node.inputs if t is not None]
    axis = node.attributes["axis"] % len(node.shape)
    whole = view(cx.buffer(parts[0].dtype, _product(node.shape)), node.shape)
    start = 0
    for part in parts:
        piece = view(whole.buffer, part.shape, dense_strides(node.shape),
                     Index(start * dense_strides(node.shape)[axis]))
        cx.write(part, piece)
        start += part.shape[axis]
    return whole


def _product(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size
