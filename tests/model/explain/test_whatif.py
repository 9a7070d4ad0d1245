"""What would have been, and when it was alike."""

from __future__ import annotations

import numpy as np
import pytest

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.explain.nearest import nearest, views
from lineshaft.model.explain.whatif import Change, changed, what_if


def levels() -> bytes:
    """Score: the largest mean over three ticks of two tags."""
    g = StepBuilder(2)
    return g.model({"score": g.largest(g.reshape(g.mean(g.window("w", g.x, 3), axis=0), (2,)))})


def test_only_the_named_tag_in_the_named_rows_changes() -> None:
    x, quality = np.ones((6, 2), np.float32), np.ones((6, 2), np.float32)
    quality[4, 1] = 0
    rows = np.arange(6) >= 3
    told = [Change.parse("b+=2"), Change.parse("a=masked")]
    other, masked = changed(x, quality, ("a", "b"), told, rows)
    assert other[:, 1].tolist() == [1, 1, 1, 3, 1, 3] and masked[:, 0].tolist() == [1, 1, 1, 0, 0, 0]
    assert masked[4, 1] == 0 and (x == 1).all()


def test_the_decision_changes_from_the_changed_rows_on() -> None:
    x, quality = np.ones((6, 2), np.float32), np.ones((6, 2), np.float32)
    was, would = what_if(levels(), x, quality, changed(x, quality, ("a", "b"), [Change("a", "*=", 4.0)],
                                                       np.arange(6) >= 3), execute)
    assert np.array_equal(was["score"][:3], would["score"][:3])
    assert np.allclose(would["score"][3:, 0], [2, 3, 4])


@pytest.mark.parametrize("text", ["a", "=5", "a=much", "a+=masked", "a=inf", "a*=nan"])
def test_what_is_no_change_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="is no change of a tag"):
        Change.parse(text)


def test_an_unknown_tag_is_told_with_those_there_are() -> None:
    x = np.ones((2, 1), np.float32)
    with pytest.raises(UsageError, match=r"no tag 'b'.*name one of: a"):
        changed(x, x, ("a",), [Change("b", "=", 1.0)], np.ones(2, np.bool_))


def test_the_nearest_cases_are_the_planted_ones_and_one_episode_counts_once(rng: np.random.Generator) -> None:
    x = rng.normal(size=(1500, 2)).astype(np.float32)
    for start, size in ((200, 6.0), (700, 6.0), (1100, -6.0)):
        x[start:start + 20, 0] += size
    x[1400:, 0] += 6.0
    seen = views(levels(), x, np.ones_like(x), execute)
    found = nearest(seen[:1400], seen[1450], 2, apart=60)
    assert sorted(near.row // 20 for near in found) == [10, 35]
    assert found[0].distance <= found[1].distance and found[0].closer > 0.97


def test_a_graph_without_state_is_compared_by_its_input() -> None:
    g = StepBuilder(2)
    x = np.arange(8, dtype=np.float32).reshape(4, 2)
    assert views(g.model({"score": g.sum(g.x)}), x, np.ones_like(x), execute).shape == (4, 4)


def test_no_past_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="no past row is left"):
        nearest(np.zeros((3, 1)), np.zeros(1), usable=np.zeros(3, np.bool_))
    with pytest.raises(UsageError, match="the same at every past row"):
        nearest(np.zeros((3, 1)), np.zeros(1))
