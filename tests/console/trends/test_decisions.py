"""Alarms over a range are those of the decisions themselves, however long the range."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from lineshaft.app.console.trends import decisions as decisions_module
from lineshaft.app.console.trends.decisions import DecisionReader, DecisionSpan
from lineshaft.core.clock import SECOND
from lineshaft.core.decision import Cause, Decision, Source
from lineshaft.core.decision_tags import decision_samples, decision_tags
from lineshaft.core.series import Series
from lineshaft.core.store import Historian
from lineshaft.historian.memory import MemoryHistorian
from lineshaft.historian.store import EmbeddedHistorian, open_historian

DAY = 86_400


def decided(second: int, alarm: bool, score: float = 0.5, tag: str = "P101/flow") -> Decision:
    return Decision("cell", "works", second * SECOND, score, alarm, (Cause(tag, 0.75), Cause("T1/level", 0.25)),
                    masked=("T2/level",) if alarm else (), bundle="sha256:1",
                    source=Source.BUNDLE)


def told(alarms: Sequence[tuple[int, int]], length: int, step: int = 1) -> list[Decision]:
    """A decision every ``step`` seconds, in alarm from the first to the last second of each pair."""
    return [decided(second, alarm, 1.5 + second / length if alarm else 0.5)
            for second in range(0, length, step)
            for alarm in [any(first <= second <= last for first, last in alarms)]]


def kept(historian: Historian, given: Sequence[Decision]) -> None:
    historian.register(decision_tags("cell", "works"))
    historian.append(decision_samples(given))


def spans(historian: Historian, start: int, end: int, columns: int = 1000) -> list[DecisionSpan]:
    return DecisionReader().spans(historian, "cell", "works", start * SECOND, end * SECOND, columns)


def seconds(found: Sequence[DecisionSpan]) -> list[tuple[int, int]]:
    return [(span.start // SECOND, span.end // SECOND) for span in found]


@pytest.mark.parametrize("columns", [10, 100, 3000])
def test_alarms_have_their_exact_times_at_any_width(columns: int) -> None:
    historian = MemoryHistorian()
    alarms = [(100, 130), (2000, 2000), (5000, 7000)]
    kept(historian, told(alarms, 9000))
    found = spans(historian, 0, 9000, columns)
    assert seconds(found) == alarms
    assert found[0].peak == pytest.approx(1.5 + 130 / 9000)
    assert not any(span.open for span in found)


def test_an_alarm_says_what_it_blamed_and_what_was_masked() -> None:
    historian = MemoryHistorian()
    kept(historian, told([(10, 20)], 60))
    (found,) = spans(historian, 0, 60)
    assert [(one.tag, round(one.share, 6)) for one in found.causes] == [("P101/flow", 0.75), ("T1/level", 0.25)]
    assert (found.masked, found.source, found.bundle) == (("T2/level",), "bundle", "sha256:1")


def test_an_alarm_that_stands_is_open() -> None:
    historian = MemoryHistorian()
    kept(historian, told([(10, 20), (50, 60)], 60))
    assert [span.open for span in spans(historian, 0, 60)] == [False, True]


def test_a_stop_of_the_node_parts_two_alarms() -> None:
    historian = MemoryHistorian()
    kept(historian, told([(50, 100)], 60))
    kept(historian, [decided(second, True) for second in range(300, 320)])
    assert seconds(spans(historian, 0, 400)) == [(50, 59), (300, 319)]


def test_without_decisions_there_is_nothing() -> None:
    assert spans(MemoryHistorian(), 0, 1000) == []


def test_months_are_read_around_their_alarms_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alarms = [(3 * DAY + 600, 3 * DAY + 1200), (20 * DAY, 20 * DAY + 120)]
    read = EmbeddedHistorian.read
    sizes: list[int] = []

    def counted(self: EmbeddedHistorian, *given: object, **named: object) -> dict[str, Series]:
        found = read(self, *given, **named)  # type: ignore[arg-type]
        sizes.append(sum(map(len, found.values())))
        return dict(found)

    monkeypatch.setattr(EmbeddedHistorian, "read", counted)
    with open_historian(tmp_path) as historian:
        kept(historian, told(alarms, 30 * DAY, 120))
        historian.compact()
        assert seconds(spans(historian, 0, 30 * DAY)) == alarms
    assert sum(sizes) < 1_000 < 30 * DAY // 120


def test_where_nearly_all_is_alarm_times_come_from_the_overview(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions_module, "MOST_ROWS", 100)
    historian = MemoryHistorian()
    kept(historian, told([(100, 130), (5000, 7000)], 9000))
    found = spans(historian, 0, 9000, 90)
    assert not any(span.exact for span in found)
    assert [span.start // SECOND for span in found] == [100, 5000]
    late = [span.end // SECOND - end for span, end in zip(found, (130, 7000), strict=True)]
    assert late == pytest.approx([0, 0], abs=120)


def test_many_alarms_are_explained_the_newest_only_and_read_in_few_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions_module, "MOST_DETAILED", 3)
    historian = MemoryHistorian()
    alarms = [(at, at + 5) for at in range(100, 6_000, 150)]
    kept(historian, told(alarms, 6_000))
    found = spans(historian, 0, 6_000, 2000)
    assert seconds(found) == alarms
    assert [span.explained for span in found] == [False] * (len(alarms) - 3) + [True] * 3
