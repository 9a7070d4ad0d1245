"""What classifiers of ``ai.onnx.ml`` do with their sums: probabilities and the label."""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto

from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators.elementwise import joined, same
from lineshaft.graph.importing.operators.indexing import looked_up
from lineshaft.graph.importing.values import Tensor, Value

_MOST_TOLD = 6


def labels(node: Node) -> list[object]:
    """Of the classes, in order."""
    for name in ("classlabels_int64s", "classlabels_ints", "classlabels_strings"):
        if node.attributes.get(name):
            return [v.decode("utf-8", "replace") if isinstance(v, bytes) else int(v) for v in node.attributes[name]]
    raise node.refused("it has no labels of classes")


def label(node: Node, place: Tensor) -> Value:
    """The label at a computed place [1] as [A]; the place itself where labels are text."""
    found, names = node.reshaped(place, ()), labels(node)
    if names == list(range(len(names))):
        return found
    if isinstance(names[0], str):
        shown = ", ".join(f"{i}: {name}" for i, name in enumerate(names[:_MOST_TOLD]))
        more = ", ..." if len(names) > _MOST_TOLD else ""
        node.notes.append(f"classes are numbered instead of named ({shown}{more})")
        return found
    return looked_up(node, np.asarray(names, np.int64), found, 0)


def largest(node: Node, scores: Tensor) -> Tensor:
    """The place [1] of the largest score."""
    best = node.emit("ArgMax", [scores.wire], (1,), axis=-1, keepdims=1).wire
    return Tensor(node.g.op("Cast", [best], (1,), to=TensorProto.FLOAT), "int")


def transformed(node: Node, scores: Tensor, kind: str) -> Tensor:
    """``post_transform`` as operators."""
    if kind == "NONE":
        return scores
    if kind == "LOGISTIC":
        return same(node, "Sigmoid", scores)
    if kind == "SOFTMAX":
        return node.emit("Softmax", [scores.wire], scores.wire.shape, axis=-1)
    raise node.refused(f"its sums are transformed by {kind}")


def two_classes(node: Node, score: Tensor, first: Tensor) -> Tensor:
    """[first, score] of one score [1]."""
    return node.emit("Concat", [first.wire, score.wire], (2,), axis=1)


def constant(value: float) -> Value:
    return np.asarray(value, np.float32)


def complement(node: Node, score: Tensor) -> Tensor:
    """1 - score."""
    return joined(node, "Sub", [constant(1.0), score], "float")


def over(node: Node, score: Tensor, limit: float) -> Tensor:
    """1 where a score is above the limit."""
    hit = node.number(joined(node, "Greater", [score, constant(limit)], "bool"))
    assert isinstance(hit, Tensor)
    return hit


def rows(node: Node, place: int = 0) -> Tensor:
    """The features [n] of each asset."""
    x = node.assets_first(place)
    if x.kind == "bool":
        x = Tensor(node.g.number(x.wire), "int", x.at)
    return node.reshaped(x, (math.prod(x.wire.shape),))
