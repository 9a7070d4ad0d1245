"""Linear and support vector models of ``ai.onnx.ml``."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators import ml_classes as classes
from lineshaft.graph.importing.operators.elementwise import joined, same
from lineshaft.graph.importing.operators.linear import projected
from lineshaft.graph.importing.operators.reducing import reduced
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Constant, Tensor, Value
from lineshaft.graph.operators import ML_DOMAIN

MOST_COMPARED = 2**16
"""Numbers of support vectors up to which distances are taken directly: the product form loses digits in float32."""


def _list(node: Node, name: str) -> Constant:
    return np.asarray(node.attributes.get(name, ()), np.float64)


def _affine(node: Node, rows: int) -> Tensor:
    x, weights = classes.rows(node), _list(node, "coefficients").reshape(rows, -1)
    found = projected(node, x, weights.T)
    offsets = _list(node, "intercepts")
    return joined(node, "Add", [found, offsets.astype(np.float32)]) if offsets.size else found


@operator("LinearRegressor", domain=ML_DOMAIN)
def regress(node: Node) -> Tensor:
    return classes.transformed(node, _affine(node, int(node.attribute("targets", 1))),
                               node.attribute("post_transform", "NONE"))


@operator("LinearClassifier", domain=ML_DOMAIN)
def classify(node: Node) -> list[Value]:
    names, kind = classes.labels(node), node.attribute("post_transform", "NONE")
    size = classes.rows(node).wire.shape[0]
    count = len(_list(node, "coefficients")) // size
    scores = _affine(node, count)
    if count == 1 and len(names) == 2:
        place = classes.over(node, scores, 0.0)
        scores = classes.two_classes(node, scores, joined(node, "Mul", [scores, np.asarray(-1.0, np.float32)]))
        return [classes.label(node, place), classes.transformed(node, scores, kind)]
    if count != len(names):
        raise node.refused(f"it has {count} sums for {len(names)} classes")
    return [classes.label(node, classes.largest(node, scores)), classes.transformed(node, scores, kind)]


def _kernel(node: Node, x: Tensor, vectors: Constant) -> Tensor:
    """[n] against support vectors [s, n] gives [s]."""
    kind = node.attribute("kernel_type", "LINEAR")
    gamma, offset, degree = (*_list(node, "kernel_params"), 0.0, 0.0, 0.0)[:3]
    if kind == "RBF":
        return same(node, "Exp", joined(node, "Mul", [distances(node, x, vectors), np.asarray(-gamma, np.float32)]))
    product = projected(node, x, vectors.T)
    if kind == "LINEAR":
        return product
    line = joined(node, "Add", [joined(node, "Mul", [product, np.asarray(gamma, np.float32)]),
                                np.asarray(offset, np.float32)])
    if kind == "SIGMOID":
        return same(node, "Tanh", line)
    if kind == "POLY" and float(degree).is_integer() and 1 <= degree <= 8:
        found = line
        for _ in range(int(degree) - 1):
            found = joined(node, "Mul", [found, line])
        return found
    raise node.refused(f"its kernel is {kind}")


@operator("CDist", domain="com.microsoft")
def all_distances(node: Node) -> Tensor:
    """Distances [m] to the rows of a constant [m, n], as skl2onnx writes neighbours and kernels."""
    metric = node.attribute("metric", "sqeuclidean")
    if metric not in ("sqeuclidean", "euclidean"):
        raise node.refused(f"its metric is {metric}")
    found = distances(node, classes.rows(node), node.constant(1).astype(np.float64))
    return found if metric == "sqeuclidean" else same(node, "Sqrt", found)


def distances(node: Node, x: Tensor, vectors: Constant) -> Tensor:
    """Squared Euclidean, to each of the rows [m, n]."""
    if vectors.size <= MOST_COMPARED:
        apart = joined(node, "Sub", [node.reshaped(x, (1, *x.wire.shape)), vectors.astype(np.float32)[None]])
        return node.reshaped(reduced(node, "ReduceSum", joined(node, "Mul", [apart, apart]), [1]), (len(vectors),))
    own = reduced(node, "ReduceSum", joined(node, "Mul", [x, x]), [0])
    crossed = projected(node, x, -2.0 * vectors.T)
    found = joined(node, "Add", [joined(node, "Add", [own, crossed]), (vectors ** 2).sum(1).astype(np.float32)])
    return joined(node, "Max", [found, np.zeros((), np.float32)])


@operator("SVMRegressor", domain=ML_DOMAIN)
def support_regress(node: Node) -> Tensor:
    x, count = classes.rows(node), int(node.attribute("n_supports", 0))
    weights = _list(node, "coefficients")
    seen = _kernel(node, x, _list(node, "support_vectors").reshape(count, -1)) if count else x
    found = joined(node, "Add", [projected(node, seen, weights[:, None]), _list(node, "rho").astype(np.float32)[:1]])
    if not node.attribute("one_class", 0):
        return classes.transformed(node, found, node.attribute("post_transform", "NONE"))
    inside = classes.over(node, found, 0.0)
    return joined(node, "Sub", [joined(node, "Mul", [inside, np.asarray(2.0, np.float32)]), np.ones((), np.float32)])


@operator("SVMClassifier", domain=ML_DOMAIN)
def support_classify(node: Node) -> list[Value]:
    """One against one, as libsvm has it (Chang and Lin, ACM TIST 2, 2011): the class with most votes."""
    count, names = len(_list(node, "vectors_per_class")), classes.labels(node)
    if not count:
        raise node.refused("it has no support vectors (a linear machine in another form)")
    if node.attribute("post_transform", "NONE") != "NONE" or len(names) != count:
        raise node.refused("its votes are transformed")
    decisions = _one_against_one(node, count)
    if len(_list(node, "prob_a")):
        return [classes.label(node, _most_votes(node, decisions, count)), _probabilities(node, decisions, count)]
    place = _most_votes(node, decisions, count)
    if count > 2:
        return [classes.label(node, place), decisions]
    minus = joined(node, "Mul", [decisions, np.asarray(-1.0, np.float32)])
    return [classes.label(node, place), classes.two_classes(node, decisions, minus)]


def _most_votes(node: Node, decisions: Tensor, count: int) -> Tensor:
    votes = projected(node, classes.over(node, decisions, 0.0), _votes(count))
    losses = np.array([float(j == second) for pair in itertools.combinations(range(count), 2)
                       for second in pair[1:] for j in range(count)]).reshape(-1, count)
    return classes.largest(node, joined(node, "Add", [votes, losses.sum(0).astype(np.float32)]))


def _votes(count: int) -> Constant:
    """A won comparison moves one vote from the second of a pair to the first."""
    pairs = list(itertools.combinations(range(count), 2))
    matrix = np.zeros((len(pairs), count))
    for row, (first, second) in enumerate(pairs):
        matrix[row, first], matrix[row, second] = 1.0, -1.0
    return matrix


def _one_against_one(node: Node, count: int) -> Tensor:
    """One decision value [pairs] for each pair of classes."""
    per_class = _list(node, "vectors_per_class").astype(np.int64)
    total = int(per_class.sum())
    seen = _kernel(node, classes.rows(node), _list(node, "support_vectors").reshape(total, -1))
    weights = _list(node, "coefficients").reshape(count - 1, total)
    start = np.concatenate([[0], np.cumsum(per_class)])
    columns = []
    for i, j in itertools.combinations(range(count), 2):
        column = np.zeros(total)
        column[start[i]:start[i + 1]] = weights[j - 1, start[i]:start[i + 1]]
        column[start[j]:start[j + 1]] = weights[i, start[j]:start[j + 1]]
        columns.append(column)
    return joined(node, "Add", [projected(node, seen, np.stack(columns, 1)), _list(node, "rho").astype(np.float32)])


def _probabilities(node: Node, decisions: Tensor, count: int) -> Tensor:
    """Platt's sigmoid of the one decision of two classes; libsvm finds it by an iteration that stops at about 1e-3."""
    if count > 2:
        raise node.refused("its probabilities of more than two classes are found by iteration (pairwise coupling)")
    a, b = _list(node, "prob_a")[0], _list(node, "prob_b")[0]
    line: Any = joined(node, "Add", [joined(node, "Mul", [decisions, np.asarray(-a, np.float32)]),
                                     np.asarray(-b, np.float32)])
    first = same(node, "Sigmoid", line)
    return classes.two_classes(node, classes.complement(node, first), first)
