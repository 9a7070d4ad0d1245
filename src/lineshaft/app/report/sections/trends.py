"""Trends: the score over the tags that matter, on one time axis; every other tag small."""

from __future__ import annotations

from lineshaft.app.report.chart import linked, score_chart, tag_chart, time_axis
from lineshaft.app.report.data import ReportData
from lineshaft.app.report.frame import Frame, by_importance
from lineshaft.app.report.markup import Markup, el
from lineshaft.app.report.sections.alarms import shown_numbers
from lineshaft.app.report.text import Text

LARGE, SMALL, SMALL_COLUMNS = 6, 54, 200
LAYERS = ("alarmed", "band", "bad")


def trends(data: ReportData, frame: Frame, text: Text) -> Markup:
    """Score and the first tags large, the rest small and folded."""
    order = by_importance(data, frame)
    charts = [score_chart(frame, text, shown_numbers(data)),
              *(tag_chart(frame, text, i, band=frame.band(i)) for i in order[:LARGE])]
    return el("section", el("h2", text("trends.title")),
              el("p", text("trends.note_alarms" if data.alarms else "trends.note_quiet"), class_="note"),
              _legend(data, text),
              linked(frame, [_passages(data, frame, text), *charts], time_axis(frame, text)),
              _small(data, frame, text, order[LARGE:]), id="trends")


def _legend(data: ReportData, text: Text) -> Markup:
    """What the marks mean; with the script each is a switch."""
    return el("p", [el("label", el("input", type="checkbox", checked=True, data_layer=layer),
                       el("i", class_=f"key {layer}"), text(f"legend.{layer}")) for layer in LAYERS],
              el("span", el("i", class_="key event"), text("legend.event")) if data.events else None,
              class_="legend")


def _passages(data: ReportData, frame: Frame, text: Text) -> Markup | None:
    """What each stretch was used for, above the charts."""
    if not data.passages or frame.by_row:
        return None
    bars = []
    for one in data.passages:
        begin, end = (min(max(at, 0.0), 1.0) for at in frame.span(one))
        if end > begin:
            bars.append(el("span", text.known(f"passage.{one.use}") or one.use, class_=f"use {one.use}",
                           style=f"left:{100 * begin:.2f}%;width:{100 * (end - begin):.2f}%"))
    return el("div", bars, class_="passages")


def _small(data: ReportData, frame: Frame, text: Text, columns: list[int]) -> Markup | None:
    if not columns:
        return None
    coarse = Frame(data, SMALL_COLUMNS)
    drawn = [tag_chart(coarse, text, i, band=frame.band(i), style="chart small") for i in columns[:SMALL]]
    left = len(columns) - len(drawn)
    start, end = frame.ends
    return el("details", el("summary", text.count("trends.others", len(columns))),
              el("p", text.count("trends.not_drawn", left), class_="note") if left else None,
              el("div", drawn, class_="multiples linked", data_start=start // 10**6, data_end=end // 10**6,
                 data_axis="none"))
