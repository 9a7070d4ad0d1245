"""Data quality: what each tag's history is worth, the worst first, with its gaps over time."""

from __future__ import annotations

from lineshaft.app.report.data import ReportData
from lineshaft.app.report.frame import Frame
from lineshaft.app.report.markup import Markup, el, name, table
from lineshaft.app.report.svg import HEIGHT, WIDTH, blocks, marked
from lineshaft.app.report.text import Text, number, percent, shown_unit
from lineshaft.dataset.quality import Finding, QualityReport, Severity, TagQuality

SHOWN, FINDINGS, BAR_COLUMNS = 30, 4, 150
SHAPES = {Severity.FAULT: "■", Severity.WARNING: "◆", Severity.INFO: "○"}


def quality(data: ReportData, text: Text) -> Markup | None:
    """The source's clock, then a row a tag."""
    report = data.quality
    if report is None:
        return None
    frame = Frame(data, BAR_COLUMNS)
    columns = {tag.path: i for i, tag in enumerate(data.tags)}
    ranked = sorted(report.tags, key=lambda tag: (tag.usable, -tag.severity, -_worst_share(tag)))
    rows = [_row(tag, frame, columns.get(tag.tag), text) for tag in ranked]
    more = el("details", el("summary", text.count("quality.more", len(rows) - SHOWN)),
              _table(rows[SHOWN:], text)) if len(rows) > SHOWN else None
    return el("section", el("h2", text("quality.title")), el("p", _overall(data, report, text), class_="note"),
              _findings(report.findings, "", text), _table(rows[:SHOWN], text), more, id="quality")


def _overall(data: ReportData, report: QualityReport, text: Text) -> str:
    usable = sum(tag.usable for tag in report.tags)
    key = "quality.overall_rows" if data.by_row else "quality.overall"
    return text(key, usable=f"{usable:,}", tags=f"{len(report.tags):,}", rows=f"{report.rows:,}",
                duration=text.duration(report.end - report.start))


def _worst_share(tag: TagQuality) -> float:
    return max((one.share for one in tag.findings if one.severity == tag.severity), default=0.0)


def _table(rows: list[Markup], text: Text) -> Markup:
    heads = ("state", "tag", "good", "timeline", "range", "noise", "findings")
    return table(rows, [el("th", text(f"quality.{head}"), class_=head) for head in heads], style="quality")


def _row(tag: TagQuality, frame: Frame, column: int | None, text: Text) -> Markup:
    if not tag.usable:
        state = el("span", "✕ ", text(f"unusable.{tag.unusable.value}"), class_="state out")
    else:
        state = el("span", SHAPES[tag.severity] + " " if tag.findings else "", text("quality.usable"),
                   class_=f"state {tag.severity.name.lower()}" if tag.findings else "state")
    unit = el("span", shown_unit(tag.unit), class_="unit")
    return el("tr", el("td", state), el("td", name(tag.tag), " ", unit),
              el("td", percent(tag.good_share), class_="n"), el("td", _timeline(frame, column, text)),
              el("td", f"{number(tag.low)} … {number(tag.high)}", class_="n"),
              el("td", f"± {number(tag.noise, 2)}", class_="n"),
              el("td", _findings(tag.findings, tag.unit, text)))


def _timeline(frame: Frame, column: int | None, text: Text) -> Markup:
    """A bar over time, hatched where values were masked."""
    if column is None:
        return el("span", "-", class_="note")
    path = blocks(marked(frame.grid, ~frame.data.good[:, column]), 0, HEIGHT, 4)
    said = text("quality.masked", share=percent(1 - float(frame.data.good[:, column].mean()) if len(
        frame.data.times) else 0.0))
    return el("svg", Markup(f'<path class="bad" d="{path}"/>') if path else None, class_="strip",
              viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none", role="img", aria_label=said)


def _findings(found: tuple[Finding, ...], unit: str, text: Text) -> Markup | None:
    ranked = sorted(found, key=lambda one: (-one.severity, -one.share))
    if not ranked:
        return None
    items = [el("li", el("span", SHAPES[one.severity], class_=f"state {one.severity.name.lower()}",
                         title=text(f"severity.{one.severity.name.lower()}")), " ",
                text.finding(one, unit)) for one in ranked[:FINDINGS]]
    rest = el("li", text.count("quality.further", len(ranked) - FINDINGS)) if len(ranked) > FINDINGS else None
    return el("ul", items, rest, class_="findings")
