"""Quantisers and their reverse, with constant scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineshaft.graph.builder import Operand
from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Tensor


@operator("QuantizeLinear")
def quantise(node: Node) -> Tensor:
    x, scale = node.assets_first(0), node.constant(1).astype(np.float32)
    zero = node.constant(2) if node.has(2) else np.zeros(scale.shape, np.uint8)
    if zero.dtype not in (np.dtype(np.int8), np.dtype(np.uint8)) or node.attribute("block_size", 0):
        raise node.refused(f"it quantises to {zero.dtype} or by blocks")
    operands: list[Operand | str] = [x.wire, scale, node.g.constant(zero, zero.dtype.type)]
    more: dict[str, Any] = {"axis": node.axis(x, node.attribute("axis", 1)) + 1} if scale.size > 1 else {}
    return node.emit("QuantizeLinear", operands, x.wire.shape, of=str(zero.dtype), **more)


@operator("DequantizeLinear")
def dequantise(node: Node) -> Tensor:
    x, scale = node.assets_first(0), node.constant(1).astype(np.float32)
    if x.kind not in ("int8", "uint8") or node.attribute("block_size", 0):
        raise node.refused(f"it takes {x.kind} numbers")
    kind = np.dtype(x.kind)
    zero = node.constant(2).astype(kind) if node.has(2) else np.zeros(scale.shape, kind)
    more: dict[str, Any] = {"axis": node.axis(x, node.attribute("axis", 1)) + 1} if scale.size > 1 else {}
    return node.emit("DequantizeLinear", [x.wire, scale, node.g.constant(zero, kind.type)], x.wire.shape, **more)
