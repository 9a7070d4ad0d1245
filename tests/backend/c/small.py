"""One small graph an operator, odd shapes among them: what the ``c`` backend is compared on with the reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

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


GRAPHS: dict[str, Made] = {**ELEMENTWISE, **PLACES, **REDUCE, **PRODUCTS, **STATEFUL}


def graph(name: str) -> bytes:
    g = StepBuilder(CHANNELS)
    return g.model({"y": GRAPHS[name](g)})
