"""The mirror of the newest rows finds the same as a plain search."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.historian.recent import Recent
from lineshaft.historian.rows import Rows


def rows(first: int, pairs: list[tuple[int, int]]) -> Rows:
    """(tag, time) pairs as rows that arrive from number ``first`` on; the value is the arrival number."""
    arrival = np.arange(first, first + len(pairs), dtype=np.int64)
    return Rows(np.array([tag for tag, _ in pairs], np.int32), np.array([time for _, time in pairs], np.int64),
                arrival.astype(np.float64), np.zeros(len(pairs), np.uint32), arrival,
                {int(n): str(n) for n in arrival[::3]})


PAIRS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6)), max_size=60)


@given(batches=st.lists(PAIRS, max_size=4), time=st.integers(-1, 8), last=st.integers(0, 250),
       gone=st.integers(0, 100))
def test_newest_is_the_last_by_time_then_arrival(batches: list[list[tuple[int, int]]], time: int, last: int,
                                                 gone: int) -> None:
    recent = Recent()
    stored: list[tuple[int, int]] = []
    for pairs in batches:
        recent.add(rows(len(stored) + 1, pairs))
        stored += pairs
    gone = min(gone, len(stored))
    recent = recent.after(gone)
    expected: dict[int, tuple[int, int]] = {}
    for arrival, (tag, when) in enumerate(stored, start=1):
        if gone < arrival <= last and when <= time:
            expected[tag] = max(expected.get(tag, (when, arrival)), (when, arrival))
    found = recent.newest([1, 2, 3, 4, 9], time, last)
    assert {tag: (recent.time(at), int(recent.sample("", at).value)) for tag, at in found.items()} == expected


def test_a_long_silent_tag_is_found_behind_many_others() -> None:
    recent = Recent()
    recent.add(rows(1, [(7, 0)]))
    recent.add(rows(2, [(1, time) for time in range(1, 50_000)]))
    found = recent.newest([7, 1], 50_000, 10**6)
    assert [int(recent.sample("", found[tag]).value) for tag in (7, 1)] == [1, 50_000]


def test_among_thousands_of_equal_times_the_last_arrived_is_the_newest(rng: np.random.Generator) -> None:
    recent = Recent()
    times = [*rng.integers(0, 3, 20_000).tolist(), 1, 2, 0]
    recent.add(rows(1, [(1, time) for time in times]))
    found = {time: recent.newest([1], time, 10**6)[1] for time in range(3)}
    assert {time: int(recent.sample("", at).value) for time, at in found.items()} == {1: 20_001, 2: 20_002, 0: 20_003}


def test_a_window_taken_before_later_appends_is_unchanged_by_them() -> None:
    recent = Recent()
    recent.add(rows(1, [(1, 0), (2, 1)]))
    window = recent.window([1, 2], 0, 10, 10)
    for _ in range(12):  # far enough for the arrays to grow
        recent.add(rows(recent.last + 1, [(1, 5)] * 1000))
    assert window.time.tolist() == [0, 1]
    assert dict(window.text) == {1: "1"}
