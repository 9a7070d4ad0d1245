"""When an alarm stood, however much of history is looked at and however it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.app.console.alarms.occurrences import AlarmHistory
from lineshaft.app.console.alarms.stretches import SHORT_NS, Known, Signal, Stretch, signal, stretches
from lineshaft.app.console.context import NotFound
from lineshaft.core.clock import SECOND
from lineshaft.core.columns import Columns
from lineshaft.core.decision import Cause, Decision
from lineshaft.core.decision_tags import decision_samples
from lineshaft.core.sample import Samples
from lineshaft.core.series import Series
from lineshaft.historian.memory import MemoryHistorian

START, HOUR, MINUTE = 1_700_000_000 * SECOND, 3600 * SECOND, 60 * SECOND
PATH = "decision/cell/works/alarm"
HOURS = 2 * 366 * 24
TICKS = st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=60)


def plainly(times: Sequence[int], alarms: Sequence[bool], gap: int) -> list[Stretch]:
    found: list[Stretch] = []
    before: tuple[int, bool] | None = None
    for time, alarm in zip(times, alarms, strict=True):
        if alarm and before is not None and before[1] and time - before[0] <= gap:
            found[-1] = Stretch(found[-1].start, time)
        elif alarm:
            found.append(Stretch(time, time))
        before = time, alarm
    return found


@given(TICKS, st.integers(1, 4))
def test_stretches_are_what_a_plain_walk_finds(ticks: list[tuple[int, bool]], gap: int) -> None:
    times, alarms = np.cumsum([step for step, _ in ticks]).astype(np.int64), np.array([on for _, on in ticks], np.bool_)
    assert stretches(Signal(times, times, alarms, len(ticks)), gap) == plainly(times.tolist(), alarms.tolist(), gap)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, HOURS), st.integers(1, 900)), max_size=8),
       st.lists(st.tuples(st.integers(0, HOURS), st.integers(1, 200)), max_size=3))
def test_two_years_read_by_their_overview_say_what_every_sample_says(stood: list[tuple[int, int]],
                                                                     silent: list[tuple[int, int]]) -> None:
    alarm, there = np.zeros(HOURS, np.bool_), np.ones(HOURS, np.bool_)
    for first, count in stood:
        alarm[first:first + count] = True
    for first, count in silent:
        there[first:first + count] = False
    times = (START // HOUR + np.flatnonzero(there)) * HOUR
    historian = MemoryHistorian()
    historian.append(Samples((PATH,), np.zeros(len(times), np.int32), times, alarm[there].astype(np.float64),
                             np.zeros(len(times), np.uint32)))
    end = int(times[-1]) + 1
    found = signal(historian, PATH, int(times[0]), end, gap_ns=10 * HOUR, period_ns=HOUR)
    assert end - times[0] > SHORT_NS
    assert stretches(found, 10 * HOUR) == plainly(times.tolist(), alarm[there].tolist(), 10 * HOUR)
    assert found.count == len(times)


class Counting(MemoryHistorian):
    """Counts the samples that are read one by one."""

    rows = 0

    def read(self, tags: Sequence[str], start: int, end: int, *, version: str | None = None) -> Mapping[str, Series]:
        found = super().read(tags, start, end, version=version)
        self.rows += sum(len(series) for series in found.values())
        return found

    def columns(self, tags: Sequence[str], start: int, end: int, count: int) -> Mapping[str, Columns]:
        before = self.rows
        found = super().columns(tags, start, end, count)
        self.rows = before
        return found


def test_a_long_time_is_read_where_something_happened_and_only_once() -> None:
    historian, count = Counting(), 30 * 24 * 60
    times, alarm = START // MINUTE * MINUTE + np.arange(count) * MINUTE, np.zeros(count)
    alarm[40_000:40_100] = 1
    historian.append(Samples((PATH,), np.zeros(count, np.int32), times, alarm, np.zeros(count, np.uint32)))
    known: Known = {}

    def found() -> Signal:
        return signal(historian, PATH, int(times[0]), int(times[-1]) + 1, gap_ns=10 * MINUTE, period_ns=MINUTE,
                      known=known)

    first, rows = found(), historian.rows
    assert stretches(first, 10 * MINUTE) == [Stretch(int(times[40_000]), int(times[40_099]))]
    assert 0 < rows < count / 3
    assert np.array_equal(found().first, first.first) and historian.rows == rows


def decided(at: int, alarm: bool, tag: str = "flow", score: float = 0.5) -> Decision:
    return Decision("cell", "works", START + at * SECOND, 1 + score if alarm else score, alarm,
                    (Cause(tag, 0.75), Cause("level", 0.25)) if alarm else (), 0.99)


ALARMS = ((100, 160, "flow"), (300, 301, "speed"), (4000, 9000, "level"), (9500, 9501, "flow"))
LAST = 10_000


@cache
def history() -> AlarmHistory:
    historian = MemoryHistorian()
    stood = {at: tag for first, last, tag in ALARMS for at in range(first, last + 1)}
    historian.append(decision_samples(decided(at, at in stood, stood.get(at, "")) for at in range(LAST)))
    return AlarmHistory(historian, "cell", "works", SECOND)


def told(start: int, end: int, now: int = LAST) -> list[tuple[int, int]]:
    seen = history().over(START + start * SECOND, START + end * SECOND, START + now * SECOND)
    return [((one.start - START) // SECOND, (one.end - START) // SECOND) for one in seen.occurrences]


@settings(max_examples=40, deadline=None)
@given(st.integers(-50, LAST), st.integers(1, LAST))
def test_every_window_shows_the_alarms_that_reach_into_it_and_each_of_them_whole(start: int, length: int) -> None:
    wanted = [(first, last) for first, last, _ in ALARMS if last >= start and first < start + length]
    assert told(start, start + length) == wanted


def test_an_alarm_has_its_highest_score_and_what_it_blamed_at_first() -> None:
    historian = MemoryHistorian()
    historian.append(decision_samples(
        [decided(at, at > 0, "flow" if at <= 600 else "level", 5.0 if at == 900 else 0.5) for at in range(1000)]))
    one = AlarmHistory(historian, "cell", "works", SECOND).at((START // SECOND + 900) * 1000, START + LAST * SECOND)
    assert one.peak == 6.0 and [cause.tag for cause in one.causes] == ["flow", "level"]
    assert one.start == START + SECOND and one.end == START + 999 * SECOND


def test_an_alarm_is_open_only_while_its_decisions_are_the_newest_and_new() -> None:
    historian = MemoryHistorian()
    historian.append(decision_samples(decided(at, at > 5) for at in range(10)))
    found = AlarmHistory(historian, "cell", "works", SECOND)

    def still(now: int) -> bool:
        return found.at((START // SECOND + 8) * 1000, START + now * SECOND).open

    assert still(10) and still(60)
    assert not still(3600)
    historian.append(decision_samples([decided(10, False)]))
    assert not still(11)


def test_a_stopped_loop_ends_its_alarm() -> None:
    historian = MemoryHistorian()
    historian.append(decision_samples(decided(at, True) for at in (1, 2, 3, 400, 401)))
    found = AlarmHistory(historian, "cell", "works", SECOND).over(START, START + 500 * SECOND, START + 500 * SECOND)
    assert [(one.start - START) // SECOND for one in found.occurrences] == [1, 400] and found.count == 5


def test_a_moment_without_an_alarm_is_said_with_its_time() -> None:
    with pytest.raises(NotFound, match="no alarm stood at 2023-11-14T22:16:40"):
        history().at((START // SECOND + 200) * 1000, START + LAST * SECOND)


@pytest.mark.parametrize("at", [100, 130, 160])
def test_an_alarm_is_found_by_any_moment_at_which_it_stood(at: int) -> None:
    assert history().at((START // SECOND + at) * 1000, START + LAST * SECOND).start == START + 100 * SECOND
