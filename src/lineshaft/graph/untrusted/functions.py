"""Local functions of a model, written out where they are called; a few lines may stand for billions of nodes."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
import onnx.inliner

from lineshaft.core.errors import Refused
from lineshaft.graph.untrusted.limits import Limits
from lineshaft.graph.untrusted.rules import shown

Key = tuple[str, str]
_MOST_NESTED = 64


def inlined(model: onnx.ModelProto, limits: Limits) -> onnx.ModelProto:
    """The same model without functions. Raises ``Refused`` for one that calls itself or grows beyond the limit."""
    if not model.functions:
        return model
    known = {(f.domain, f.name): f for f in model.functions}
    sizes: dict[Key, int] = {}
    total = sum(_size(_key(node), known, sizes, (), limits) for node in model.graph.node)
    if total > limits.nodes:
        raise Refused(f"its functions stand for {total:,} nodes, at most {limits.nodes:,} are taken")
    try:
        return onnx.inliner.inline_local_functions(model)
    except Exception as error:  # noqa: BLE001 - the inliner raises many kinds; all mean a malformed function
        raise Refused(f"its functions can't be written out ({str(error).splitlines()[0]})") from None


def _size(key: Key, known: Mapping[Key, onnx.FunctionProto], sizes: dict[Key, int], within: tuple[Key, ...],
          limits: Limits) -> int:
    """How many nodes a call becomes; each function is counted once."""
    if key not in known:
        return 1
    if key in within:
        raise Refused(f"function {shown(key[1])} calls itself")
    if len(within) > _MOST_NESTED:
        raise Refused(f"its functions are nested more than {_MOST_NESTED} deep")
    if key not in sizes:
        body = known[key].node
        sizes[key] = 0
        for node in body:
            if any(a.HasField("g") or a.graphs for a in node.attribute):
                raise Refused(f"function {shown(key[1])} holds a graph of its own; branches and loops are not taken")
            sizes[key] += _size(_key(node), known, sizes, (*within, key), limits)
    return min(sizes[key], 2**62)


def _key(node: onnx.NodeProto) -> Key:
    return node.domain, node.op_type
