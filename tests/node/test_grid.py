"""The time grid: never early twice, never silently late, and clocks that are set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lineshaft.core.clock import SECOND
from lineshaft.node.grid import TickGrid
from lineshaft.node.histogram import LatencyHistogram, upper_edge


def test_ticks_lie_on_whole_periods_of_utc() -> None:
    grid = TickGrid(SECOND, now=10 * SECOND + 1, monotonic=0)
    assert [grid.take(), grid.take()] == [11 * SECOND, 12 * SECOND]


def test_slots_missed_in_a_stall_are_counted_and_the_newest_still_ticks() -> None:
    grid = TickGrid(SECOND, now=10 * SECOND, monotonic=0, grace_ns=0)
    assert grid.take() == 10 * SECOND
    grid.catch_up(15 * SECOND)
    assert grid.missed == 4
    assert grid.take() == 15 * SECOND


@given(st.lists(st.integers(1, 5 * SECOND), max_size=40))
def test_every_slot_is_either_ticked_or_counted_as_missed(waits: list[int]) -> None:
    now, taken = 0, 0
    grid = TickGrid(SECOND, now=0, monotonic=0)
    first = grid.coming
    for wait in waits:
        now += wait
        if now >= grid.due:
            grid.catch_up(now)
            grid.take()
            taken += 1
    assert first + (taken + grid.missed) * SECOND == grid.coming


def test_a_clock_set_back_starts_the_grid_anew_and_is_told() -> None:
    grid = TickGrid(SECOND, now=100 * SECOND, monotonic=0)
    jump = grid.stepped(40 * SECOND, SECOND)
    assert jump is not None and jump.by_ns == -61 * SECOND
    assert grid.coming == 40 * SECOND


def test_a_slow_correction_of_the_clock_is_no_jump() -> None:
    grid = TickGrid(SECOND, now=0, monotonic=0)
    for second in range(1, 200):
        assert grid.stepped(second * (SECOND + 5_000_000), second * SECOND) is None


@given(st.integers(0, 2**62))
def test_a_latency_is_below_its_buckets_edge_by_a_quarter_at_most(nanoseconds: int) -> None:
    histogram = LatencyHistogram()
    histogram.add(nanoseconds)
    (edge, below), = histogram.cumulative()
    assert below == 1 and nanoseconds < edge <= max(nanoseconds * 1.25 + 1, 1)


def test_bucket_edges_grow() -> None:
    edges = [upper_edge(i) for i in range(200)]
    assert edges == sorted(set(edges))
