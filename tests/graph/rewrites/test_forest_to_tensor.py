"""A forest as tensors decides as the operator does, at thresholds and for missing values too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.graphs import forest_tree

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph import rewrite
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import problems
from lineshaft.graph.operators import FOREST
from lineshaft.graph.replay import Replay
from lineshaft.graph.view import view

FEATURES = 5


def forest(seed: int, trees: int, depth: int, outputs: int) -> bytes:
    random = np.random.default_rng(seed)
    each = [forest_tree(random, tree, FEATURES, depth, outputs) for tree in range(trees)]
    joined: dict[str, Any] = {key: [n for one in each for n in one[key]] for key in each[0]}
    g = StepBuilder(FEATURES)
    return g.model({"y": g.forest(g.x, outputs, base_values=[0.25] * outputs, **joined)})


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**16), trees=st.integers(2, 5), depth=st.integers(0, 6), outputs=st.integers(1, 2))
def test_it_decides_as_the_operator_does(seed: int, trees: int, depth: int, outputs: int) -> None:
    graph = forest(seed, trees, depth, outputs)
    after, (change,) = rewrite.apply(graph, [rewrite.named("forest_to_tensor")])
    assert change.kept and problems(after) == ()
    assert FOREST not in {node.kind for node in view(after).nodes}
    random = np.random.default_rng(seed)
    x = (0.125 * random.integers(-17, 18, size=(200, FEATURES))).astype(np.float32)  # on the thresholds, often
    x[random.random(x.shape) < 0.1] = np.nan
    x[random.random(x.shape) < 0.05] = np.inf
    quality = np.ones_like(x)
    expected = Replay(graph, execute)(x, quality)["y"]
    assert np.allclose(Replay(after, execute)(x, quality)["y"], expected, rtol=1e-6, atol=1e-6)


def test_numbers_one_rounding_apart_from_a_threshold_go_their_own_way() -> None:
    graph = forest(3, 2, 2, 1)
    after, _ = rewrite.apply(graph, [rewrite.named("forest_to_tensor")])
    edges = np.unique(np.array([v for node in view(graph).nodes if node.kind == FOREST
                                for v in node.get("nodes_values")], np.float32))
    near = np.concatenate([edges, np.nextafter(edges, np.float32(9)), np.nextafter(edges, np.float32(-9))])
    x = np.repeat(near[:, None], FEATURES, axis=1)
    expected = Replay(graph, execute)(x, np.ones_like(x))["y"]
    assert np.array_equal(Replay(after, execute)(x, np.ones_like(x))["y"], expected)
    assert len(np.unique(expected)) > 1


def test_a_forest_learnt_by_lightgbm_keeps_its_sums(rng: np.random.Generator) -> None:
    lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is in the extra `import`")
    x = rng.normal(size=(600, FEATURES))
    model = lightgbm.train({"objective": "regression", "verbose": -1, "num_threads": 1, "num_leaves": 15},
                           lightgbm.Dataset(x, x[:, 0] * x[:, 1] + np.sin(x[:, 2])), 12)
    nodes: dict[str, list[Any]] = {}
    for tree in model.dump_model()["tree_info"]:
        _written(tree["tree_structure"], tree["tree_index"], nodes)
    g = StepBuilder(FEATURES)
    graph = g.model({"y": g.forest(g.x, 1, **nodes)})
    after, _ = rewrite.apply(graph, [rewrite.named("forest_to_tensor")])
    seen = x[:200].astype(np.float32)
    found = Replay(after, execute)(seen, np.ones_like(seen))["y"]
    assert np.allclose(found, Replay(graph, execute)(seen, np.ones_like(seen))["y"], rtol=1e-6, atol=1e-6)
    assert np.allclose(found[:, 0], model.predict(seen.astype(np.float64)), rtol=1e-4, atol=1e-4)


def _written(node: dict[str, Any], tree: int, nodes: dict[str, list[Any]], place: int = 1) -> None:
    """One node of a LightGBM tree and those below it, numbered as in a heap."""
    leaf = "leaf_value" in node
    row = {"treeids": tree, "nodeids": place, "featureids": node.get("split_feature", 0), "hitrates": 1.0,
           "values": float(node.get("threshold", 0.0)), "modes": "LEAF" if leaf else "BRANCH_LEQ",
           "truenodeids": 0 if leaf else 2 * place, "falsenodeids": 0 if leaf else 2 * place + 1,
           "missing_value_tracks_true": 0}
    for key, value in row.items():
        nodes.setdefault(f"nodes_{key}", []).append(value)
    if leaf:
        for key, value in {"treeids": tree, "nodeids": place, "ids": 0, "weights": node["leaf_value"]}.items():
            nodes.setdefault(f"target_{key}", []).append(value)
        return
    _written(node["left_child"], tree, nodes, 2 * place)
    _written(node["right_child"], tree, nodes, 2 * place + 1)
