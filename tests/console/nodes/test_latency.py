"""Percentiles of the node's histogram."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.app.console.nodes.latency import bars, percentiles
from lineshaft.node.histogram import LatencyHistogram


def told(times: list[int]) -> tuple[list[int], list[int]]:
    histogram = LatencyHistogram()
    for time in times:
        histogram.add(time)
    cumulative = histogram.cumulative()
    return [edge for edge, _ in cumulative], np.diff([0, *(below for _, below in cumulative)]).tolist()


@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=300))
def test_a_percentile_is_never_less_than_the_truth_and_at_most_a_quarter_more(times: list[int]) -> None:
    found = percentiles(*told(times))
    assert found is not None
    for share, value in ((0.5, found.p50), (0.99, found.p99), (0.999, found.p999), (1.0, found.most)):
        true = sorted(times)[max(0, int(np.ceil(share * len(times) - 1e-9)) - 1)]
        assert true < value * 1000 * (1 + 1e-9) and value * 1000 <= max(1.25 * true, true + 1) + 1


@given(st.lists(st.integers(1, 10**10), max_size=100))
def test_bars_hold_every_decision_and_touch_each_other(times: list[int]) -> None:
    found = bars(*told(times))
    assert sum(bar.count for bar in found) == len(times)
    assert all(one.high == other.low for one, other in pairwise(found))


def test_nothing_decided_is_no_percentile() -> None:
    assert percentiles([], []) is None and bars([], []) == ()
