"""Operators that pick, join, cut, pad or turn values. The asset axis stays first and whole."""

from __future__ import annotations

import numpy as np
import onnx

from lineshaft.backend._tflite.lowering import FLOAT, INT, Lowering, NotTaken, option


def axes_of(c: Lowering, node: onnx.NodeProto, place: int) -> list[int]:
    """Axes of a node's input, counted from the front; none where it has no such input."""
    if len(node.input) <= place or not node.input[place]:
        return []
    return [axis % len(c.shape(node.input[0])) for axis in c.constants[node.input[place]].tolist()]


def argmax(c: Lowering, node: onnx.NodeProto) -> None:
    if option(node, "select_last_index", 0):
        raise NotTaken("it takes the last of equal values")
    shape = c.shape(node.input[0])
    axis = option(node, "axis", 0) % len(shape)
    found = c.emit("ARG_MAX", [c.value(node.input[0]), c.numbers(axis)], (*shape[:axis], *shape[axis + 1:]), INT,
                   "ArgMaxOptions", outputType=2)
    c.bind(node.output[0], c.reshape(found, c.shape(node.output[0])[1:], INT) if option(node, "keepdims", 1) else found)


def concat(c: Lowering, node: onnx.NodeProto) -> None:
    shape = c.shape(node.output[0])
    axis = option(node, "axis", 0) % len(shape)
    if axis == 0:
        raise NotTaken("it joins assets")
    c.bind(node.output[0], c.emit("CONCATENATION", [c.value(name) for name in node.input], shape,
                                  c.type(node.output[0]), "ConcatenationOptions", axis=axis))


def gather(c: Lowering, node: onnx.NodeProto) -> None:
    table, places = node.input
    axis = option(node, "axis", 0) % len(c.shape(table))
    if axis == 0 and table not in c.constants:
        raise NotTaken("it picks assets")
    if places in c.constants:
        c.constants[places] = c.constants[places] % c.shape(table)[axis]
    c.bind(node.output[0], c.emit("GATHER", [c.value(table), c.value(places)], c.shape(node.output[0]),
                                  c.type(node.output[0]), "GatherOptions", axis=axis))


def pad(c: Lowering, node: onnx.NodeProto) -> None:
    source, shape = node.input[0], c.shape(node.input[0])
    pads = c.constants[node.input[1]].tolist()
    axes = c.constants[node.input[3]].tolist() if len(node.input) > 3 and node.input[3] else range(len(shape))
    edges = {axis % len(shape): (pads[i], pads[len(pads) // 2 + i]) for i, axis in enumerate(axes)}
    if any(edges.get(0, (0, 0))) or min(pads) < 0:
        raise NotTaken("it pads assets, or cuts")
    mode = option(node, "mode", b"constant")
    if mode == b"constant":
        rows = np.array([edges.get(axis, (0, 0)) for axis in range(len(shape))], np.int32)
        given = node.input[2] if len(node.input) > 2 else ""
        value = c.constants[given].reshape(1) if given else np.zeros(1, np.float32)
        inputs = [c.value(source), c.writer.constant(rows), c.writer.constant(value)]
        c.bind(node.output[0], c.emit("PADV2", inputs, c.shape(node.output[0])))
        return
    found, grown = c.value(source), list(shape)
    for axis, (before, after) in sorted(edges.items()):
        if before or after:  # TensorFlow Lite has no edge mode: pick the places that padding repeats
            places = np.pad(np.arange(shape[axis]), (before, after), mode.decode()).tolist()
            grown[axis] = len(places)
            found = c.emit("GATHER", [found, c.numbers(*places)], grown, FLOAT, "GatherOptions", axis=axis)
    c.bind(node.output[0], found)


def reshape(c: Lowering, node: onnx.NodeProto) -> None:
    name = node.output[0]
    c.bind(name, c.reshape(c.value(node.input[0]), c.shape(name)[1:], c.type(name)))


def slices(c: Lowering, node: onnx.NodeProto) -> None:
    source, name = node.input[0], node.output[0]
    shape = c.shape(source)
    first, stop = (c.constants[node.input[i]].tolist() for i in (1, 2))
    axes = axes_of(c, node, 3) or list(range(len(first)))
    steps = c.constants[node.input[4]].tolist() if len(node.input) > 4 and node.input[4] else [1] * len(first)
    taken = {axis: range(*slice(a, b, s).indices(shape[axis]))
             for axis, a, b, s in zip(axes, first, _open(stop, steps), steps, strict=True)}
    if 0 in taken and taken[0] != range(1):
        raise NotTaken("it cuts assets")
    taken.pop(0, None)
    found, cut = c.value(source), list(shape)
    for axis, kept in taken.items():
        cut[axis] = len(kept)
        found = _cut(c, found, cut, shape[axis], axis, kept, c.type(name))
    c.bind(name, found)


def _open(stop: list[int], steps: list[int]) -> list[int | None]:
    """Python's slices read a negative stop from the end, also where ONNX means "before the first"."""
    return [None if step < 0 and at <= -(2**15) else at for at, step in zip(stop, steps, strict=True)]


def _cut(c: Lowering, tensor: int, shape: list[int], size: int, axis: int, kept: range, dtype: np.dtype[np.generic]
         ) -> int:
    if kept.step < 0:
        return c.emit("GATHER", [tensor, c.numbers(*kept)], shape, dtype, "GatherOptions", axis=axis)
    if kept == range(size):
        return tensor
    places = [(0, 0, 1)] * axis + [(kept.start, kept.stop, kept.step)]
    places += [(0, 0, 1)] * (len(shape) - len(places))
    whole = sum(1 << i for i in range(len(shape)) if i != axis)
    bounds = [c.numbers(*values) for values in zip(*places, strict=True)]
    return c.emit("STRIDED_SLICE", [tensor, *bounds], shape, dtype, "StridedSliceOptions", beginMask=whole,
                  endMask=whole)


def topk(c: Lowering, node: onnx.NodeProto) -> None:
    shape = c.shape(node.input[0])
    if option(node, "axis", -1) % len(shape) != len(shape) - 1:
        raise NotTaken("it is not along the last axis")
    largest = option(node, "largest", 1)
    source = c.value(node.input[0]) if largest else c.emit("NEG", [c.value(node.input[0])], shape)
    count = int(c.constants[node.input[1]].item())
    kept = (*shape[:-1], count)
    values, places = c.writer.tensor(kept, FLOAT), c.writer.tensor(kept, INT)
    c.writer.operator("TOPK_V2", [source, c.writer.constant(np.array(count, np.int32))], [values, places],
                      "TopKV2Options")
    for name, tensor in zip(node.output, (values if largest else c.emit("NEG", [values], kept), places), strict=False):
        c.bind(name, tensor)


def transpose(c: Lowering, node: onnx.NodeProto) -> None:
    shape = c.shape(node.input[0])
    order = option(node, "perm", list(reversed(range(len(shape)))))
    if order[0] != 0:
        raise NotTaken("it moves the asset axis")
    name, source = node.output[0], c.value(node.input[0])
    if len(shape) == 3 and list(order) == [0, 2, 1]:  # a window [A, L, C] turned for a convolution: it is turned there
        c.bind_last(name, c.reshape(source, (1, *shape[1:]), c.type(name)))
    else:
        c.bind(name, c.transpose(source, shape, order, c.type(name)))
