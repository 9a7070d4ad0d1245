"""What every historian promises, held against each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from lineshaft.core import quality
from lineshaft.core.errors import UsageError
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.historian.memory import MemoryHistorian
from lineshaft.historian.store import open_historian

EARLIEST, LATEST = -(2**63), 2**63 - 1

KINDS: dict[str, Callable[[Path], Historian]] = {
    "memory": lambda folder: MemoryHistorian(),
    "embedded, newest rows in SQLite": lambda folder: open_historian(folder / "a"),
    "embedded, every row in Delta": lambda folder: open_historian(folder / "b", flush_rows=1),
    "embedded, rows in both": lambda folder: open_historian(folder / "c", flush_rows=3),
}


@pytest.fixture(params=KINDS)
def historian(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Historian]:
    opened = KINDS[request.param](tmp_path)
    yield opened
    opened.close()


def put(historian: Historian, *samples: Sample, key: str | None = None) -> bool:
    return historian.append(Samples.of(samples), key=key)


def values(historian: Historian, tag: str, version: str | None = None) -> list[float]:
    series = historian.read([tag], EARLIEST, LATEST, version=version)[tag]
    return [float(value) for value in series.value]


def test_what_was_appended_is_read_again(historian: Historian) -> None:
    put(historian, Sample("a", 10, 1.5), Sample("b", 11, 2.5), Sample("a", 12, 3.5))
    read = historian.read(["a", "b"], 0, 100)
    assert read["a"].time.tolist() == [10, 12]
    assert read["a"].value.tolist() == [1.5, 3.5]
    assert read["b"].value.tolist() == [2.5]


def test_columns_keep_their_types(historian: Historian) -> None:
    put(historian, Sample("a", 10, 1.5))
    read = historian.read(["a", "never"], 0, 100)
    for series in read.values():
        assert series.time.dtype == np.int64
        assert series.value.dtype == np.float64
        assert series.quality.dtype == np.uint32


def test_the_end_of_a_window_is_outside_and_its_start_inside(historian: Historian) -> None:
    put(historian, *(Sample("a", time, float(time)) for time in (10, 20, 30)))
    assert historian.read(["a"], 10, 30)["a"].time.tolist() == [10, 20]


def test_a_tag_without_samples_reads_as_an_empty_series(historian: Historian) -> None:
    assert len(historian.read(["never"], 0, 10)["never"]) == 0
    assert historian.as_of(["never"], 10) == {}


def test_late_samples_take_their_place_in_time(historian: Historian) -> None:
    put(historian, Sample("a", 30, 3.0))
    put(historian, Sample("a", 10, 1.0), Sample("a", 20, 2.0))
    assert values(historian, "a") == [1.0, 2.0, 3.0]


def test_samples_of_one_time_keep_their_order_of_arrival(historian: Historian) -> None:
    for value in (3.0, 1.0, 2.0, 7.0, 5.0):
        put(historian, Sample("a", 10, value))
    assert values(historian, "a") == [3.0, 1.0, 2.0, 7.0, 5.0]
    assert historian.as_of(["a"], 10)["a"].value == 5.0


def test_nan_infinity_and_the_sign_of_zero_survive(historian: Historian) -> None:
    strange = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    put(historian, *(Sample("a", i, v) for i, v in enumerate(strange.tolist())))
    assert np.array(values(historian, "a")).tobytes() == strange.tobytes()


def test_quality_codes_travel_untouched(historian: Historian) -> None:
    codes = [quality.GOOD, quality.BAD_SENSOR_FAILURE, quality.UNCERTAIN_LAST_USABLE, 0xFFFFFFFF]
    put(historian, *(Sample("a", i, 0.0, code) for i, code in enumerate(codes)))
    assert historian.read(["a"], 0, 10)["a"].quality.tolist() == codes


def test_times_are_kept_to_the_nanosecond_at_both_ends_of_the_range(historian: Historian) -> None:
    times = [EARLIEST, -1, 0, 1_700_000_000_123_456_789, LATEST - 1]
    put(historian, *(Sample("a", time, 0.0) for time in times))
    assert historian.read(["a"], EARLIEST, LATEST)["a"].time.tolist() == times
    assert historian.as_of(["a"], LATEST)["a"].time == LATEST - 1
    assert historian.as_of(["a"], EARLIEST)["a"].time == EARLIEST


def test_text_is_kept_beside_numbers(historian: Historian) -> None:
    put(historian, Sample("a", 1, np.nan, text="Überlauf 泵\0\n\"quoted\""), Sample("a", 2, 1.0), Sample("b", 1, 2.0))
    read = historian.read(["a", "b"], 0, 10)
    assert read["a"].text == ("Überlauf 泵\0\n\"quoted\"", None)
    assert read["b"].text is None
    assert historian.as_of(["a"], 1)["a"].text == "Überlauf 泵\0\n\"quoted\""


def test_as_of_gives_the_newest_at_or_before(historian: Historian) -> None:
    put(historian, *(Sample("a", time, float(time)) for time in (10, 20, 30)))
    put(historian, Sample("b", 5, 0.5))
    assert historian.as_of(["a", "b"], 25) == {"a": Sample("a", 20, 20.0), "b": Sample("b", 5, 0.5)}
    assert historian.as_of(["a", "b"], 7) == {"b": Sample("b", 5, 0.5)}


def test_as_of_sees_a_late_sample(historian: Historian) -> None:
    put(historian, Sample("a", 10, 1.0), Sample("a", 40, 4.0), Sample("b", 40, 4.0))
    put(historian, Sample("a", 20, 2.0))
    assert historian.as_of(["a"], 30)["a"].value == 2.0
    assert historian.as_of(["a"], 50)["a"].value == 4.0


def test_of_equal_times_as_of_gives_the_last_arrived_also_for_a_late_one(historian: Historian) -> None:
    put(historian, Sample("a", 10, 1.0), Sample("a", 50, 5.0), Sample("b", 1, 1.0))
    put(historian, Sample("a", 10, 2.0))
    assert historian.as_of(["a"], 20)["a"].value == 2.0


def test_as_of_finds_a_tag_that_has_been_silent_for_years(historian: Historian) -> None:
    put(historian, Sample("slow", 0, 1.0))
    decade = 10 * 365 * 86_400 * 10**9
    for step in range(5):
        put(historian, Sample("fast", decade + step, 2.0))
    put(historian, Sample("slow", decade + 10, 3.0))
    assert historian.as_of(["slow", "fast"], decade)["slow"].value == 1.0


def test_a_repeated_key_is_dropped_whole(historian: Historian) -> None:
    assert put(historian, Sample("a", 1, 1.0), key="node7/42")
    assert not put(historian, Sample("a", 1, 1.0), Sample("a", 2, 2.0), key="node7/42")
    historian.compact()
    assert not put(historian, Sample("a", 3, 3.0), key="node7/42")
    assert values(historian, "a") == [1.0]


def test_batches_without_a_key_are_never_dropped(historian: Historian) -> None:
    assert put(historian, Sample("a", 1, 1.0))
    assert put(historian, Sample("a", 1, 1.0))
    assert values(historian, "a") == [1.0, 1.0]


def test_an_empty_batch_is_stored_and_its_key_remembered(historian: Historian) -> None:
    assert historian.append(Samples.empty(), key="k")
    assert not historian.append(Samples.empty(), key="k")


def test_a_version_keeps_its_answers_while_more_arrives(historian: Historian) -> None:
    put(historian, Sample("a", 10, 1.0), Sample("a", 20, 2.0))
    first = historian.version()
    put(historian, Sample("a", 15, 9.0), Sample("a", 20, 8.0), Sample("b", 1, 1.0))
    second = historian.version()
    put(historian, Sample("a", 30, 3.0))
    historian.compact()
    put(historian, Sample("a", 5, 0.5))
    assert values(historian, "a", first) == [1.0, 2.0]
    assert values(historian, "b", first) == []
    assert values(historian, "a", second) == [1.0, 9.0, 2.0, 8.0]
    assert historian.as_of(["a"], 100, version=first)["a"].value == 2.0
    assert historian.as_of(["a", "b"], 19, version=second) == {"a": Sample("a", 15, 9.0), "b": Sample("b", 1, 1.0)}
    assert historian.as_of(["a"], 100)["a"].value == 3.0


def test_as_of_at_a_version_ignores_what_arrived_later(historian: Historian) -> None:
    put(historian, Sample("a", 10, 1.0))
    version = historian.version()
    put(historian, Sample("a", 10, 2.0), Sample("a", 11, 3.0), Sample("b", 5, 5.0))
    assert historian.as_of(["a", "b"], 20, version=version) == {"a": Sample("a", 10, 1.0)}
    assert historian.as_of(["a", "b"], 20) == {"a": Sample("a", 11, 3.0), "b": Sample("b", 5, 5.0)}


def drawn(historian: Historian, tag: str, start: int, end: int, count: int) -> list[tuple[object, ...]]:
    columns = historian.columns([tag], start, end, count)[tag]
    return [tuple(repr(getattr(columns, field.name)[n].item()) for field in fields(columns)[2:])
            for n in range(len(columns))]


HOUR = 3_600 * 10**9


@pytest.mark.parametrize(("span", "count"), [(HOUR, 2000), (HOUR, 40), (12 * HOUR, 30), (90 * HOUR, 15)])
def test_columns_are_those_of_all_samples(historian: Historian, span: int, count: int) -> None:
    rng, reference = np.random.default_rng(3), MemoryHistorian()
    for batch in range(12):  # late, repeated and equal times; bad, uncertain, NaN, infinite, text
        samples = [Sample("ab"[n % 2], int(rng.integers(batch * span // 24, span) // 10**9 * 10**9),
                          float(rng.choice([rng.normal(), 1.0, np.nan, np.inf])),
                          int(rng.choice([quality.GOOD, quality.UNCERTAIN, quality.BAD_NO_DATA])),
                          "note" if n % 7 == 0 else None) for n in range(40)]
        for one in (historian, reference):
            put(one, *samples)
        if batch == 6:
            historian.compact()
    for tag in "ab":
        assert drawn(historian, tag, 0, span, count) == drawn(reference, tag, 0, span, count)
        late = (span // 2, span * 2 // 3, count)
        assert drawn(historian, tag, *late) == drawn(reference, tag, *late)
    historian.compact()
    assert drawn(historian, "a", 0, span, count) == drawn(reference, "a", 0, span, count)


def test_a_column_knows_its_first_last_lowest_and_highest_and_their_times(historian: Historian) -> None:
    put(historian, *(Sample("a", time, value) for time, value in ((10, 2.0), (20, 9.0), (30, 1.0), (39, 4.0))),
        Sample("a", 25, 99.0, quality.BAD_SENSOR_FAILURE), Sample("a", 40, 7.0), Sample("a", 81, np.nan))
    columns = historian.columns(["a"], 0, 120, 3)["a"]
    assert (columns.step, columns.start.tolist()) == (40, [0, 40, 80])
    assert columns.first.tolist()[:2] == [2.0, 7.0]
    assert (columns.low_time[0], columns.low[0], columns.high_time[0], columns.high[0]) == (30, 1.0, 20, 9.0)
    assert (columns.last_time[0], columns.last[0]) == (39, 4.0)
    assert columns.count.tolist() == [5, 1, 1]
    assert columns.bad.tolist() == [1, 0, 0]
    assert columns.quality[0] == quality.BAD_SENSOR_FAILURE
    assert np.isnan(columns.low[2])


def test_columns_without_samples_are_left_out_and_unknown_tags_have_none(historian: Historian) -> None:
    put(historian, Sample("a", 5, 1.0), Sample("a", 95, 2.0))
    columns = historian.columns(["a", "never"], 0, 100, 10)
    assert columns["a"].start.tolist() == [0, 90]
    assert len(columns["never"]) == len(historian.columns(["a"], 7, 7, 10)["a"]) == 0
    with pytest.raises(UsageError, match="columns cannot be drawn"):
        historian.columns(["a"], 0, 100, 0)


def tail(historian: Historian, arrival: int = 0, limit: int = 1000) -> list[tuple[str, float]]:
    """(tag, value) of all that arrived after a number, asked for ``limit`` at a time."""
    found: list[tuple[str, float]] = []
    while len(part := historian.since(arrival, limit=limit)):
        assert 0 < len(part) <= limit
        assert part.arrival == arrival + len(part)
        found += [(sample.tag, sample.value) for sample in part.samples]
        arrival = part.arrival
    assert arrival == part.arrival == historian.arrived()
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_the_tail_gives_every_sample_once_in_order_of_arrival(historian: Historian, limit: int) -> None:
    given = [("ab"[number % 2], float(number)) for number in range(9)]
    for tag, value in given:
        put(historian, Sample(tag, 100 - int(value), value))
    put(historian, Sample("c", 1, 9.0), Sample("a", 2, 10.0))
    assert tail(historian, limit=limit) == [*given, ("c", 9.0), ("a", 10.0)]
    historian.compact()
    put(historian, Sample("d", 1, 11.0))
    assert tail(historian, 8, limit) == [("a", 8.0), ("c", 9.0), ("a", 10.0), ("d", 11.0)]


def test_the_tail_goes_on_from_now_past_hand_overs_and_merges(historian: Historian) -> None:
    put(historian, Sample("a", 1, 1.0))
    now = historian.arrived()
    assert len(historian.since(now)) == 0
    put(historian, Sample("a", 2, 2.0))
    historian.compact()
    put(historian, Sample("b", 3, 3.0))
    historian.compact()
    put(historian, Sample("a", 0, 4.0))
    assert tail(historian, now) == [("a", 2.0), ("b", 3.0), ("a", 4.0)]
    assert historian.since(historian.arrived()).arrival == 4


def test_the_tail_keeps_time_quality_and_text(historian: Historian) -> None:
    given = [Sample("a", 7, 1.5, quality.BAD), Sample("b", 6, 2.5, text="ok"), Sample("a", 8, 3.5)]
    put(historian, *given)
    assert list(historian.since(0).samples) == given
    historian.compact()
    assert list(historian.since(1).samples) == given[1:]


@pytest.mark.parametrize("arrival", [-1, 2])
def test_a_number_that_was_never_given_out_is_refused(historian: Historian, arrival: int) -> None:
    put(historian, Sample("a", 1, 1.0))
    with pytest.raises(UsageError, match="never given out"):
        historian.since(arrival)
    with pytest.raises(UsageError, match="is no limit"):
        historian.since(0, limit=0)


def test_the_version_changes_only_when_something_was_stored(historian: Historian) -> None:
    put(historian, Sample("a", 1, 1.0), key="k")
    before = historian.version()
    put(historian, Sample("a", 1, 1.0), key="k")
    historian.compact()
    assert historian.version() == before
    put(historian, Sample("a", 1, 1.0))
    assert historian.version() != before


@pytest.mark.parametrize("name", ["", "7", "main", "0123456789ab-0", "x" * 12 + "-1"])
def test_a_foreign_version_is_refused(historian: Historian, name: str) -> None:
    put(historian, Sample("a", 1, 1.0))
    with pytest.raises(UsageError, match="version"):
        historian.read(["a"], 0, 10, version=name)
    with pytest.raises(UsageError, match="version"):
        historian.as_of(["a"], 10, version=name)


def test_a_version_from_the_future_is_refused(historian: Historian) -> None:
    put(historian, Sample("a", 1, 1.0))
    name, _, count = historian.version().rpartition("-")
    with pytest.raises(UsageError, match="only 1 are stored"):
        historian.read(["a"], 0, 10, version=f"{name}-{int(count) + 1}")


def test_tags_are_known_by_registering_or_appending(historian: Historian) -> None:
    flow = Tag("works/P101/flow", unit="L/min", low=0.0, high=80.0, period_ns=10**8, description="Förderstrom")
    historian.register([Tag("works/P101/flow"), Tag("works/T1/level")])
    put(historian, Sample("works/P102/flow", 1, 1.0))
    historian.register([flow])
    assert historian.tags() == (flow, Tag("works/P102/flow"), Tag("works/T1/level"))


def test_appending_does_not_overwrite_what_was_registered(historian: Historian) -> None:
    flow = Tag("flow", unit="L/min")
    historian.register([flow])
    put(historian, Sample("flow", 1, 1.0))
    assert historian.tags() == (flow,)


def test_a_bad_batch_is_refused_whole(historian: Historian) -> None:
    one = np.zeros(1, np.int64)
    outside = Samples(("a",), np.array([1], np.int32), one, np.zeros(1), np.zeros(1, np.uint32))
    with pytest.raises(UsageError, match="index points outside"):
        historian.append(outside, key="k")
    with pytest.raises(UsageError, match="not a tag path"):
        put(historian, Sample("good", 1, 1.0), Sample("bad\npath", 1, 1.0), key="k")
    assert historian.tags() == ()
    assert put(historian, Sample("good", 1, 1.0), key="k")


def test_text_that_is_no_unicode_is_refused(historian: Historian) -> None:
    with pytest.raises(UsageError, match="not valid Unicode"):
        put(historian, Sample("a", 1, np.nan, text="half a pair \ud800"))
    assert values(historian, "a") == []


def test_compaction_changes_no_answer(historian: Historian) -> None:
    for time in range(20):
        put(historian, Sample("a", 100 - time, float(time)), Sample("b", time, np.nan, text=f"note {time}"))
    before = historian.read(["a", "b"], 0, 200)
    historian.compact()
    historian.compact()
    after = historian.read(["a", "b"], 0, 200)
    assert before["a"].value.tolist() == after["a"].value.tolist()
    assert before["b"].text == after["b"].text


def test_tags_asked_twice_are_answered_once(historian: Historian) -> None:
    put(historian, Sample("a", 1, 1.0))
    assert list(historian.read(["a", "a"], 0, 10)) == ["a"]
    assert list(historian.as_of(["a", "a"], 10)) == ["a"]
