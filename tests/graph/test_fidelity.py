"""A graph is judged by its metric, its verdicts and the tail of its score on normal rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.fidelity import Run, gap, judge, measured, pieces, say


def run_of(labels: list[int]) -> Run:
    return Run(np.zeros((len(labels), 1)), np.ones((len(labels), 1), np.float32), np.array(labels, np.int8))


def said(score: list[float], alarm: list[float]) -> list[dict[str, np.ndarray]]:
    return [{"score": np.array(score, np.float32)[:, None], "alarm": np.array(alarm, np.float32)[:, None]}]


def test_ranks_verdicts_and_tail_of_a_monitor() -> None:
    found = judge(said([9, 1, 2, 3, 2, 4], [1, 0, 0, 1, 0, 1]), [run_of([-1, 0, 0, 0, 1, 1])])
    assert found.metric == pytest.approx((1.5 + 3) / 6)
    assert found.false_alarms == pytest.approx(1 / 3)
    assert found.balanced == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.centre == 2.0
    assert found.tail[1] == pytest.approx(3.0, abs=0.01)


def test_without_abnormal_rows_there_is_no_metric_but_flips_and_tail() -> None:
    runs = [run_of([0] * 5)]
    found = gap(said([0, 1, 2, 3, 4], [0] * 5), said([0, 1, 2, 3, 6], [0, 0, 0, 0, 1]), runs)
    assert math.isnan(found.drop)
    assert found.flips == pytest.approx(0.2)
    assert found.tail[1] == pytest.approx(1.0, abs=0.01)
    assert "metric" not in measured(said([0, 1, 2, 3, 4], [0] * 5), said([0, 1, 2, 3, 6], [0] * 5), runs)


def test_with_one_score_a_class_the_metric_is_accuracy_and_the_tail_is_the_least_sure() -> None:
    score = np.array([[3, 1], [0, 2], [1, 1.5]], np.float32)
    found = judge([{"score": score}], [run_of([0, 1, 0])])
    assert found.metric == pytest.approx(2 / 3)
    assert found.tail[0] == pytest.approx(-0.5, abs=0.05)


def test_no_normal_row_is_told() -> None:
    with pytest.raises(UsageError, match="no row is normal"):
        judge(said([1], [0]), [run_of([1])])


def test_a_long_run_in_pieces_says_what_it_says_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    g = StepBuilder(2)
    graph = g.model({"score": g.ewma("level", g.sum(g.x), 0.1)})
    x = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    run = Run(x, np.ones_like(x), np.zeros(50, np.int8))
    whole = say(graph, [run], execute)[0]["score"]
    monkeypatch.setattr("lineshaft.graph.fidelity.MOST_VALUES", 40)
    assert len(list(pieces(graph, run, execute))) > 3
    assert np.array_equal(say(graph, [run], execute)[0]["score"], whole)
