"""What a model computes from constants alone, mostly sizes, is computed here and now, within limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import helper

from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.values import Constant, Tensor, counts_assets, times_assets

MOST_FOLDED = 2**24
Fold = Callable[[Node, Sequence[Any]], Any]

_ELEMENTWISE: Mapping[str, Callable[..., Any]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Pow": np.power, "Sqrt": np.sqrt, "Exp": np.exp,
    "Log": np.log, "Neg": np.negative, "Abs": np.abs, "Floor": np.floor, "Ceil": np.ceil, "Equal": np.equal,
    "Less": np.less, "Greater": np.greater, "LessOrEqual": np.less_equal, "GreaterOrEqual": np.greater_equal,
    "And": np.logical_and, "Or": np.logical_or, "Not": np.logical_not, "Where": np.where, "Tanh": np.tanh,
    "Reciprocal": np.reciprocal, "Sign": np.sign, "Round": np.round, "Sin": np.sin, "Cos": np.cos,
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)), "Relu": lambda x: np.maximum(x, 0),
    "Min": lambda *v: np.minimum.reduce(np.broadcast_arrays(*v)),
    "Max": lambda *v: np.maximum.reduce(np.broadcast_arrays(*v)),
    "Div": lambda a, b: a // b if a.dtype.kind in "iu" else a / b,
    "Mod": np.mod}
_REDUCE: Mapping[str, Callable[..., Any]] = {
    "ReduceSum": np.sum, "ReduceProd": np.prod, "ReduceMax": np.max, "ReduceMin": np.min, "ReduceMean": np.mean}
_CARRIES_SIZES = frozenset("Gather Slice Concat Unsqueeze Squeeze Identity Cast Reshape Split Equal Where "
                           "ConstantOfShape Expand Flatten Transpose".split())


def folded(node: Node) -> Sequence[Any] | None:
    """Outputs of a node whose inputs are all known; None where it is no such node."""
    if node.kind == "Shape":
        return [_shape(node)]
    if node.kind == "Size" and isinstance(node.value(0), Tensor):
        raise node.refused("it counts over all assets")
    if node.proto.domain not in ("", "ai.onnx") or (node.kind not in _FOLDS and node.kind not in _ELEMENTWISE
                                                    and node.kind not in _REDUCE):
        return None
    if any(isinstance(v, Tensor) for v in node.inputs):
        return None
    values = [v for v in node.inputs if isinstance(v, np.ndarray)]
    if node.kind not in _CARRIES_SIZES and any(counts_assets(v) for v in values):
        return _with_assets(node, values)
    with np.errstate(all="ignore"):
        found = _compute(node, values)
    results = list(found) if isinstance(found, list | tuple) else [found]
    return [np.asarray(one) for one in results]


def _compute(node: Node, values: Sequence[Constant]) -> Any:
    if node.kind in _ELEMENTWISE:
        sized(node, np.broadcast_shapes(*(v.shape for v in values)))
        found = _ELEMENTWISE[node.kind](*values)
        return found.astype(values[0].dtype) if node.kind in ("Pow", "Reciprocal", "Sigmoid") else found
    if node.kind in _REDUCE:
        axes = node.integers("axes", 1)
        kept = bool(node.attribute("keepdims", 1))
        if not axes and node.attribute("noop_with_empty_axes", 0):
            return values[0]
        return _REDUCE[node.kind](values[0], axis=tuple(axes) if axes else None, keepdims=kept).astype(values[0].dtype)
    return _FOLDS[node.kind](node, node.inputs)


def sized(node: Node, shape: Sequence[int]) -> None:
    """Refuse to build what is larger than anything that is folded."""
    if math.prod(shape) > MOST_FOLDED or len(shape) > 8:
        raise node.refused(f"it makes a constant of {' x '.join(map(str, shape))}, at most {MOST_FOLDED:,} numbers "
                           "are computed beforehand")


def _with_assets(node: Node, values: Sequence[Constant]) -> Sequence[Constant]:
    """A multiple of the number of assets, or a whole part of one; other arithmetic with it is refused."""
    if node.kind in ("Mul", "Div") and len(values) == 2 and all(v.dtype.kind == "i" and v.size == 1 for v in values):
        a, b = (int(v.item()) for v in values)
        found = a * b if node.kind == "Mul" else a // b if b > 0 and a % b == 0 else 0
        if 0 < times_assets(found) < 2**20:
            return [np.full(np.broadcast_shapes(*(v.shape for v in values)), found, np.int64)]
    raise node.refused("it computes with the number of assets, which is not known before it runs")


def _shape(node: Node) -> Constant:
    value = node.value(0)
    sizes = value.sizes if isinstance(value, Tensor) else value.shape
    start, end = node.attribute("start", 0), node.attribute("end", len(sizes))
    return np.array(sizes[slice(start, end)], np.int64)


def _axes(node: Node, rank: int) -> list[int]:
    axes = node.integers("axes", 1)
    return [] if axes is None else [node.place(a, rank) for a in axes]


def _squeeze(node: Node, v: Sequence[Constant]) -> Constant:
    axes = _axes(node, v[0].ndim)
    return v[0].squeeze(tuple(axes) if axes else None)


def _unsqueeze(node: Node, v: Sequence[Constant]) -> Constant:
    axes = node.integers("axes", 1) or []
    return np.expand_dims(v[0], tuple(axes))


def _cast(node: Node, v: Sequence[Constant]) -> Constant:
    to = np.dtype(helper.tensor_dtype_to_np_dtype(node.attribute("to")))
    if counts_assets(v[0]):
        if to.kind == "i":
            return v[0]
        raise node.refused("it computes with the number of assets, which is not known before it runs")
    if to.kind == "O":
        raise node.refused("it makes text")
    return v[0].astype(to)


def _gather(node: Node, v: Sequence[Constant]) -> Constant:
    axis = node.place(node.attribute("axis", 0), v[0].ndim)
    sized(node, (*v[1].shape, *v[0].shape[:axis], *v[0].shape[axis + 1:]))
    return np.take(v[0], v[1].astype(np.int64), axis=axis)


def slices(node: Node, rank: int) -> dict[int, slice]:
    """The stretch of each axis that ``Slice`` keeps."""
    starts, ends = node.integers("starts", 1) or [], node.integers("ends", 2) or []
    axes = node.integers("axes", 3) or list(range(len(starts)))
    steps = node.integers("steps", 4) or [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise node.refused("its starts, ends, axes and steps don't fit each other")
    return {node.place(a, rank): slice(s, None if t < 0 and e < -2**31 else e, t)
            for s, e, a, t in zip(starts, ends, axes, steps, strict=True)}


def _slice(node: Node, v: Sequence[Constant]) -> Constant:
    kept = slices(node, v[0].ndim)
    return v[0][tuple(kept.get(i, slice(None)) for i in range(v[0].ndim))]


def _one_asset(sizes: Constant) -> list[int]:
    """Sizes for one asset: what is the same for all of them is kept once."""
    return [times_assets(int(s)) or int(s) for s in sizes.ravel()]


def _reshape(node: Node, v: Sequence[Constant]) -> Constant:
    wanted = _one_asset(v[1])
    if not node.attribute("allowzero", 0):
        wanted = [v[0].shape[i] if s == 0 else s for i, s in enumerate(wanted)]
    return v[0].reshape(wanted)


def _expand(node: Node, v: Sequence[Constant]) -> Constant:
    # A constant is the same for every asset, so that a size of one stands for their number.
    shape = np.broadcast_shapes(v[0].shape, tuple(_one_asset(v[1])))
    sized(node, shape)
    return np.broadcast_to(v[0], shape)


def _filled(node: Node, v: Sequence[Constant]) -> Constant:
    from onnx import numpy_helper

    value = node.attribute("value")
    one = numpy_helper.to_array(value).ravel()[:1] if value is not None else np.zeros(1, np.float32)
    shape = _one_asset(v[0])
    sized(node, shape)
    return np.full(shape, one[0], one.dtype)


def _range(node: Node, v: Sequence[Constant]) -> Constant:
    start, limit, step = (value.item() for value in v)
    if step == 0:
        raise node.refused("its step is 0")
    sized(node, (max(math.ceil((limit - start) / step), 0),))
    return np.arange(start, limit, step, dtype=v[0].dtype)


def _tile(node: Node, v: Sequence[Constant]) -> Constant:
    sized(node, [s * int(t) for s, t in zip(v[0].shape, v[1].ravel(), strict=True)])
    return np.tile(v[0], [int(t) for t in v[1].ravel()])


def _split(node: Node, v: Sequence[Constant]) -> list[Constant]:
    axis, count = node.place(node.attribute("axis", 0), v[0].ndim), len(node.proto.output)
    parts = node.integers("split", 1) or [-(-v[0].shape[axis] // count)] * count
    return np.split(v[0], np.cumsum(parts)[:-1], axis=axis)


def _matmul(node: Node, v: Sequence[Constant]) -> Constant:
    sized(node, (*v[0].shape[:-1], *v[1].shape[-1:]))
    return np.asarray(np.matmul(v[0], v[1]))


def _dequantised(node: Node, v: Sequence[Constant]) -> Constant:
    axis = node.place(node.attribute("axis", 1), v[0].ndim) if v[1].size > 1 else 0
    spread = [1] * v[0].ndim
    if v[1].size > 1:
        spread[axis] = v[1].size
    zero = v[2] if len(v) > 2 and v[2] is not None else np.zeros_like(v[1])
    shape = spread if v[1].size > 1 else []
    whole = v[0].astype(np.float32) - zero.astype(np.float32).reshape(shape)
    return np.asarray(np.multiply(whole, v[1].astype(np.float32).reshape(shape)), np.float32)


_FOLDS: Mapping[str, Fold] = {
    "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Cast": _cast, "Gather": _gather, "Slice": _slice,
    "Reshape": _reshape, "Expand": _expand, "ConstantOfShape": _filled, "Range": _range, "Tile": _tile,
    "Split": _split, "MatMul": _matmul, "DequantizeLinear": _dequantised,
    "Identity": lambda node, v: v[0], "Size": lambda node, v: np.array(v[0].size, np.int64),
    "Concat": lambda node, v: np.concatenate(list(v), axis=node.attribute("axis", 0)),
    "Transpose": lambda node, v: np.transpose(v[0], node.attribute("perm")),
    "Flatten": lambda node, v: v[0].reshape(math.prod(v[0].shape[:node.attribute("axis", 1)]), -1)}
