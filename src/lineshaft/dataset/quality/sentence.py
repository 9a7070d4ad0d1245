"""One sentence a finding, for a person who knows the plant and not the mathematics."""

from __future__ import annotations

import math
from collections.abc import Callable

from lineshaft.core.clock import format_duration, format_time
from lineshaft.core.listed import some
from lineshaft.dataset.quality.finding import Finding, Kind, QualityReport, Unusable

MOST_WRITTEN_OUT = 1e15
REASONS = {
    Unusable.NO: "usable",
    Unusable.DEAD: "left out: it never shows a usable value",
    Unusable.CONSTANT: "left out: it never changes, so there is nothing to learn from it",
    Unusable.MOSTLY_MISSING: "left out: more than half of its values are missing or bad",
    Unusable.MOSTLY_FROZEN: "left out: it stands still most of the time",
}


def sentence(found: Finding, unit: str = "") -> str:
    """What was found, where and how much.

    >>> from lineshaft.dataset.quality.finding import Severity
    >>> sentence(Finding("P1/flow", Kind.MISSING, Severity.WARNING, 12, 0.03))
    'P1/flow: 12 values are missing (3 %).'
    """
    where = f"{found.tag}: " if found.tag else ""
    return f"{where}{_PHRASES[found.kind](found, f' {unit}' if unit else '')}."


def overall(report: QualityReport, *, timed: bool = True) -> str:
    """The whole report in one sentence; ``timed`` False where times are counts of rows."""
    left_out = [tag.tag for tag in report.tags if not tag.usable]
    over = f" over {format_duration(report.end - report.start)}" if timed else ""
    rows = f"{report.rows:,} samples a tag{over}"
    if not left_out:
        return f"All {len(report.tags)} tags can be used ({rows})."
    return (f"{len(report.tags) - len(left_out)} of {len(report.tags)} tags can be used ({rows}); "
            f"not {some(left_out, 3)}.")


def percent(share: float) -> str:
    """A share with as many digits as matter.

    >>> percent(0.25), percent(0.0123), percent(0.00001), percent(0.0)
    ('25 %', '1.2 %', 'under 0.01 %', '0 %')
    """
    if 0 < share < 0.0001:
        return "under 0.01 %"
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"


def _number(value: float, digits: int = 4) -> str:
    return f"{value:,.0f}" if 10**digits <= abs(value) < MOST_WRITTEN_OUT else f"{value:.{digits}g}"


def _way(start: float, end: float) -> str:
    """From one value to another, with as many digits as tell them apart.

    >>> _way(1e9, 1e9 + 6019), _way(293.15, 293.17), _way(0.0, 3.0)
    ('from 1,000,000,000 to 1,000,006,019', 'from 293.15 to 293.17', 'from 0 to 3')
    """
    largest, apart = max(abs(start), abs(end)), abs(end - start)
    digits = 4 if apart == 0 else min(15, max(4, math.ceil(math.log10(largest / apart)) + 1))
    return f"from {_number(start, digits)} to {_number(end, digits)}"


def _times(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _missing(f: Finding, unit: str) -> str:
    return f"{_times(f.count, 'value is', 'values are')} missing ({percent(f.share)})"


def _bad(f: Finding, unit: str) -> str:
    return f"the source itself marked {_times(f.count, 'value', 'values')} ({percent(f.share)}) as bad"


def _gap(f: Finding, unit: str) -> str:
    return (f"{_times(f.count, 'gap', 'gaps')} without any sample, the longest "
            f"{format_duration(f.figures['longest_ns'])} ({percent(f.share)} of the time)")


def _constant(f: Finding, unit: str) -> str:
    return f"always {_number(f.figures['value'])}{unit}"


def _frozen(f: Finding, unit: str) -> str:
    return (f"stands still {_times(f.count, 'time', 'times')}, for up to "
            f"{format_duration(f.figures['longest_ns'])} at {_number(f.figures['value'])}{unit}, "
            f"though it usually moves within {_times(round(f.figures['usual']), 'sample', 'samples')}")


def _at_rest(f: Finding, unit: str) -> str:
    return (f"rests at {_number(f.figures['value'])}{unit} for up to "
            f"{format_duration(f.figures['longest_ns'])} ({percent(f.share)} of the values): "
            f"a machine that is off, or an instrument at the end of its range")


def _out_of_range(f: Finding, unit: str) -> str:
    low, high = f.figures.get("low"), f.figures.get("high")
    limits = " to ".join("..." if end is None else _number(end) for end in (low, high))
    return (f"{_times(f.count, 'value', 'values')} ({percent(f.share)}) outside its range {limits}{unit}; "
            f"it reaches {_number(f.figures['least'])} to {_number(f.figures['most'])}{unit}")


def _spike(f: Finding, unit: str) -> str:
    return (f"{_times(f.count, 'single value jumps', 'single values jump')} away from "
            f"{'its' if f.count == 1 else 'their'} neighbours by {'' if f.count == 1 else 'up to '}"
            f"{_number(f.figures['largest'])}{unit}")


def _coarse(f: Finding, unit: str) -> str:
    return (f"moves in steps of {_number(f.figures['step'])}{unit}, about {f.count} levels in all: "
            f"smaller changes can't be seen")


def _drift(f: Finding, unit: str) -> str:
    way = "climbs" if f.figures["to"] > f.figures["from"] else "falls"
    return f"{way} steadily {_way(f.figures['from'], f.figures['to'])}{unit}"


def _duplicate(f: Finding, unit: str) -> str:
    return f"{_times(f.count, 'time stamp repeats', 'time stamps repeat')}; the last one that arrived counts"


def _unsorted(f: Finding, unit: str) -> str:
    return f"{_times(f.count, 'row is', 'rows are')} out of order ({percent(f.share)}); sorted by time"


def _clock_jump(f: Finding, unit: str) -> str:
    hint = (", as when summer time ends: export in UTC, or say which time zone it is"
            if f.figures["summer_time"] else "")
    return (f"the clock was set back {_times(f.count, 'time', 'times')}, first at "
            f"{format_time(f.spans[0][1])}, by up to {format_duration(f.figures['longest_ns'])}{hint}")


def _jitter(f: Finding, unit: str) -> str:
    return (f"uneven sampling: {percent(f.share)} of the intervals are far from the usual "
            f"{format_duration(f.figures['period_ns'])}")


_PHRASES: dict[Kind, Callable[[Finding, str], str]] = {
    Kind.MISSING: _missing, Kind.BAD: _bad, Kind.GAP: _gap, Kind.CONSTANT: _constant, Kind.FROZEN: _frozen,
    Kind.AT_REST: _at_rest, Kind.OUT_OF_RANGE: _out_of_range, Kind.SPIKE: _spike, Kind.COARSE: _coarse,
    Kind.DRIFT: _drift, Kind.DUPLICATE: _duplicate, Kind.UNSORTED: _unsorted,
    Kind.CLOCK_JUMP: _clock_jump, Kind.JITTER: _jitter,
}
