"""What ``ai.onnx.ml`` does with features before a model, and with labels after it."""

from __future__ import annotations

import math

import numpy as np

from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators import ml_classes as classes
from lineshaft.graph.importing.operators.elementwise import joined, number, same
from lineshaft.graph.importing.operators.indexing import looked_up, picked
from lineshaft.graph.importing.operators.linear import projected
from lineshaft.graph.importing.operators.reducing import reduced
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Constant, Tensor, Value
from lineshaft.graph.operators import ML_DOMAIN

MOST_KEYS = 4096


def _list(node: Node, name: str) -> Constant:
    return np.asarray(node.attributes.get(name, ()), np.float32)


@operator("Scaler", domain=ML_DOMAIN)
def scale(node: Node) -> Tensor:
    x = number(node, 0)
    if _list(node, "offset").size:
        x = joined(node, "Sub", [x, _list(node, "offset")], "float")
    return joined(node, "Mul", [x, _list(node, "scale")], "float") if _list(node, "scale").size else x


@operator("Normalizer", domain=ML_DOMAIN)
def normalise(node: Node) -> Tensor:
    x, how = number(node, 0), node.attribute("norm", "MAX")
    last = [len(x.wire.shape) - 1]
    if how == "MAX":
        size = reduced(node, "ReduceMax", x, last)
    elif how == "L1":
        size = reduced(node, "ReduceSum", same(node, "Abs", x), last)
    else:
        size = same(node, "Sqrt", reduced(node, "ReduceSum", joined(node, "Mul", [x, x]), last))
    if how != "MAX":
        size = joined(node, "Max", [size, np.asarray(1e-30, np.float32)])
    return joined(node, "Div", [x, size], "float")


@operator("Imputer", domain=ML_DOMAIN)
def impute(node: Node) -> Tensor:
    x = number(node, 0)
    whole = "imputed_value_int64s" in node.attributes
    values = _list(node, "imputed_value_int64s" if whole else "imputed_value_floats")
    missing = np.float32(node.attribute("replaced_value_int64" if whole else "replaced_value_float", 0))
    if np.isnan(missing):
        known = joined(node, "Equal", [x, x], "bool")
        return joined(node, "Where", [known, x, values])
    return joined(node, "Where", [joined(node, "Equal", [x, np.asarray(missing)], "bool"), values, x])


@operator("Binarizer", domain=ML_DOMAIN)
def binarise(node: Node) -> Value:
    over = joined(node, "Greater", [number(node, 0), np.asarray(node.attribute("threshold", 0.0), np.float32)], "bool")
    return node.number(over)


@operator("ArrayFeatureExtractor", domain=ML_DOMAIN)
def extract(node: Node) -> Tensor:
    """Places along the last axis."""
    data, places = node.value(0), node.value(1)
    if isinstance(places, Tensor):
        table = node.constant(0)
        flat = node.reshaped(places, (math.prod(places.wire.shape),) if places.wire.shape else ())
        found = looked_up(node, table.reshape(table.shape[-1:]), flat, 0)
        if math.prod(table.shape[:-1]) != 1:
            raise node.refused("it takes computed places along an inner axis")
        each = math.prod(found.wire.shape)
        return node.reshaped(found, (1, each) if each > 1 else (1,), 1, each)
    assert isinstance(data, Tensor)
    if data.at == data.rank - 1:
        raise node.refused("it works across assets")
    wire = picked(node, data.wire, node.constant(1).ravel().tolist(), len(data.wire.shape) - 1)
    return Tensor(wire, data.kind, data.at)


@operator("FeatureVectorizer", domain=ML_DOMAIN)
def vectorise(node: Node) -> Tensor:
    parts = [classes.rows(node, place) for place in range(len(node.inputs))]
    size = sum(p.wire.shape[0] for p in parts)
    return parts[0] if len(parts) == 1 else node.emit("Concat", [p.wire for p in parts], (size,), axis=1)


@operator("OneHotEncoder", domain=ML_DOMAIN)
def one_hot(node: Node) -> Value:
    if node.attributes.get("cats_strings"):
        raise node.refused("its categories are text")
    x = number(node, 0)
    wide = node.reshaped(x, (*x.wire.shape, 1), x.at)
    return node.number(joined(node, "Equal", [wide, _list(node, "cats_int64s")], "bool"))


@operator("LabelEncoder", domain=ML_DOMAIN)
def encode(node: Node) -> Value:
    """Numbers for numbers: which key is it, times the values. A text for each number stays the number."""
    given = {part: next((kind for kind in ("int64s", "floats", "strings") if node.attributes.get(f"{part}_{kind}")), "")
             for part in ("keys", "values")}
    if given["keys"] == "strings" or not all(given.values()):
        raise node.refused("its keys are text")
    keys = _list(node, f"keys_{given['keys']}")
    if given["values"] == "strings":
        texts = [v.decode("utf-8", "replace") for v in node.attributes["values_strings"]]
        node.notes.append("numbers stay instead of names (" + ", ".join(
            f"{key:g}: {text}" for key, text in list(zip(keys, texts, strict=False))[:6]) + ")")
        return node.value(0)
    values = _list(node, f"values_{given['values']}")
    default = node.attribute(f"default_{given['values'][:-1]}", -1 if given["values"] == "int64s" else 0.0)
    if len(keys) != len(values) or len(keys) > MOST_KEYS:
        raise node.refused(f"it has {len(keys)} keys and {len(values)} values")
    x = number(node, 0)
    hit = node.number(joined(node, "Equal", [node.reshaped(x, (*x.wire.shape, 1), x.at), keys], "bool"))
    assert isinstance(hit, Tensor)
    found = projected(node, hit, (values - np.float32(default))[:, None])
    return joined(node, "Add", [node.reshaped(found, x.wire.shape, x.at), np.asarray(default, np.float32)])


@operator("ZipMap", domain=ML_DOMAIN)
def unzipped(node: Node) -> Value:
    """A table of names and probabilities stays the probabilities, in the order of the classes."""
    return node.value(0)
