"""What a history was worth, and which promises were broken, as the data page tells it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineshaft.app.console.data.contract import Breach, Promise, broken
from lineshaft.app.console.data.links import lost_links
from lineshaft.app.console.data.shape import shape
from lineshaft.app.console.data.stretches import most_a_tag, plans, spread
from lineshaft.app.console.data.strip import BINS, gaps, strip
from lineshaft.app.console.data.survey import survey
from lineshaft.core.clock import SECOND
from lineshaft.core.quality import BAD_NO_COMMUNICATION, BAD_SENSOR_FAILURE, UNCERTAIN
from lineshaft.core.sample import Samples
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag
from lineshaft.historian.memory import MemoryHistorian

START = 1_700_000_000 * SECOND
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine may be busy with other tests."""


def series(times: Any, values: Any = None, quality: Any = None) -> Series:
    time = START + (np.asarray(times, np.float64) * SECOND).astype(np.int64)
    value = np.arange(len(time), dtype=np.float64) if values is None else np.asarray(values, np.float64)
    code = np.zeros(len(time), np.uint32) if quality is None else np.asarray(quality, np.uint32)
    return Series("a", time, value, code)


def promises(tag: Tag, *runs: Series) -> dict[str, Breach]:
    return {one.promise.value: one for one in broken(tag, runs)}


def test_a_tag_that_keeps_its_promises_breaks_none() -> None:
    tag = Tag("a", unit="bar", low=0, high=10, period_ns=SECOND)
    assert broken(tag, [series(range(10), [5.0] * 10)]) == ()


def test_values_outside_the_promised_range_are_counted_with_the_first_and_the_last() -> None:
    tag = Tag("a", unit="bar", low=0, high=10)
    found = promises(tag, series([0, 1, 2, 3], [5, 11, 5, -1]))["range"]
    assert (found.count, found.looked, found.figures) == (2, 4, {"least": -1.0, "most": 11.0})
    assert (found.first, found.last) == (START + SECOND, START + 3 * SECOND)


def test_bad_values_break_no_promise_but_missing_numbers_that_are_called_good_do() -> None:
    tag = Tag("a", unit="bar", low=0, high=10)
    assert broken(tag, [series([0, 1], [np.nan, 99.0], [BAD_SENSOR_FAILURE] * 2)]) == ()
    assert promises(tag, series([0, 1], [np.nan, 5.0]))["number"].count == 1


def test_a_slower_source_breaks_its_period_and_a_pause_between_two_stretches_does_not() -> None:
    tag = Tag("a", unit="bar", period_ns=SECOND)
    assert promises(tag, series([0, 1, 2]), series([100, 101])) == {}
    found = promises(tag, series([0, 1, 4, 5, 9]))["period"]
    assert (found.count, found.looked) == (2, 4) and found.figures["longest_ns"] == 4 * SECOND
    assert broken(Tag("a", unit="bar", period_ns=SECOND, deadband=0.1), [series([0, 60])]) == ()


@pytest.mark.parametrize(("kind", "values", "wrong"), [("bool", [0, 1, 0.5], 1), ("int", [3, 4.5, 5], 1),
                                                       ("bool", [0, 1, 1], 0), ("float", [0.5, 1, 2], 0)])
def test_values_are_of_the_promised_kind(kind: str, values: list[float], wrong: int) -> None:
    found = promises(Tag("a", unit="1", kind=kind), series([0, 1, 2], values))
    assert (found[Promise.KIND].count if "kind" in found else 0) == wrong


def test_a_number_without_a_unit_is_said_once_and_a_switch_needs_none() -> None:
    assert promises(Tag("a"), series([0]))["unit"] == Breach(Promise.UNIT)
    assert broken(Tag("a", kind="bool"), [series([0], [1.0])]) == () == broken(Tag("a", kind="text"), [series([0])])


def test_gaps_are_found_before_the_first_sample_between_two_and_after_the_last() -> None:
    found = gaps(Tag("a"), ((START, START + 100 * SECOND),), [series([*range(20, 40), *range(60, 80)])])
    assert [((a - START) // SECOND, (b - START) // SECOND) for a, b in found] == [(0, 20), (39, 60), (79, 100)]


def test_a_stretch_without_any_sample_is_missing_and_what_was_not_looked_at_is_not() -> None:
    spans = ((START, START + 10 * SECOND), (START + 90 * SECOND, START + 100 * SECOND))
    runs = [series(range(10)), series([])]
    letters = strip(spans, runs, gaps(Tag("a"), spans, runs), START, START + 100 * SECOND, 10)
    assert letters == "g........m"


def test_a_strip_shows_the_worst_of_each_part() -> None:
    quality = np.zeros(100, np.uint32)
    quality[5], quality[15], quality[16] = UNCERTAIN, UNCERTAIN, BAD_SENSOR_FAILURE
    values = np.ones(100)
    values[95] = np.nan
    spans = ((START, START + 100 * SECOND),)
    assert strip(spans, [series(range(100), values, quality)], (), START, START + 100 * SECOND, 10) == "ubgggggggb"


@BUSY
@given(st.lists(st.floats(0, 999), max_size=60), st.integers(1, 300))
def test_a_strip_has_as_many_parts_as_asked_for(times: list[float], bins: int) -> None:
    spans, runs = ((START, START + 1000 * SECOND),), [series(sorted(times))]
    letters = strip(spans, runs, gaps(Tag("a"), spans, runs), START, START + 1000 * SECOND, bins)
    assert len(letters) == bins and set(letters) <= set("gm")


def filled(seconds: int, rate: int, tags: int = 1) -> tuple[MemoryHistorian, list[Tag]]:
    historian, found = MemoryHistorian(), [Tag(f"works/t{i}", unit="bar") for i in range(tags)]
    times = START + np.arange(seconds * rate, dtype=np.int64) * (SECOND // rate)
    for tag in found:
        historian.append(Samples((tag.path,), np.zeros(len(times), np.int32), times, np.sin(times / 1e9),
                                 np.zeros(len(times), np.uint32)))
    return historian, found


def test_little_is_looked_at_whole_and_much_in_stretches_from_end_to_end() -> None:
    historian, tags = filled(600, 100)
    end = START + 600 * SECOND
    (whole,) = plans(historian, tags, START, START + 60 * SECOND)
    (parts,) = plans(historian, tags, START, end)
    assert whole.whole and whole.spans == ((START, START + 60 * SECOND),)
    assert not parts.whole and parts.spans[0][0] == START and parts.spans[-1][1] == end
    looked = sum(b - a for a, b in parts.spans) * 100 / SECOND
    assert 0.9 * most_a_tag(1) < looked <= most_a_tag(1) + len(parts.spans)


def test_a_slow_tag_beside_fast_ones_is_looked_at_whole() -> None:
    historian, tags = filled(600, 100)
    slow = Tag("works/slow", unit="bar")
    times = START + np.arange(10, dtype=np.int64) * 60 * SECOND
    historian.append(Samples((slow.path,), np.zeros(10, np.int32), times, np.arange(10.0), np.zeros(10, np.uint32)))
    found = {tag.path: plan.whole for plan in plans(historian, [*tags, slow], START, START + 600 * SECOND)
             for tag in plan.tags}
    assert found == {tags[0].path: False, slow.path: True}


def test_a_survey_says_how_much_it_looked_at() -> None:
    historian, tags = filled(600, 100)
    found = survey(historian, tags, START, START + 600 * SECOND)
    (one,) = found.tags
    assert not one.whole and 0 < one.looked_ns < 600 * SECOND and one.quality.samples <= 1.01 * most_a_tag(1)
    assert one.strip == "g" * BINS


def test_a_gap_between_two_stretches_of_a_fast_tag_still_shows() -> None:
    historian, tags = MemoryHistorian(), [Tag("a", unit="bar")]
    times = START + np.arange(60_000, dtype=np.int64) * (SECOND // 100)
    there = (times < START + 301 * SECOND) | (times > START + 308 * SECOND)
    quality = np.where(np.arange(60_000) == 12_345, BAD_SENSOR_FAILURE, 0).astype(np.uint32)
    historian.append(Samples(("a",), np.zeros(int(there.sum()), np.int32), times[there], np.sin(times / 1e9)[there],
                             quality[there]))
    found = survey(historian, tags, START - 60 * SECOND, START + 600 * SECOND, since=START).tags[0]
    assert not found.whole and found.strip.count("b") == 1 and found.strip.count("m") in (1, 2)
    assert found.strip.lstrip(".").startswith("g") and found.strip.count(".") in (10, 11)


def test_what_lies_before_the_first_record_is_no_gap() -> None:
    historian, tags = filled(100, 1)
    late = survey(historian, tags, START - 100 * SECOND, START + 100 * SECOND, since=START).tags[0]
    assert late.missing_ns == 0 and late.strip == "." * (BINS // 2) + "g" * (BINS // 2)
    assert survey(historian, tags, START - 100 * SECOND, START + 100 * SECOND).tags[0].missing_ns == 100 * SECOND


def test_lost_links_are_counted_with_their_length_also_one_that_is_still_lost() -> None:
    historian = MemoryHistorian()
    quality = np.zeros(100, np.uint32)
    quality[20] = quality[30] = quality[90] = BAD_NO_COMMUNICATION
    keep = np.ones(100, np.bool_)
    keep[21:25] = keep[91:] = False
    times = (START + np.arange(100, dtype=np.int64) * SECOND)[keep]
    historian.append(Samples(("a",), np.zeros(len(times), np.int32), times, np.ones(len(times)), quality[keep]))
    found = lost_links(historian, [Tag("a")], START, START + 100 * SECOND)
    assert [((a - START) // SECOND, (b - START) // SECOND) for a, b in found.spans] == [(20, 25), (30, 31), (90, 100)]


@BUSY
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=50))
def test_any_values_have_a_shape_or_none(values: list[float]) -> None:
    found = shape([series(range(len(values)), values)])
    assert found is None or sum(found.counts) == int(np.isfinite(values).sum())


@pytest.mark.parametrize("spans", [[(0, 10**15)], [(0, 10**14), (5 * 10**14, 6 * 10**14)], [(0, 5), (7, 7)]])
def test_long_stretches_are_looked_at_from_end_to_end_in_few_pieces(spans: list[tuple[int, int]]) -> None:
    pieces = spread(spans, 24, 60 * SECOND)
    assert len(pieces) <= 26 and pieces[0][0] == spans[0][0]
    assert all(any(start <= a < b <= end for start, end in spans) for a, b in pieces)
