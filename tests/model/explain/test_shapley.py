"""Shapley values: their axioms, and that they are those of the ``shap`` package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.foreign.lightgbm import from_text
from lineshaft.graph.importing.inputs import inputs
from lineshaft.graph.importing.writing import write
from lineshaft.model.explain.shapley import coalitions, linear, shapley
from lineshaft.model.explain.tags import Stretch, explain

BESIDE = Path(__file__).with_name("by_shap.npz")
FEW = settings(max_examples=20, deadline=None)
Matrix = NDArray[np.float64]


def wild(players: int, seed: int) -> Matrix:
    """A worth for every coalition."""
    return np.random.default_rng(seed).normal(size=(2**players, 2))


def asked(worth: Matrix) -> Any:
    return lambda who: worth[who @ (1 << np.arange(who.shape[1]))]


@FEW
@given(st.integers(1, 6), st.integers(0, 1000))
def test_the_values_are_the_mean_gains_over_all_orders(players: int, seed: int) -> None:
    from itertools import permutations

    worth = wild(players, seed)
    gains = np.zeros((players, 2))
    orders = list(permutations(range(players)))
    for order in orders:
        number = 0
        for player in order:
            gains[player] += worth[number | 1 << player] - worth[number]
            number |= 1 << player
    found = shapley(asked(worth), players)
    assert found.exact and np.allclose(found.values, gains / len(orders), atol=1e-8)


@FEW
@given(st.integers(8, 14), st.integers(0, 1000))
def test_estimates_add_up_and_are_exact_for_what_is_additive(players: int, seed: int) -> None:
    weight = np.random.default_rng(seed).normal(size=(players, 1))
    found = shapley(lambda who: who @ weight + 1.0, players, budget=6 * players, seed=seed)
    assert not found.exact
    assert np.allclose(found.values, weight, atol=1e-8)
    assert np.allclose(found.values.sum(axis=0), found.whole - found.empty)


@FEW
@given(st.integers(2, 14), st.integers(28, 400))
def test_no_more_coalitions_are_asked_than_allowed_and_each_has_its_complement(players: int, budget: int) -> None:
    who, weight = coalitions(players, budget)
    assert len(who) <= budget and (weight > 0).all()
    assert who.any(axis=1).all() and not who.all(axis=1).any()
    assert np.isclose((weight[:, None] * who).sum(axis=0), (weight[:, None] * ~who).sum(axis=0)).all()


def test_a_player_that_changes_nothing_has_nothing() -> None:
    found = shapley(lambda who: (who[:, :1] * who[:, 1:2]).astype(float), 3)
    assert np.allclose(found.values[:, 0], [0.5, 0.5, 0.0])


def test_too_small_a_budget_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="10 coalitions are too few for 20 tags"):
        shapley(lambda who: who[:, :1].astype(float), 20, budget=10)


def forest(text: str, width: int) -> bytes:
    g = StepBuilder(width)
    model = from_text(text)
    return g.model({"score": write(g, model, g.x, inputs(model)).wires["prediction"]})


def of_rows(graph: bytes, rows: Matrix, background: Matrix, budget: int = 1024) -> Matrix:
    usual = Stretch(background[:, None].astype(np.float32), np.ones((len(background), 1, rows.shape[1]), np.float32))
    found = [explain(graph, Stretch(row[None].astype(np.float32), np.ones((1, len(row)), np.float32)), usual, execute,
                     budget=budget).values[:, 0] for row in rows]
    return np.array(found)


@pytest.mark.parametrize("name", ["tree", "deep"])
def test_the_values_of_a_forest_are_those_of_shap(name: str) -> None:
    stored = np.load(BESIDE)
    found = of_rows(forest(str(stored[f"{name}_text"]), 6), stored[f"{name}_rows"], stored[f"{name}_background"])
    wanted = stored[f"{name}_values"]
    assert np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max()


def test_the_estimates_for_many_tags_are_near_those_of_shap() -> None:
    stored = np.load(BESIDE)
    found = of_rows(forest(str(stored["wide_text"]), 16), stored["wide_rows"][:4], stored["wide_background"])
    wanted = stored["wide_values"][:4]
    assert np.abs(found - wanted).max() < 0.03 * np.abs(wanted).max()


def test_the_values_of_a_linear_map_are_those_of_shap_and_of_its_closed_form() -> None:
    stored = np.load(BESIDE)
    g = StepBuilder(6)
    graph = g.model({"score": g.add(g.project(g.x, stored["linear_weights"]), 0.5)})
    found = of_rows(graph, stored["tree_rows"], stored["tree_background"])
    closed = [linear(stored["linear_weights"], row, stored["tree_background"])[:, 0] for row in stored["tree_rows"]]
    assert np.allclose(found, stored["linear_values"], atol=1e-5)
    assert np.allclose(closed, stored["linear_values"], atol=1e-9)


@pytest.mark.skipif(importlib.util.find_spec("shap") is None, reason="shap is not installed here")
def test_shap_still_says_what_is_stored() -> None:
    from tests.model.explain import by_shap  # type: ignore[import-not-found, unused-ignore]

    stored, made = np.load(BESIDE), by_shap.made()
    assert all(np.allclose(made[name], stored[name]) for name in made if name.endswith("_values"))


def test_a_tag_of_the_past_is_credited_through_the_state() -> None:
    """The mean of tag 0 over three ticks; tag 1 says nothing."""
    g = StepBuilder(2)
    graph = g.model({"score": g.slice(g.reshape(g.mean(g.window("w", g.x, 3), axis=0), (2,)), 0, 1)})
    x = np.array([[3.0, 1.0], [6.0, 1.0], [0.0, 5.0]], np.float32)
    usual = Stretch(np.zeros((4, 3, 2), np.float32), np.ones((4, 3, 2), np.float32))
    found = explain(graph, Stretch(x, np.ones_like(x)), usual, execute)
    assert np.allclose(found.values[:, 0], [3.0, 0.0]) and np.allclose(found.whole, 3.0)


def test_what_cannot_be_explained_is_a_sentence() -> None:
    g = StepBuilder(2)
    graph = g.model({"score": g.slice(g.x, 0, 1)})
    row = Stretch(np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32))
    usual = Stretch(np.zeros((3, 1, 2), np.float32), np.ones((3, 1, 2), np.float32))
    with pytest.raises(UsageError, match="has no output 'value'"):
        explain(graph, row, usual, execute, output="value")
    with pytest.raises(UsageError, match="is not some stretches of"):
        explain(graph, row, row, execute)
