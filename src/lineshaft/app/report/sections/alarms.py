"""The alarms: when, how long, how strong, and which tags they point to; the strongest seen close."""

from __future__ import annotations

from lineshaft.app.report.chart import linked, score_chart, tag_chart, time_axis
from lineshaft.app.report.data import ReportAlarm, ReportData
from lineshaft.app.report.frame import Frame
from lineshaft.app.report.markup import Markup, el, join, name, table
from lineshaft.app.report.sections.verdict import lasting, placed, when
from lineshaft.app.report.text import Text, number, percent

SHOWN, CAUSES, CLOSE = 12, 3, 3
CLOSE_SHARE = 0.25
"""An alarm longer than this share of the whole is seen well enough in the trends."""


def shown_numbers(data: ReportData) -> dict[int, int]:
    """Place in ``data.alarms`` -> the number a reader sees: the order in time."""
    order = sorted(range(len(data.alarms)), key=lambda i: (data.alarms[i].run, data.alarms[i].start))
    return {place: i + 1 for i, place in enumerate(order)}


def alarms(data: ReportData, frame: Frame, text: Text) -> Markup | None:
    """A table of the strongest, the rest folded away, and the strongest close up."""
    if not data.alarms:
        return None
    numbers = shown_numbers(data)
    ranked = sorted(numbers, key=lambda i: -data.alarms[i].peak)
    first, rest = (sorted(part, key=numbers.__getitem__) for part in (ranked[:SHOWN], ranked[SHOWN:]))
    more = el("details", el("summary", text.count("alarms.more", len(rest))),
              _table(data, frame, text, rest, numbers)) if rest else None
    short = [i for i in ranked if _is_short(data, i)][:CLOSE]
    close = [_close_up(data, frame, text, i, numbers, unfolded=i == short[0]) for i in short]
    return el("section", el("h2", text("alarms.title")), el("p", text("alarms.note"), class_="note"),
              _table(data, frame, text, first, numbers), more, close, id="alarms")


def _table(data: ReportData, frame: Frame, text: Text, places: list[int], numbers: dict[int, int]) -> Markup:
    heads = ("number", "start", "duration", "peak", "causes", "confidence")
    return table([_row(data, text, data.alarms[i], numbers[i], frame.by_row) for i in places],
                 [el("th", text("alarms.row" if head == "start" and data.by_row else f"alarms.{head}"), class_=head)
                  for head in heads], style="alarms")


def _row(data: ReportData, text: Text, alarm: ReportAlarm, shown: int, by_row: bool) -> Markup:
    sure = "-" if alarm.confidence is None else percent(alarm.confidence)
    lasted = lasting(data, alarm.start, alarm.end, text) if alarm.end > alarm.start else text("alarms.instant")
    run = data.run_name(alarm.run) or (f"#{alarm.run}" if by_row and not data.by_row else "")
    return el("tr",
              el("td", el("span", f"▲{shown}", class_="mark")),
              el("td", when(data, alarm.start, text, alarm.run), el("small", name(run)) if run else None,
                 class_="time"),
              el("td", lasted, el("small", text("alarms.open")) if alarm.open else None, class_="n"),
              el("td", number(alarm.peak, 3), Markup("&nbsp;&times;"), class_="n"),
              el("td", _causes(alarm, text)),
              el("td", sure, class_="n"))


def _causes(alarm: ReportAlarm, text: Text) -> Markup:
    bars = [el("li", el("span", el("i", style=f"width:{100 * min(max(cause.share, 0), 1):.0f}%"), class_="bar"),
               el("span", percent(cause.share), class_="n"), name(cause.tag))
            for cause in alarm.causes[:CAUSES]]
    rest = alarm.causes[CAUSES:]
    tail = el("li", text.count("alarms.others", len(rest), share=percent(sum(c.share for c in rest))),
              class_="rest") if rest else None
    return el("ul", bars, tail, class_="causes")


def _is_short(data: ReportData, place: int) -> bool:
    alarm = data.alarms[place]
    whole = int(data.times[-1] - data.times[0]) if len(data.times) else 0
    return alarm.end - alarm.start < CLOSE_SHARE * whole


def _close_up(data: ReportData, frame: Frame, text: Text, place: int, numbers: dict[int, int],
              *, unfolded: bool) -> Markup | None:
    alarm = data.alarms[place]
    near = Frame(frame.around(alarm), 500)
    if not len(near.data.times):
        return None
    columns = {tag.path: i for i, tag in enumerate(data.tags)}
    blamed = [columns[cause.tag] for cause in alarm.causes[:CAUSES] if cause.tag in columns]
    charts = [score_chart(near, text, numbers),
              *(tag_chart(near, text, i, band=frame.band(i)) for i in blamed)]
    head = join(el("span", f"▲{numbers[place]}", class_="mark"), " ",
                text.html("alarms.close", start=placed(data, alarm.start, text, alarm.run)))
    return el("details", el("summary", head), linked(near, charts, time_axis(near, text)), class_="close",
              open=unfolded)
