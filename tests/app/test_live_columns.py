"""What a live loop said, read as a backtest is."""

from __future__ import annotations

from lineshaft.app.backtest import episodes, of_decisions
from lineshaft.core.decision import Cause, Decision, Source


def said(time: int, score: float, **more: object) -> Decision:
    return Decision("cell", "", time, score, score > 1, **more)  # type: ignore[arg-type]  # named fields of the test


def test_the_alarms_of_a_live_loop_are_found_as_those_of_a_file() -> None:
    blamed = {"causes": (Cause("flow", 0.8), Cause("level", 0.2)), "confidence": 0.99}
    live = [said(1, 0.1), said(2, 1.5, **blamed), said(3, 2.5, **blamed, source=Source.LAST_GOOD), said(4, 0.2)]
    (alarm,) = episodes(of_decisions(live))
    assert (alarm.start, alarm.end, alarm.peak, alarm.open) == (2, 3, 2.5, False)
    assert [cause.tag for cause in alarm.causes] == ["flow", "level"]
    assert not len(of_decisions([]))
