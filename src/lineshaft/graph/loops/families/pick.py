"""Operators with computed places: the largest, the k largest, elements by their number."""

from __future__ import annotations

import math

import numpy as np

from lineshaft.graph.loops.emit import WHOLE, Emitter
from lineshaft.graph.loops.form import BOOL, INT, Buffer, Const, Expr, Index, Load, Op
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.tensor import Known, Place, Tensor, view


@lowers("Gather")
def gather(cx: Emitter, node: Node) -> Tensor:
    data, places = node.input(0), node.input(1)
    axis = node.attributes.get("axis", 0) % len(data.shape)
    count, rank = data.shape[axis], len(places.shape)
    source = cx.realise(data) if data.cost else data
    numbers = _inside(places, count) if isinstance(places, Known) else None
    table = None if numbers is None else view(cx.constant(numbers), places.shape)
    where = places if isinstance(places, Known) else cx.realise(places)

    def at(place: Place) -> Expr:
        inner = place[axis:axis + rank]
        if numbers is not None and numbers.size == 1:
            index = Index(int(numbers[0]))
        elif table is not None:
            index = Index(0, ((table.at(inner), 1),))
        else:
            index = Index(0, ((_clamped(where.at(inner), count), 1),))
        return source.at((*place[:axis], index, *place[axis + rank:]))

    return Tensor(node.shape, data.dtype, at)


def _inside(places: Known, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    numbers = np.asarray(places.value, np.int64).ravel()
    return np.where(numbers < 0, numbers + count, numbers).astype(np.int32)


def _clamped(number: Expr, count: int) -> Expr:
    """From the end where it is negative; never outside, whatever was computed."""
    wrapped = Op("select", (Op("lt", (number, Const(0, INT)), BOOL),
                            Op("add", (number, Const(count, INT)), INT), number), INT)
    return Op("max", (Op("min", (wrapped, Const(count - 1, INT)), INT), Const(0, INT)), INT)


@lowers("ArgMax")
def argmax(cx: Emitter, node: Node) -> Tensor:
    tensor = cx.realise(node.input(0))
    axis = node.attributes.get("axis", 0) % len(tensor.shape)
    kind = "ge" if node.attributes.get("select_last_index", 0) else "gt"
    kept = tuple(1 if a == axis else n for a, n in enumerate(tensor.shape))
    target = view(cx.buffer(INT, math.prod(kept)), kept)

    def result(place: Place) -> None:
        best, number = cx.buffer(tensor.dtype, 1, "local"), cx.buffer(INT, 1, "local")
        cx.store(best, WHOLE, tensor.at(place))
        cx.store(number, WHOLE, Const(0, INT))

        def look(i: Index) -> None:
            value = cx.hold(tensor.at((*place[:axis], i, *place[axis + 1:])), always=True)

            def take() -> None:
                cx.store(best, WHOLE, value)
                cx.store(number, WHOLE, i.value)

            cx.when(Op(kind, (value, Load(best, WHOLE)), BOOL), take)

        cx.loop(tensor.shape[axis], look)
        cx.write_at(target, place, Load(number, WHOLE))

    cx.loops(kept, result)
    return cx.reshaped(target, node.shape)


@lowers("TopK")
def top(cx: Emitter, node: Node) -> tuple[Tensor, ...]:
    """Values and their numbers, best first; of equal ones the one with the lowest number, as ONNX has it."""
    tensor, (count,) = node.input(0), node.ints(1)
    axis = node.attributes.get("axis", -1) % len(tensor.shape)
    better = "gt" if node.attributes.get("largest", 1) else "lt"
    values = view(cx.buffer(tensor.dtype, math.prod(node.shape)), node.shape)
    numbers = view(cx.buffer(INT, math.prod(node.shape)), node.shape)
    best, who = cx.buffer(tensor.dtype, count, "local"), cx.buffer(INT, count, "local")
    lead = tuple(1 if a == axis else n for a, n in enumerate(tensor.shape))

    def result(place: Place) -> None:
        def along(i: Index) -> Place:
            return (*place[:axis], i, *place[axis + 1:])

        def look(i: Index) -> None:
            value = cx.hold(tensor.at(along(i)), always=True)
            last = Index(count - 1)
            enters = Op("or", (_free(who, last), Op(better, (value, Load(best, last)), BOOL)), BOOL)
            cx.when(enters, lambda: _insert(cx, best, who, count, better, value, i))

        cx.loop(count, lambda i: cx.store(who, i, Const(-1, INT)))
        cx.loop(count, lambda i: cx.store(best, i, Const(0.0, tensor.dtype)))
        cx.loop(tensor.shape[axis], look)
        cx.loop(count, lambda i: cx.write_at(values, along(i), Load(best, i)))
        cx.loop(count, lambda i: cx.write_at(numbers, along(i), Load(who, i)))

    cx.loops(lead, result)
    return values, numbers


def _insert(cx: Emitter, best: Buffer, who: Buffer, count: int, better: str, value: Expr, number: Index) -> None:
    """At the last place, and up while it is better than the one before."""
    cx.store(best, Index(count - 1), value)
    cx.store(who, Index(count - 1), number.value)

    def rise(step: Index) -> None:
        here, above = step * -1 + (count - 1), step * -1 + (count - 2)
        up = Op("or", (_free(who, above), Op(better, (Load(best, here), Load(best, above)), BOOL)), BOOL)

        def swap() -> None:
            for buffer in (best, who):
                held = cx.buffer(buffer.dtype, 1, "local")
                cx.store(held, WHOLE, Load(buffer, above))
                cx.store(buffer, above, Load(buffer, here))
                cx.store(buffer, here, Load(held, WHOLE))

        cx.when(up, swap)

    if count > 1:
        cx.loop(count - 1, rise)


def _free(who: Buffer, index: Index) -> Expr:
    return Op("lt", (Load(who, index), Const(0, INT)), BOOL)
