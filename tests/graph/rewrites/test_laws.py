"""What every rewrite keeps to, on random graphs and on each learner's whole pipeline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from tests.fuzz.graphs import STEPS, Case, cases

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.step import Array
from lineshaft.graph import rewrite
from lineshaft.graph.check import problems, signature
from lineshaft.graph.reference import ReferenceEngine
from lineshaft.graph.replay import Replay
from lineshaft.graph.rewrite import Rewrite

OVER_WINDOWS = ("conv_1d", "reduced", "affine", "smooth", "turned", "cut", "map", "together", "pooled", "padded",
                "shifted", "mixed_rows", "exactly", "product", "conv_2d", "reshaped", "joined", "variance")
LAWS = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def parity(before: bytes, after: bytes, x: Array, quality: Array) -> float:
    """The largest difference of any output at any tick, over 1 + its size."""
    one, other = Replay(before, execute)(x, quality), Replay(after, execute)(x, quality)
    return max(float(np.max(np.abs(one[k] - other[k]) / (1.0 + np.abs(one[k])))) for k in one)


def keeps_the_laws(case: Case, rewrites: Sequence[Rewrite]) -> None:
    after, changes = rewrite.apply(case.graph, rewrites)
    note(str(case))
    note(str(changes))
    assert problems(after) == ()
    before, now = signature(case.graph), signature(after)
    assert (now.channels, now.outputs) == (before.channels, before.outputs)
    assert rewrite.apply(case.graph, rewrites)[0] == after
    assert rewrite.apply(after, rewrites)[0] == after
    assert parity(case.graph, after, case.x, case.quality) <= 1e-5


@LAWS
@given(cases(fewest_ticks=100, most_ticks=120, most_assets=2))
def test_all_rewrites_keep_what_a_random_graph_says(case: Case) -> None:
    keeps_the_laws(case, rewrite.default())


@LAWS
@given(cases(OVER_WINDOWS, fewest_ticks=100, most_ticks=120, most_assets=2, first=("long_window",), chained=True))
def test_all_rewrites_keep_what_a_random_graph_over_windows_says(case: Case) -> None:
    keeps_the_laws(case, rewrite.default())


@pytest.mark.parametrize("name", rewrite.every())
def test_each_rewrite_alone_keeps_what_a_random_graph_says(name: str) -> None:
    @settings(LAWS, max_examples=8)
    @given(cases((*OVER_WINDOWS, *STEPS), fewest_ticks=100, most_ticks=110, most_assets=2, first=("long_window",),
                 chained=True))
    def law(case: Case) -> None:
        keeps_the_laws(case, (rewrite.named(name),))
    law()


@settings(LAWS, max_examples=8)
@given(cases(OVER_WINDOWS, most_ticks=20, first=("long_window",), chained=True))
def test_the_independent_reference_agrees_on_rewritten_graphs(case: Case) -> None:
    after, _ = rewrite.apply(case.graph)
    assets = case.x.shape[1]
    one, other = ReferenceEngine(case.graph, assets), ReferenceEngine(after, assets)
    for engine in (one, other):
        engine.x, engine.quality = case.x[0], case.quality[0]
    for x, quality in zip(case.x, case.quality, strict=True):
        for engine in (one, other):
            engine.x, engine.quality = x, quality
            engine.step()
        for name, value in one.out.items():
            assert np.allclose(other.out[name], value, rtol=1e-5, atol=1e-5)
