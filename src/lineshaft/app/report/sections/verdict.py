"""The verdict: one sentence at the top, then what to keep in mind while reading on."""

from __future__ import annotations

import numpy as np

from lineshaft.app.report.data import Event, ReportAlarm, ReportData
from lineshaft.app.report.markup import Markup, el, join, name
from lineshaft.app.report.text import Text, moment, number, percent

EVENTS = 6
MANY = 0.5
"""An alarm that stands this much of the watched time says the plant has left what was learnt."""


def verdict(data: ReportData, text: Text) -> Markup:
    """What was found, when, and which tags; or that nothing was."""
    watched = int(data.judged.sum())
    if not watched:
        shape, style, said = "?", "unknown", text.html("verdict.not_watched")
    elif data.alarms:
        shape, style, said = "▲", "found", _found(data, text, watched)
    else:
        shape, style, said = "●", "quiet", _quiet(data, text, watched)
    cautions = _cautions(data, text, watched)
    listed = el("ul", [el("li", caution) for caution in cautions], class_="cautions") if cautions else None
    events = [el("p", _event(event, data, text)) for event in data.events[:EVENTS]]
    return el("section", el("span", shape, class_="shape", aria_hidden="true"),
              el("div", el("p", said, class_="said"), events, listed), class_=f"verdict {style}", id="verdict")


def strongest(data: ReportData) -> ReportAlarm:
    """The alarm with the highest peak."""
    return max(data.alarms, key=lambda alarm: alarm.peak)


def when(data: ReportData, time: int, text: Text, run: int = 0) -> str:
    """A time as this report's axis counts it."""
    if data.by_row:
        return text("when.row", n=f"{data.row(run, time):,}")
    return text.duration(time) if data.relative_time else moment(time)


def placed(data: ReportData, time: int, text: Text, run: int) -> Markup:
    """The same with the run's name, where there are several."""
    called = data.run_name(run)
    return join(when(data, time, text, run), [" (", name(called), ")"] if called else None)


def lasting(data: ReportData, start: int, end: int, text: Text) -> str:
    """How long, both ends included; in rows where they have no times."""
    rows = (end - start) // max(data.period_ns, 1) + 1
    return text.count("when.rows", rows) if data.by_row else text.duration(end - start + data.period_ns)


def stretch(data: ReportData, start: int, end: int, text: Text, run: int = 0) -> str:
    """From when to when, the date only once where both are of one day."""
    first, last = when(data, start, text, run), when(data, end, text, run)
    if not data.relative_time and not data.by_row and first[:11] == last[:11]:
        last = last[11:]
    return f"{first} \N{EN DASH} {last}"


def _over(data: ReportData, text: Text, rows: int) -> str:
    """How much was watched."""
    return text.count("when.rows", rows) if data.by_row or not data.period_ns else text.duration(rows * data.period_ns)


def _found(data: ReportData, text: Text, watched: int) -> Markup:
    worst = strongest(data)
    causes = [join(name(cause.tag), f" ({percent(cause.share)})") for cause in worst.causes[:3]]
    parts = [el("strong", text.count("verdict.alarms", len(data.alarms),
                                       watched=_over(data, text, watched))), " ",
             text.html("verdict.strongest" if len(data.alarms) > 1 else "verdict.only",
                       start=placed(data, worst.start, text, worst.run),
                       duration=lasting(data, worst.start, worst.end, text),
                       peak=number(worst.peak, 3))]
    if causes:
        parts.append(text.html("verdict.points_to", causes=text.listed(causes)))
    if worst.open:
        parts.append(text.html("verdict.open"))
    return join(parts, text("list.stop"))


def _quiet(data: ReportData, text: Text, watched: int) -> Markup:
    peak = float(np.max(data.score[data.judged])) / data.limit
    return join(el("strong", text("verdict.nothing")), " ",
                text.html("verdict.quiet", watched=_over(data, text, watched), peak=number(peak, 3)))


def _event(event: Event, data: ReportData, text: Text) -> Markup:
    late = event.delay_ns
    key = f"verdict.event_{'missed' if late is None else 'found' if late else 'at_once'}"
    return text.html(key, name=name(event.name), start=placed(data, event.start, text, event.run),
                     delay=_delay(data, event, text))


def _delay(data: ReportData, event: Event, text: Text) -> str:
    late = event.delay_ns or 0
    return text.count("when.rows", late // max(data.period_ns, 1)) if data.by_row else text.duration(late)


def _cautions(data: ReportData, text: Text, watched: int) -> list[Markup]:
    trust, found = data.trust, []
    if trust.normal_was_assumed:
        found.append(text.html("caution.assumed"))
    if _alarmed_share(data, watched) > MANY:
        found.append(text.html("caution.mostly_alarm", share=percent(_alarmed_share(data, watched))))
    if trust.expected_rate is not None and trust.observed_rate is not None and (
            trust.observed_rate > max(2 * trust.expected_rate, 1e-12)):
        found.append(text.html("caution.far", observed=percent(trust.observed_rate),
                               expected=percent(trust.expected_rate)))
    if trust.masked_share > 0.05:
        found.append(text.html("caution.masked", share=percent(trust.masked_share)))
    left_out = [tag for tag in data.quality.tags if not tag.usable] if data.quality else []
    if left_out:
        found.append(text.html("caution.left_out_one" if len(left_out) == 1 else "caution.left_out_many",
                               n=len(left_out), tags=text.listed([name(tag.tag) for tag in left_out[:3]])))
    return found


def _alarmed_share(data: ReportData, watched: int) -> float:
    inside = np.zeros(len(data.times), np.bool_)
    for alarm in data.alarms:
        begin, stop = (0, len(data.times)) if data.run is None else (
            np.searchsorted(data.run, [alarm.run, alarm.run + 1]).tolist())
        first, last = np.searchsorted(data.times[begin:stop], [alarm.start, alarm.end + 1]).tolist()
        inside[begin + first:begin + last] = True
    return float((inside & data.judged).sum()) / max(watched, 1)
