"""Matrix products in all their spellings, as ``MatMul``."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lineshaft.graph.builder import Operand
from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators.elementwise import joined
from lineshaft.graph.importing.operators.shaping import transposed
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Constant, Tensor, Value


def projected(node: Node, x: Tensor, matrix: Constant) -> Tensor:
    """Last axis [n] times a constant [n, m]."""
    if x.at == x.rank - 1:
        raise node.refused("it works across assets")
    if x.wire.shape[-1] != matrix.shape[0]:
        raise node.refused(f"{x.wire.shape[-1]} values meet a matrix of {matrix.shape[0]} rows")
    return node.emit("MatMul", [x.wire, matrix.astype(np.float32)], (*x.wire.shape[:-1], matrix.shape[1]), at=x.at,
                     joined=x.joined)


@operator("MatMul")
def matrix_product(node: Node) -> Tensor:
    a, b = node.value(0), node.value(1)
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return _both_computed(node, a, b)
    if isinstance(a, Tensor):
        return _times_constant(node, a, node.constant(1))
    assert isinstance(b, Tensor)
    return _constant_times(node, node.constant(0), b)


def _times_constant(node: Node, a: Tensor, b: Constant) -> Tensor:
    if b.ndim == 1:
        found = projected(node, a, b[:, None])
        return node.reshaped(found, found.wire.shape[:-1], found.at, found.joined)
    if b.ndim == 2:
        return projected(node, a, b)
    stack = node.assets_first(0)
    if b.ndim >= stack.rank:
        if math.prod(b.shape[:b.ndim - stack.rank + 1]) != 1:
            raise node.refused("its constant has an axis that meets the assets")
        b = b.reshape(b.shape[b.ndim - stack.rank + 1:])
    batch = np.broadcast_shapes(stack.wire.shape[:-2], b.shape[:-2])
    return node.emit("MatMul", [stack.wire, b.astype(np.float32)],
                     (*batch, stack.wire.shape[-2], b.shape[-1]), at=stack.at)


def _constant_times(node: Node, a: Constant, b: Tensor) -> Tensor:
    if b.joined > 1:
        raise node.refused("the assets are joined with another axis")
    if b.at == b.rank - 1 and b.rank == 2 and a.ndim == 2:  # [m, n] x [n, assets]
        found = projected(node, b, a.T) if b.at == 0 else node.emit(
            "MatMul", [b.wire, a.T.astype(np.float32)], (a.shape[0],))
        return Tensor(found.wire, "float", 1)
    if b.at == b.rank - 1 or b.at == b.rank - 2 or a.ndim != 2:
        raise node.refused("it works across assets")
    if b.wire.shape[-2] != a.shape[1]:
        raise node.refused(f"a matrix of {a.shape[1]} columns meets {b.wire.shape[-2]} values")
    return node.emit("MatMul", [a.astype(np.float32), b.wire],
                     (*b.wire.shape[:-2], a.shape[0], b.wire.shape[-1]), at=b.at)


def _both_computed(node: Node, a: Tensor, b: Tensor) -> Tensor:
    if a.joined > 1 and a.joined == b.joined and not a.at and not b.at and a.rank == b.rank == 3:
        return node.emit("MatMul", [a.wire, b.wire], (*a.wire.shape[:-1], b.wire.shape[-1]), joined=a.joined)
    if a.joined > 1 or b.joined > 1 or a.at or b.at or a.rank != b.rank or a.rank < 3:
        raise node.refused("it works across assets")
    if a.wire.shape[-1] != b.wire.shape[-2]:
        raise node.refused(f"{a.wire.shape} can't be multiplied with {b.wire.shape}")
    batch = np.broadcast_shapes(a.wire.shape[:-2], b.wire.shape[:-2])
    return node.emit("MatMul", [a.wire, b.wire], (*batch, a.wire.shape[-2], b.wire.shape[-1]))


@operator("Gemm")
def general_product(node: Node) -> Tensor:
    """alpha A B + beta C, with A the computed rows of the assets."""
    matrix = node.constant(1)
    if node.attribute("transA", 0):
        raise node.refused("it works across assets (transA)")
    matrix = (matrix.T if node.attribute("transB", 0) else matrix) * np.float32(node.attribute("alpha", 1.0))
    rows = node.rows(0)
    found = projected(node, rows if rows.joined > 1 else node.assets_first(0), matrix)
    beta = np.float32(node.attribute("beta", 1.0))
    if not node.has(2) or beta == 0.0:
        return found
    added = node.value(2)
    return joined(node, "Add", [found, joined(node, "Mul", [added, beta * np.ones((), np.float32)])
                                if isinstance(added, Tensor) else (added * beta).astype(np.float32)])


@operator("Einsum")
def einsum(node: Node) -> Tensor:
    """Two operands, each letter once in each; sums become one product of matrices."""
    text = str(node.attribute("equation", "")).replace(" ", "")
    left, _, out = text.partition("->")
    terms = left.split(",")
    if "." in text or "->" not in text or len(terms) != 2 or any(len(set(t)) < len(t) for t in (*terms, out)):
        raise node.refused(f"the equation {text!r} is not of two plain operands")
    return _contracted(node, terms, out)


def _contracted(node: Node, terms: Sequence[str], out: str) -> Tensor:
    values = [node.value(0), node.value(1)]
    if not isinstance(values[0], Tensor):
        values, terms = values[::-1], terms[::-1]
    first = values[0]
    assert isinstance(first, Tensor)
    assets = terms[0][first.at]
    here, there = (t.replace(assets, "") for t in terms)
    second = values[1]
    if assets not in out or (isinstance(second, Tensor)) != (assets in terms[1]) or (
            isinstance(second, Tensor) and terms[1][second.at] != assets):
        raise node.refused("it works across assets")
    plain = out.replace(assets, "")
    batch = [c for c in here if c in there and c in plain]
    summed = [c for c in here if c in there and c not in plain]
    free, other = [c for c in here if c not in there], [c for c in there if c not in here]
    if set(free + other) - set(plain):
        raise node.refused("it sums over an axis of one operand alone")
    size = {**_lengths(here, first), **_lengths(there, second)}
    a = _as_matrix(node, first, here, batch, free, summed, size)
    b = _as_matrix(node, second, there, batch, summed, other, size)
    product = node.emit("MatMul", [a, b], (*(size[c] for c in batch), math.prod(size[c] for c in free),
                                           math.prod(size[c] for c in other)))
    order = [*batch, *free, *other]
    whole = node.reshaped(product, [size[c] for c in order])
    return Tensor(transposed(node, whole.wire, [order.index(c) for c in plain]), "float", out.index(assets))


def _lengths(letters: str, value: Value) -> dict[str, int]:
    shape = value.wire.shape if isinstance(value, Tensor) else value.shape
    return dict(zip(letters, shape, strict=True))


def _as_matrix(node: Node, value: Value, letters: str, batch: list[str], rows: list[str], columns: list[str],
               size: dict[str, int]) -> Operand:
    order = [letters.index(c) for c in (*batch, *rows, *columns)]
    shape = [*(size[c] for c in batch), math.prod(size[c] for c in rows), math.prod(size[c] for c in columns)]
    if isinstance(value, Tensor):
        return node.reshaped(Tensor(transposed(node, value.wire, order)), shape).wire
    return np.ascontiguousarray(value.transpose(order).reshape(shape), np.float32)
