"""An ONNX model of boosted trees, as the readers of tree libraries write it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lineshaft.core.errors import Refused
from lineshaft.graph.builder import IR_VERSION, OPSET
from lineshaft.graph.importing.forest import LEAF, Forest
from lineshaft.graph.operators import FOREST, ML_DOMAIN, ML_OPSET

Numbers = NDArray[np.float64]


@dataclass(slots=True)
class Grove:
    """Trees one after another, in lists; ``add`` takes one tree and gives what it adds to target ``target``."""

    modes: list[str] = field(default_factory=list)
    columns: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)
    trees: int = 0

    def add(self, target: int, feature: Numbers, threshold: Numbers, mode: str, yes: Numbers, no: Numbers,
            missing: Numbers, leaf: NDArray[np.bool_], value: Numbers) -> None:
        """Nodes of one tree: children by their place in it; ``missing`` 1 where a missing value takes ``yes``."""
        count = len(feature)
        if not count or any(len(v) != count for v in (threshold, yes, no, missing, leaf, value)):
            raise Refused(f"tree {self.trees} has lists of different lengths")
        self.modes += [LEAF if is_leaf else mode for is_leaf in leaf]
        for name, column in {"tree": np.full(count, self.trees), "number": np.arange(count), "yes": yes, "no": no,
                             "feature": np.where(leaf, 0, feature), "threshold": np.where(leaf, 0, threshold),
                             "missing": missing, "value": value, "target": np.full(count, target)}.items():
            self.columns.setdefault(name, []).append(np.asarray(column, np.float64))
        self.trees += 1

    def forest(self) -> Forest:
        if not self.trees:
            raise Refused("it has no trees")
        found = {name: np.concatenate(parts) for name, parts in self.columns.items()}
        leaf = np.array([m == LEAF for m in self.modes])
        whole = {name: values.astype(np.int64) for name, values in found.items()}
        threshold = found["threshold"].astype(np.float32)
        return Forest(whole["tree"], whole["number"], whole["feature"], threshold, self.modes, whole["yes"],
                      whole["no"], whole["missing"], whole["tree"][leaf], whole["number"][leaf],
                      whole["target"][leaf], found["value"][leaf].astype(np.float32))


def model(grove: Grove, features: int, base: Sequence[float], link: str, classes: Sequence[object] = ()
          ) -> onnx.ModelProto:
    """Sums [targets] from ``base``, then ``link``: identity, sigmoid, softmax, exp, or "two" (a pair of
    probabilities out of one sigmoid). ``classes`` are what the places of the probabilities stand for."""
    trees = grove.forest().attributes()
    nodes = [helper.make_node(FOREST, ["features"], ["sums"], "trees", domain=ML_DOMAIN, n_targets=len(base),
                              base_values=[float(v) for v in base], **trees)]
    constants = []
    width = len(base)
    if link == "two":
        constants = [numpy_helper.from_array(np.ones((1, 1), np.float32), "one")]
        nodes += [helper.make_node("Sigmoid", ["sums"], ["second"], "sigmoid"),
                  helper.make_node("Sub", ["one", "second"], ["first"], "rest"),
                  helper.make_node("Concat", ["first", "second"], ["probabilities"], "both", axis=1)]
        width = 2
    elif link in _LINKS:
        kind, more = _LINKS[link]
        name = "prediction" if link == "exp" else "probabilities"
        nodes.append(helper.make_node(kind, ["sums"], [name], kind, **more))
    else:
        nodes.append(helper.make_node("Identity", ["sums"], ["prediction"], "sum"))
    outputs = [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, [None, width])]
    if nodes[-1].output[0] == "probabilities" and width > 1:
        nodes += _labelled(classes or range(width))
        outputs.insert(0, helper.make_tensor_value_info("label", TensorProto.INT64, [None]))
    taken = [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, features])]
    return helper.make_model(helper.make_graph(nodes, "trees", taken, outputs, constants), ir_version=IR_VERSION,
                             opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, ML_OPSET)])


def plain(classes: Any) -> list[object]:
    """Labels as Python values; [] where there are none."""
    return [v.item() if hasattr(v, "item") else v for v in classes]


def _labelled(classes: Sequence[object]) -> list[onnx.NodeProto]:
    """The most probable class, by its own number or name."""
    place = helper.make_node("ArgMax", ["probabilities"], ["place"], "place", axis=1, keepdims=0)
    if list(classes) == list(range(len(classes))):
        return [place, helper.make_node("Identity", ["place"], ["label"], "label")]
    whole = all(isinstance(name, int) for name in classes)
    named = {"values_int64s": list(classes)} if whole else {"values_strings": [str(name) for name in classes]}
    return [place, helper.make_node("LabelEncoder", ["place"], ["label"], "label", domain=ML_DOMAIN,
                                    keys_int64s=list(range(len(classes))), **named)]


_LINKS: dict[str, tuple[str, dict[str, int]]] = {
    "sigmoid": ("Sigmoid", {}), "softmax": ("Softmax", {"axis": -1}), "exp": ("Exp", {})}
