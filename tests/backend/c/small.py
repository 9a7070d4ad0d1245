"""One small graph an operator, odd shapes among them: what the ``c`` backend is compared on with the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lineshaft.graph.builder import StepBuilder, Wire

CHANNELS = 6
Made = Callable[[StepBuilder], Wire]


def matrix(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.random.default_rng(len(shape) + sum(shape)).normal(size=shape)


def square(g: StepBuilder) -> Wire:
    return g.reshape(g.x, (2, 3))


ELEMENTWISE: dict[str, Made] = {
    **{kind: (lambda g, kind=kind: g.op(kind, [g.x], (CHANNELS,)))  # type: ignore[misc]
       for kind in "Abs Ceil Cos Erf Exp Floor Identity Neg Relu Round Sigmoid Sign Sin Tanh".split()},
    "Log": lambda g: g.log(g.absolute(g.x)), "Sqrt": lambda g: g.sqrt(g.absolute(g.x)),
    "Log of anything": lambda g: g.log(g.x), "Sqrt of anything": lambda g: g.sqrt(g.x),
    **{kind: (lambda g, kind=kind: g.op(kind, [square(g), matrix(3)], (2, 3)))  # type: ignore[misc]
       for kind in "Add Sub Mul Div Max Min".split()},
    **{f"Pow {power}": (lambda g, power=power: g.op("Pow", [g.x, power], (CHANNELS,)))  # type: ignore[misc]
       for power in (2.0, 0.5, 3.0, -1.0, 1.7)},
    **{kind: (lambda g, kind=kind: g.number(g.op(kind, [g.x, np.float32(matrix(CHANNELS))], (CHANNELS,))))  # type: ignore[misc]
       for kind in "Equal Greater GreaterOrEqual Less LessOrEqual".split()},
    **{kind: (lambda g, kind=kind: g.number(g.op(kind, [g.greater(g.x, 0.0), g.greater(g.quality, 0.5)], (CHANNELS,))))  # type: ignore[misc]
       for kind in ("And", "Or")},
    "Not": lambda g: g.number(g.negate(g.greater(g.x, 0.3))),
    "Where": lambda g: g.where(g.greater(g.x, 0.0), g.quality, -2.5),
    "Clip": lambda g: g.clip(g.x, -0.5, 0.25),
    "Cast to int and back": lambda g: g.op("Cast", [g.op("Cast", [g.multiply(g.x, 3.0)], (CHANNELS,), to=7)],
                                           (CHANNELS,), to=1),
    "Cast to bool": lambda g: g.number(g.op("Cast", [g.op("Round", [g.x], (CHANNELS,))], (CHANNELS,), to=9)),
}

PLACES: dict[str, Made] = {
    "Reshape of a chain": lambda g: g.reshape(g.multiply(square(g), matrix(2, 3)), (3, 2)),
    "Transpose": lambda g: g.multiply(g.transpose(square(g), (1, 0)), matrix(3, 2)),
    "Transpose of a chain": lambda g: g.transpose(g.tanh(square(g)), (1, 0)),
    "Slice": lambda g: g.slice(square(g), 1, 3, axis=1),
    "Slice backwards": lambda g: g.op(
        "Slice", [g.tanh(g.x), *(g.constant([v], np.int64) for v in (5, -8, 1, -2))], (3,)),
    "Concat": lambda g: g.concat([square(g), g.tanh(square(g)), g.slice(square(g), 0, 1, axis=1)], axis=1),
}

REDUCE: dict[str, Made] = {
    f"{kind} along {axis}": (lambda g, kind=kind, axis=axis: g._reduce(kind, g.tanh(square(g)), axis))  # type: ignore[misc]
    for kind in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin") for axis in (0, 1)}
REDUCE |= {
    "ReduceSum of all": lambda g: g.op("ReduceSum", [square(g), g.constant([1, 2], np.int64)], (1, 1), keepdims=1),
    "ReduceSum, axis gone": lambda g: g.op("ReduceSum", [square(g), g.constant([1], np.int64)], (3,), keepdims=0),
}

PRODUCTS: dict[str, Made] = {
    "MatMul of a row": lambda g: g.project(g.x, matrix(CHANNELS, 5)),
    "MatMul of a row with one column": lambda g: g.project(g.x, matrix(CHANNELS, 1)),
    "MatMul of many columns": lambda g: g.project(g.tanh(g.x), matrix(CHANNELS, 37)),
    "MatMul of two computed": lambda g: g.matmul(square(g), g.transpose(g.tanh(square(g)), (1, 0))),
    "MatMul from the left": lambda g: g.op("MatMul", [matrix(4, 2), square(g)], (4, 3)),
    "MatMul of a bias": lambda g: g.relu(g.add(g.project(square(g), matrix(3, 4)), matrix(4))),
    "MatMul chain": lambda g: g.subtract(g.x, g.project(g.project(g.x, matrix(CHANNELS, 2)), matrix(2, CHANNELS))),
}

STATEFUL: dict[str, Made] = {
    "ewma": lambda g: g.ewma("level", g.x, 0.3),
    "short window": lambda g: g.window("w", g.x, 4),
    "long window": lambda g: g.window("w", g.x, 21),
    "window of one": lambda g: g.window("w", g.x, 1),
    "mean of a long window": lambda g: g.mean(g.window("w", g.tanh(g.x), 40), axis=0),
    "swapped states": lambda g: _swapped(g),
    "newest first": lambda g: _newest_first(g, 3),
    "newest first, long": lambda g: _newest_first(g, 30),
    "cache of a convolution": lambda g: _cache(g, 2),
    "long cache of a convolution": lambda g: _cache(g, 33),
    "difference to the oldest": lambda g: _oldest(g),
    "two rows a tick": lambda g: _two_rows(g, 20),
    "two rows a tick, odd": lambda g: _two_rows(g, 21),
}


def _swapped(g: StepBuilder) -> Wire:
    a, b = g.state("a", (CHANNELS,)), g.state("b", (CHANNELS,))
    g.keep("a", g.add(b, g.x))
    g.keep("b", a)
    return g.add(a, g.multiply(b, 10.0))


def _newest_first(g: StepBuilder, lags: int) -> Wire:
    old = g.state("past", (lags * CHANNELS,))
    new = g.concat([g.x, g.slice(old, 0, (lags - 1) * CHANNELS)])
    g.keep("past", new)
    return g.add(g.multiply(new, 2.0), old)


def _cache(g: StepBuilder, rows: int) -> Wire:
    """[channels, time], time last, as convolutions have it."""
    old = g.state("cache", (CHANNELS, rows))
    whole = g.concat([old, g.reshape(g.x, (CHANNELS, 1))], axis=1)
    g.keep("cache", g.slice(whole, 1, rows + 1, axis=1))
    return g.tanh(whole)


def _oldest(g: StepBuilder) -> Wire:
    old = g.state("w", (16, CHANNELS))
    new = g.concat([g.slice(old, 1, 16), g.reshape(g.x, (1, CHANNELS))])
    g.keep("w", new)
    return g.subtract(g.reshape(g.slice(old, 0, 1), (CHANNELS,)), g.x)


def _two_rows(g: StepBuilder, rows: int) -> Wire:
    old = g.state("w", (rows, 3))
    new = g.concat([g.slice(old, 2, rows), square(g)])
    g.keep("w", new)
    return g.multiply(new, 2.0)


def signal(g: StepBuilder, channels: int, length: int) -> Wire:
    """[channels, length] that differs from place to place."""
    return g.reshape(g.project(g.x, matrix(CHANNELS, channels * length)), (channels, length))


def picture(g: StepBuilder) -> Wire:
    return g.reshape(g.project(g.x, matrix(CHANNELS, 2 * 5 * 7)), (2, 5, 7))


def padded(g: StepBuilder, mode: str, pads: tuple[int, ...]) -> Wire:
    shape = tuple(n + pads[i] + pads[3 + i] for i, n in enumerate((1, 2, 3)))[1:]
    amounts = g.constant(pads, np.int64)
    extra = [g.constant(np.float32(0.5))] if mode == "constant" else []
    return g.op("Pad", [square(g), amounts, *extra], shape, mode=mode)


def pooled(g: StepBuilder, kind: str, shape: tuple[int, ...], **attributes: Any) -> Wire:
    return g.op(kind, [picture(g)], shape, **attributes)


SPATIAL: dict[str, Made] = {
    "Pad with a constant": lambda g: padded(g, "constant", (0, 1, 2, 0, 0, 3)),
    "Pad with the edge": lambda g: padded(g, "edge", (0, 1, 2, 0, 3, 0)),
    "Pad by reflection": lambda g: padded(g, "reflect", (0, 1, 2, 0, 0, 1)),
    "Conv along a line": lambda g: g.conv(signal(g, 3, 11), matrix(5, 3, 3), matrix(5)),
    "Conv with strides, pads and dilations": lambda g: g.conv(
        signal(g, 3, 13), matrix(9, 3, 3), strides=[2], pads=[2, 1], dilations=[2]),
    "Conv on a plane": lambda g: g.relu(g.conv(picture(g), matrix(4, 2, 3, 3), matrix(4), pads=[1, 1, 1, 1])),
    "Conv on a plane, strides": lambda g: g.conv(picture(g), matrix(4, 2, 3, 2), strides=[2, 3]),
    "Conv in groups": lambda g: g.conv(signal(g, 4, 9), matrix(6, 2, 3), matrix(6), group=2),
    "Conv depthwise": lambda g: g.conv(signal(g, 4, 9), matrix(4, 1, 3), matrix(4), group=4, pads=[1, 1]),
    "Conv depthwise on few places": lambda g: g.conv(signal(g, 9, 4), matrix(9, 1, 3), group=9),
    "Conv depthwise on a plane": lambda g: g.conv(picture(g), matrix(2, 1, 3, 3), group=2, strides=[2, 2]),
    "Conv to many channels": lambda g: g.tanh(g.conv(signal(g, 3, 5), matrix(70, 3, 5), matrix(70))),
    "Conv depthwise with many channels": lambda g: g.relu(
        g.conv(signal(g, 11, 9), matrix(11, 1, 3), matrix(11), group=11, pads=[2, 1], strides=[2])),
    "Conv behind a Conv": lambda g: g.clip(g.conv(g.relu(g.conv(picture(g), matrix(9, 2, 3, 3))), matrix(19, 9, 1, 1),
                                                  pads=[0, 1, 1, 0]), 0.0, 6.0),
    "Conv streaming": lambda g: _streaming(g),
    "MaxPool": lambda g: pooled(g, "MaxPool", (2, 2, 3), kernel_shape=[2, 3], strides=[2, 2]),
    "MaxPool with pads": lambda g: pooled(g, "MaxPool", (2, 5, 7), kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    "AveragePool": lambda g: pooled(g, "AveragePool", (2, 4, 5), kernel_shape=[2, 3]),
    "AveragePool with pads": lambda g: pooled(g, "AveragePool", (2, 5, 7), kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    "AveragePool with pads counted": lambda g: pooled(
        g, "AveragePool", (2, 5, 7), kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
}


def _streaming(g: StepBuilder) -> Wire:
    """Two layers that see the newest column only; their caches are the state."""
    wire, channels = g.reshape(g.x, (CHANNELS, 1)), CHANNELS
    for layer, (out, taps) in enumerate(((10, 3), (7, 20))):
        whole = g.concat([g.state(f"cache{layer}", (channels, taps - 1)), wire], axis=1)
        g.keep(f"cache{layer}", g.slice(whole, 1, taps, axis=1))
        wire = g.relu(g.conv(whole, matrix(out, channels, taps) / 4, matrix(out)))
        channels = out
    return wire


PICK: dict[str, Made] = {
    "Gather of constant places": lambda g: g.op(
        "Gather", [square(g), g.constant([2, 0, -1, 1], np.int64)], (2, 4), axis=2),
    "Gather of one constant place": lambda g: g.op("Gather", [square(g), g.constant(-1, np.int64)], (2, 1), axis=2),
    "Gather of rows of a table": lambda g: g.nearest_rows(g.x, matrix(CHANNELS, 4), 3),
    "TopK": lambda g: g.op("TopK", [square(g), g.constant([2], np.int64)], (2, 2), outputs=2, axis=-1),
    "TopK, smallest": lambda g: g.op(
        "TopK", [square(g), g.constant([1], np.int64)], (1, 3), outputs=2, axis=1, largest=0),
    "TopK of equals": lambda g: g.nearest_rows(g.op("Round", [g.x], (CHANNELS,)), matrix(CHANNELS, 2), 4),
    "ArgMax": lambda g: g.number(g.op("ArgMax", [square(g)], (2,), axis=2, keepdims=0)),
    "ArgMax along the first": lambda g: g.number(g.op("ArgMax", [square(g)], (1, 3), axis=1)),
    "Softmax": lambda g: g.softmax(g.multiply(square(g), 5.0)),
}


def quantised(g: StepBuilder, dtype: type[np.generic], scale: ArrayLike, zero: ArrayLike, **attributes: int) -> Wire:
    operands = [g.constant(scale), g.constant(zero, dtype)]
    whole = g.op("QuantizeLinear", [square(g), *operands], (2, 3), **attributes)
    return g.op("DequantizeLinear", [whole, *operands], (2, 3), **attributes)


def dynamic(g: StepBuilder) -> Wire:
    whole = g.op("DynamicQuantizeLinear", [g.x], (CHANNELS,), outputs=3)
    weights = g.constant(np.round(matrix(CHANNELS, 5) * 20), np.int8)
    total = g.op("MatMulInteger", [whole, weights, f"{whole.name}_2"], (5,))
    return g.multiply(g.number(total), Wire(f"{whole.name}_1", ()))


QUANTISED: dict[str, Made] = {
    "QuantizeLinear to int8": lambda g: quantised(g, np.int8, 0.02, 3),
    "QuantizeLinear to uint8": lambda g: quantised(g, np.uint8, 0.01, 100),
    "QuantizeLinear by channel": lambda g: quantised(g, np.int8, [0.02, 0.5, 0.003], [1, 2, 3], axis=2),
    "DynamicQuantizeLinear and MatMulInteger": dynamic,
}


def trees(depth: int, count: int, targets: int, mode: str, missing: bool = False) -> dict[str, object]:
    """Random trees; some branches end early."""
    random, nodes, leaves = np.random.default_rng(depth + count), [], []
    for tree in range(count):
        waiting, made = [(0, 0)], 1
        while waiting:
            node, level = waiting.pop()
            if level == depth or (level and random.random() < 0.2):
                nodes.append((tree, node, 0, 0.0, "LEAF", 0, 0))
                leaves += [(tree, node, k, float(random.normal())) for k in range(targets)]
                continue
            kind = mode if mode != "mixed" else str(random.choice([f"BRANCH_{m}" for m in ("LEQ", "GT", "GTE", "LT")]))
            nodes.append((tree, node, int(random.integers(CHANNELS)), float(random.normal()), kind, made, made + 1))
            waiting += [(made, level + 1), (made + 1, level + 1)]
            made += 2
    keys = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
    found: dict[str, object] = {f"nodes_{k}": list(v) for k, v in zip(keys, zip(*nodes, strict=True), strict=True)}
    ends = ("treeids", "nodeids", "ids", "weights")
    found |= {f"target_{k}": list(v) for k, v in zip(ends, zip(*leaves, strict=True), strict=True)}
    if missing:
        found["nodes_missing_value_tracks_true"] = [int(v) for v in random.random(len(nodes)) < 0.5]
    return found


FORESTS: dict[str, Made] = {
    "forest": lambda g: g.forest(g.x, 1, **trees(5, 20, 1, "BRANCH_LEQ")),
    "forest with a base": lambda g: g.forest(g.x, 2, base_values=[0.5, -2.0], **trees(3, 9, 2, "BRANCH_LT")),
    "forest of all kinds": lambda g: g.forest(g.x, 3, **trees(4, 11, 3, "mixed")),
    "forest of one leaf": lambda g: g.forest(g.x, 1, **trees(0, 2, 1, "BRANCH_LEQ")),
    "forest of deep trees": lambda g: g.forest(g.x, 1, **trees(9, 5, 1, "BRANCH_LEQ")),
    "forest with missing values": lambda g: g.forest(g.log(g.x), 1, **trees(4, 8, 1, "BRANCH_LEQ", missing=True)),
}


# A compiler takes most of its time to start: what has no state is compiled family by family, an output an operator.
FAMILIES: dict[str, dict[str, Made]] = {
    "elementwise": ELEMENTWISE, "places": PLACES, "reductions": REDUCE, "products": PRODUCTS, "spatial": SPATIAL,
    "pick": PICK, "quantised": QUANTISED}
SINGLE = {**STATEFUL, **FORESTS}
GRAPHS: dict[str, Made] = {**ELEMENTWISE, **PLACES, **REDUCE, **PRODUCTS, **STATEFUL, **SPATIAL, **PICK, **QUANTISED,
                           **FORESTS}


def graph(name: str) -> bytes:
    g = StepBuilder(CHANNELS)
    return g.model({"y": GRAPHS[name](g)})


def whole(name: str) -> bytes:
    """The graph of a family or of a single operator."""
    g = StepBuilder(CHANNELS)
    return g.model({key: made(g) for key, made in FAMILIES[name].items()}) if name in FAMILIES else graph(name)
