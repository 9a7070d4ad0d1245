"""What a chart is given: the samples or what stands for them, and breaks where there is nothing to draw."""

from __future__ import annotations

import numpy as np
import pytest

from lineshaft.app.console.trends.line import Line, QualitySpan
from lineshaft.app.console.trends.read import Trend, trends
from lineshaft.core.clock import SECOND
from lineshaft.core.quality import BAD_NO_COMMUNICATION, GOOD, UNCERTAIN
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.tag import Tag
from lineshaft.historian.memory import MemoryHistorian

FLOW = Tag("P101/flow", period_ns=SECOND)
HOUR = 3600 * SECOND


def drawn(samples: list[Sample], start: int, end: int, columns: int = 100, tag: Tag = FLOW,
          stale: int | None = None) -> Trend:
    historian = MemoryHistorian()
    historian.register([tag])
    historian.append(Samples.of(samples))
    return trends(historian, [tag], start, end, columns, now=end, stale={tag.path: stale} if stale else None)[tag.path]


def each_second(values: list[float], start: int = 0, quality: int = GOOD, tag: Tag = FLOW) -> list[Sample]:
    return [Sample(tag.path, (start + at) * SECOND, value, quality) for at, value in enumerate(values)]


def points(line: Line) -> list[tuple[float, float | None]]:
    return [(time / SECOND, None if np.isnan(value) else value)
            for time, value in zip(line.time.tolist(), line.value.tolist(), strict=True)]


def test_few_samples_are_drawn_as_they_are() -> None:
    found = drawn(each_second([1.0, 2.0, 3.0]), SECOND, 3 * SECOND)
    assert found.raw
    assert points(found.line) == [(1, 2.0), (2, 3.0)]


def test_many_samples_are_drawn_by_four_of_each_column() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=3600)
    found = drawn(each_second(values.tolist()), 0, HOUR, columns=30)
    assert not found.raw
    assert found.count == 3600
    assert len(found.line) <= 4 * 60
    assert found.line.value.max() == values.max()
    assert found.line.value.min() == values.min()
    assert (found.line.time[0], found.line.time[-1]) == (0, 3599 * SECOND)
    assert (np.diff(found.line.time) > 0).all()
    assert np.array_equal(values[found.line.time // SECOND], found.line.value)


@pytest.mark.parametrize("columns", [100, 10])
def test_a_silence_breaks_the_line_and_is_a_stale_stretch(columns: int) -> None:
    found = drawn([*each_second([1.0] * 50), *each_second([2.0] * 50, start=100)], 0, 150 * SECOND, columns)
    assert (54, None) in points(found.line)
    assert found.spans == (QualitySpan(54 * SECOND, 100 * SECOND, "stale"),)


def test_silence_up_to_now_is_a_stale_stretch() -> None:
    found = drawn(each_second([1.0] * 5), 0, 60 * SECOND)
    assert found.spans == (QualitySpan(9 * SECOND, 60 * SECOND, "stale"),)


def test_bad_values_are_not_drawn_and_said_to_be_bad() -> None:
    found = drawn([*each_second([1.0, 2.0]), *each_second([9.0, 9.0], 2, BAD_NO_COMMUNICATION),
                   *each_second([3.0], 4, UNCERTAIN)], 0, 5 * SECOND)
    assert points(found.line) == [(0, 1.0), (1, 2.0), (2, None), (3, None), (4, 3.0)]
    assert found.line.quality.tolist() == [0, 0, 2, 2, 1]
    assert found.spans == (QualitySpan(2 * SECOND, 4 * SECOND, "bad"), QualitySpan(4 * SECOND, 5 * SECOND, "uncertain"))


def test_a_column_of_bad_values_breaks_the_line_also_from_afar() -> None:
    found = drawn([*each_second([1.0] * 600), *each_second([7.0] * 600, 600, BAD_NO_COMMUNICATION),
                   *each_second([1.0] * 600, 1200)], 0, 1800 * SECOND, 30)
    assert not found.raw
    assert all(value in (1.0, None) for _, value in points(found.line))
    assert (600, None) in points(found.line)
    assert found.spans == (QualitySpan(600 * SECOND, 1200 * SECOND, "bad"),)


def test_how_long_a_tag_may_be_silent_can_be_said() -> None:
    samples = each_second([1.0] * 10) + each_second([1.0] * 10, 14)
    assert drawn(samples, 0, 24 * SECOND).spans == ()
    assert drawn(samples, 0, 24 * SECOND, stale=2 * SECOND).spans == (
        QualitySpan(11 * SECOND, 14 * SECOND, "stale"),)


def test_a_bad_value_lasts_until_it_is_stale() -> None:
    found = drawn(each_second([1.0], 0, BAD_NO_COMMUNICATION), 0, 9 * SECOND, stale=3 * SECOND)
    assert found.spans == (QualitySpan(0, 3 * SECOND, "bad"), QualitySpan(3 * SECOND, 9 * SECOND, "stale"))


def test_without_a_promised_period_the_usual_distance_counts() -> None:
    plain = Tag("P101/flow")
    found = drawn(each_second([1.0] * 50) + each_second([1.0] * 50, 80), 0, 130 * SECOND, tag=plain)
    assert found.spans == (QualitySpan(54 * SECOND, 80 * SECOND, "stale"),)


def test_a_switch_holds_its_value_and_begins_with_the_one_before() -> None:
    pump = Tag("P101/running", kind="bool")
    found = drawn([Sample(pump.path, 5, 1.0), Sample(pump.path, 50 * HOUR, 0.0), Sample(pump.path, 51 * HOUR, 1.0)],
                  49 * HOUR, 60 * HOUR, tag=pump)
    assert [value for _, value in points(found.line)] == [1.0, 0.0, 1.0]
    assert found.spans == ()


def test_no_number_is_no_value_and_a_text_neither() -> None:
    found = drawn([Sample(FLOW.path, 0, np.nan), Sample(FLOW.path, SECOND, np.inf),
                   Sample(FLOW.path, 2 * SECOND, np.nan, text="ok")], 0, 3 * SECOND)
    assert points(found.line) == [(0, None), (1, None), (2, None)]


def test_a_tag_without_samples_is_an_empty_line() -> None:
    found = drawn([], 0, HOUR)
    assert len(found.line) == 0
    assert found.spans == ()
