"""Tree ensembles of ``ai.onnx.ml``: one TreeEnsembleRegressor of sums, and what follows as operators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from onnx import numpy_helper

from lineshaft.core.errors import Refused
from lineshaft.graph.importing.forest import LEAF, Forest
from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators import ml_classes as classes
from lineshaft.graph.importing.operators.elementwise import joined
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Tensor, Value
from lineshaft.graph.operators import ML_DOMAIN

_NODE_MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER")


def _numbers(node: Node, name: str, kind: Any) -> Any:
    """A list, or the tensor that newer opsets have instead."""
    if node.attributes.get(f"{name}_as_tensor") is not None:
        return numpy_helper.to_array(node.attributes[f"{name}_as_tensor"]).ravel().astype(kind)
    return np.asarray(node.attributes.get(name, ()), kind)


def _forest(node: Node, leaves: str) -> Forest:
    modes = [m.decode("ascii", "replace") for m in node.attributes.get("nodes_modes", ())]
    missing = _numbers(node, "nodes_missing_value_tracks_true", np.int64)
    whole = {name: _numbers(node, f"nodes_{name}", np.int64)
             for name in ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids")}
    ends = {name: _numbers(node, f"{leaves}_{name}", np.int64) for name in ("treeids", "nodeids", "ids")}
    return Forest(whole["treeids"], whole["nodeids"], whole["featureids"], _numbers(node, "nodes_values", np.float32),
                  modes, whole["truenodeids"], whole["falsenodeids"],
                  missing if len(missing) else np.zeros(len(modes), np.int64),
                  ends["treeids"], ends["nodeids"], ends["ids"], _numbers(node, f"{leaves}_weights", np.float32))


def summed(node: Node, forest: Forest, targets: int, base: Any) -> Tensor:
    """The sums [targets]."""
    x = classes.rows(node)
    if targets < 1 or targets > 4096 or len(base) not in (0, targets):
        raise node.refused(f"it has {targets} targets and {len(base)} base values")
    try:
        trees = forest.attributes()
    except Refused as error:
        raise node.refused(error.what) from None
    inner = np.array([m != LEAF for m in forest.mode])
    if (forest.feature[inner] >= x.wire.shape[0]).any() or (forest.feature[inner] < 0).any():
        raise node.refused(f"it reads feature {int(forest.feature[inner].max())} of {x.wire.shape[0]}")
    if len(forest.target) and not (forest.target.min() >= 0 and forest.target.max() < targets):
        raise node.refused("it adds to targets that there are not")
    if len(base):
        trees["base_values"] = [float(v) for v in base]
    return Tensor(node.g.forest(x.wire, targets, **trees))


@operator("TreeEnsembleRegressor", domain=ML_DOMAIN)
def regress(node: Node) -> Tensor:
    aggregate = node.attribute("aggregate_function", "SUM")
    forest = _forest(node, "target")
    if aggregate not in ("SUM", "AVERAGE"):
        raise node.refused(f"it takes the {aggregate} of its trees")
    if aggregate == "AVERAGE":
        count = max(len(np.unique(forest.tree)), 1)
        forest = _scaled(forest, 1.0 / count)
    found = summed(node, forest, int(node.attribute("n_targets", 1)), _numbers(node, "base_values", np.float32))
    return classes.transformed(node, found, node.attribute("post_transform", "NONE"))


def _scaled(forest: Forest, factor: float) -> Forest:
    return replace(forest, weight=(forest.weight * factor).astype(np.float32))


@operator("TreeEnsembleClassifier", domain=ML_DOMAIN)
def classify(node: Node) -> list[Value]:
    """Two classes whose leaves all add to one: a single sum, as ONNX Runtime has it."""
    forest, base = _forest(node, "class"), _numbers(node, "base_values", np.float32)
    count, kind = len(classes.labels(node)), node.attribute("post_transform", "NONE")
    if count == 2 and len(set(forest.target.tolist())) == 1:
        return _binary(node, forest, base, kind)
    scores = summed(node, forest, count, base)
    return [classes.label(node, classes.largest(node, scores)), classes.transformed(node, scores, kind)]


def _binary(node: Node, forest: Forest, base: Any, kind: str) -> list[Value]:
    single = replace(forest, target=np.zeros_like(forest.target))
    score = summed(node, single, 1, base[-1:])
    if (forest.weight >= 0).all():
        both = classes.two_classes(node, score, classes.complement(node, score))
        return [classes.label(node, classes.over(node, score, 0.5)), both]
    pair = classes.two_classes(node, score, joined(node, "Mul", [score, np.asarray(-1.0, np.float32)]))
    if kind not in ("NONE", "LOGISTIC"):
        raise node.refused(f"its one sum is transformed by {kind}")
    return [classes.label(node, classes.over(node, score, 0.0)), classes.transformed(node, pair, kind)]


@operator("TreeEnsemble", domain=ML_DOMAIN)
def ensemble(node: Node) -> Tensor:
    """The form of ``ai.onnx.ml`` 5: inner nodes and leaves in lists of their own."""
    modes = [_NODE_MODES[int(m)] for m in numpy_helper.to_array(node.attributes["nodes_modes"]).ravel()]
    if node.attribute("aggregate_function", 1) != 1:
        raise node.refused("it does not add its trees up")
    found = summed(node, _unrolled(node, modes), int(node.attribute("n_targets", 1)), ())
    kind = {0: "NONE", 1: "SOFTMAX", 2: "LOGISTIC"}.get(int(node.attribute("post_transform", 0)), "another")
    return classes.transformed(node, found, kind)


def _unrolled(node: Node, modes: list[str]) -> Forest:
    splits = numpy_helper.to_array(node.attributes["nodes_splits"]).ravel()
    lists = {name: np.asarray(node.attributes[f"nodes_{name}"], np.int64) for name in (
        "featureids", "truenodeids", "falsenodeids", "trueleafs", "falseleafs")}
    missing = np.asarray(node.attributes.get("nodes_missing_value_tracks_true", np.zeros(len(modes))), np.int64)
    leaf_target = np.asarray(node.attributes["leaf_targetids"], np.int64)
    weights = numpy_helper.to_array(node.attributes["leaf_weights"]).ravel()
    inner = len(modes)
    yes = np.where(lists["trueleafs"] > 0, inner + lists["truenodeids"], lists["truenodeids"])
    no = np.where(lists["falseleafs"] > 0, inner + lists["falsenodeids"], lists["falsenodeids"])
    ends = len(weights)
    tree = _tree_of(np.asarray(node.attributes["tree_roots"], np.int64), yes, no, inner + ends)
    blank = np.zeros(ends, np.int64)
    number = np.arange(inner + ends)
    return Forest(tree, number, np.concatenate([lists["featureids"], blank]),
                  np.concatenate([splits, blank]).astype(np.float32), [*modes, *[LEAF] * ends],
                  np.concatenate([yes, blank]), np.concatenate([no, blank]), np.concatenate([missing, blank]),
                  tree[inner:], number[inner:], leaf_target, weights.astype(np.float32))


def _tree_of(roots: Any, yes: Any, no: Any, count: int) -> Any:
    """Which tree each node belongs to; nodes are counted through all trees."""
    tree, inner = np.full(count, -1, np.int64), len(yes)
    for index, root in enumerate(roots.tolist()):
        todo = [root]
        while todo:
            at = todo.pop()
            if tree[at] >= 0:
                raise ValueError("a node has two parents")
            tree[at] = index
            todo += [int(yes[at]), int(no[at])] if at < inner else []
    return np.where(tree < 0, len(roots) + np.arange(count), tree)
