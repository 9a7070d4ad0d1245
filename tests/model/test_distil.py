"""A student says what its teacher says, within its budget, or there is none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.model.plant import steady

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import problems
from lineshaft.graph.fidelity import Run, judge, say
from lineshaft.graph.rewrite import size
from lineshaft.model.distil import Budget, distil

WIDE = Budget(10**6, 10**6)


def teacher(rows: NDArray[np.float64], limit: float = 2.2) -> bytes:
    """Distance to the nearest of 300 remembered rows, smoothed: large, and nothing like the student."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    bank = (rows[::len(rows) // 300][:300] - mean) / scale
    g = StepBuilder(rows.shape[1])
    z = g.multiply(g.subtract(g.x, mean), 1.0 / scale)
    closeness = g.subtract(g.multiply(g.project(z, bank.T), 2.0), (bank**2).sum(axis=1))
    nearest = g.nearest_rows(closeness, bank, 1)
    gap = g.square(g.subtract(g.reshape(z, (1, rows.shape[1])), nearest))
    score = g.ewma("level", g.reshape(g.sum(g.reshape(gap, (rows.shape[1],))), (1,)), 0.2)
    return g.model({"score": score, "alarm": g.number(g.greater(score, limit))})


def run_of(x: NDArray[np.float64], labels: NDArray[np.generic]) -> Run:
    return Run(x.astype(np.float32), np.ones_like(x, np.float32), labels.astype(np.int8))


@pytest.fixture(scope="module")
def parts() -> tuple[bytes, Run, Run]:
    values = steady(1800, 6)
    faulty = steady(600, 6, seed=5)
    faulty[300:, 2] += 6 * values[:, 2].std()
    labels = np.where(np.arange(600) < 30, -1, np.arange(600) >= 300)
    return teacher(values[:1200]), run_of(values[:1800], np.zeros(1800)), run_of(faulty, labels)


def test_the_student_is_smaller_and_finds_what_the_teacher_finds(parts: tuple[bytes, Run, Run]) -> None:
    large, history, validation = parts
    half = Budget(size(large).bytes // 2, size(large).arithmetic // 2)
    student = distil(large, [history], [validation], half, execute)
    assert problems(student.graph) == ()
    assert student.size.arithmetic <= half.arithmetic
    assert student.size.bytes <= half.bytes
    assert student.gap.flips < 0.05
    old, new = (judge(say(g, [validation], execute), [validation]) for g in (large, student.graph))
    assert new.balanced > old.balanced - 0.05
    assert new.metric > old.metric - 0.02


def test_a_narrow_budget_gives_a_narrower_student_and_none_gives_no(parts: tuple[bytes, Run, Run]) -> None:
    large, history, validation = parts
    narrow = distil(large, [history], [validation], Budget(10**6, 500), execute)
    assert narrow.size.arithmetic <= 500
    with pytest.raises(Refused, match="the smallest student takes"):
        distil(large, [history], [validation], Budget(100, 100), execute)


def test_a_teacher_without_a_score_is_told(parts: tuple[bytes, Run, Run]) -> None:
    g = StepBuilder(6)
    with pytest.raises(UsageError, match="no score of one value"):
        distil(g.model({"level": g.sum(g.x)}), [parts[1]], [parts[2]], WIDE, execute)


def test_a_teacher_that_never_alarms_has_nothing_to_teach(parts: tuple[bytes, Run, Run]) -> None:
    with pytest.raises(UsageError, match="always decides the same"):
        distil(teacher(parts[1].x.astype(np.float64), 1e9), [parts[1]], [parts[2]], WIDE, execute)
