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
    watched = int(np.isfinite(data.score).sum())
    if not watched:
        shape, style, said = "?", "unknown", text.html("verdict.not_watched")
    elif data.alarms:
        shape, style, said = "▲", "found", _found(data, text)
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


def when(data: ReportData, time: int, text: Text) -> str:
    """A time as this report's axis counts it."""
    return text.duration(time) if data.relative_time else moment(time)


def stretch(data: ReportData, start: int, end: int, text: Text) -> str:
    """From when to when, the date only once where both are of one day."""
    first, last = when(data, start, text), when(data, end, text)
    if not data.relative_time and first[:11] == last[:11]:
        last = last[11:]
    return f"{first} \N{EN DASH} {last}"


def _found(data: ReportData, text: Text) -> Markup:
    worst = strongest(data)
    causes = [join(name(cause.tag), f" ({percent(cause.share)})") for cause in worst.causes[:3]]
    parts = [el("strong", text.count("verdict.alarms", len(data.alarms))), " ",
             text.html("verdict.strongest" if len(data.alarms) > 1 else "verdict.only",
                       start=when(data, worst.start, text), duration=text.duration(worst.end - worst.start),
                       peak=number(worst.peak, 3))]
    if causes:
        parts.append(text.html("verdict.points_to", causes=text.listed(causes)))
    if worst.open:
        parts.append(text.html("verdict.open"))
    return join(parts, text("list.stop"))


def _quiet(data: ReportData, text: Text, watched: int) -> Markup:
    peak = float(np.nanmax(data.score)) / data.limit
    return join(el("strong", text("verdict.nothing")), " ",
                text.html("verdict.quiet", rows=f"{watched:,}", peak=number(peak, 3)))


def _event(event: Event, data: ReportData, text: Text) -> Markup:
    key = "verdict.event_missed" if event.delay_ns is None else "verdict.event_found"
    return text.html(key, name=name(event.name), start=when(data, event.start, text),
                     delay=text.duration(event.delay_ns or 0))


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
        rows = (data.times >= alarm.start) & (data.times <= alarm.end)
        inside |= rows if data.run is None else rows & (data.run == alarm.run)
    return float((inside & np.isfinite(data.score)).sum()) / max(watched, 1)
