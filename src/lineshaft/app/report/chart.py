"""One chart: drawing, axes and names. The drawing stretches with the page, words stay words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineshaft.app.report.axis import Scale, Tick, fitted, score_scale
from lineshaft.app.report.frame import Frame
from lineshaft.app.report.markup import Markup, el, join, name
from lineshaft.app.report.svg import HEIGHT, WIDTH, Floats, blocks, marked, trace
from lineshaft.app.report.text import Text, number, shown_unit

LABEL_DISTANCE = 0.035


def score_chart(frame: Frame, text: Text, numbers: dict[int, int]) -> Markup:
    """The score with its limit, the alarms numbered. ``numbers``: place in ``data.alarms`` -> number shown."""
    data = frame.data
    scale = score_scale(data.score, data.limit)
    limit = float(scale(np.array([data.limit]))[0])
    layers = [
        shape("alarmed", blocks(frame.spans(data.alarms))),
        shape("alarm-edge", blocks(frame.spans(data.alarms), 0, 2)),
        shape("event", blocks(frame.spans(data.events), HEIGHT - 4, 4)),
        _rule("limit", limit),
        shape("trace score", trace(frame.grid, data.score, scale)),
    ]
    title = join(el("b", text("chart.score")), " ",
                 el("span", text(f"chart.scale_{scale.bend}"), class_="unit"))
    marks = join(_alarm_marks(frame, numbers), el("span", text("chart.limit"), class_="limit-name",
                                                  style=f"bottom:{100 * limit:.2f}%"))
    return figure(title, layers, scale, marks, "chart tall", text("chart.score"))


def tag_chart(frame: Frame, text: Text, column: int, *, band: tuple[float, float] | None = None,
              style: str = "chart") -> Markup:
    """One tag: its good values, its normal band, alarms behind it and bad quality below it."""
    data = frame.data
    tag, value, good = data.tags[column], data.values[:, column], data.good[:, column]
    sure = np.where(good, value, np.nan)
    scale = fitted(sure if np.isfinite(sure).any() else value, band or ())
    layers = [
        shape("alarmed", blocks(frame.spans(data.alarms))),
        shape("alarm-edge", blocks(frame.spans(data.alarms), 0, 3)),
        _band(scale, band),
        shape("doubtful", "" if good.all() else trace(frame.grid, np.where(good, np.nan, value), scale)),
        shape("trace dense" if frame.grid.dense else "trace", trace(frame.grid, sure, scale)),
        shape("bad", blocks(marked(frame.grid, ~good), HEIGHT - 5, 5)),
    ]
    title = join(name(tag.name if style.endswith("small") else tag.path), " ",
                 el("span", shown_unit(tag.unit), class_="unit") if tag.unit else None)
    return figure(title, layers, scale, None, style, _said(text, tag.path, sure, tag.unit))


def _said(text: Text, path: str, value: Floats, unit: str) -> str:
    """The chart in words, for who can't see it."""
    finite = value[np.isfinite(value)]
    if not len(finite):
        return text("chart.nothing", tag=path)
    return text("chart.said", tag=path, low=number(float(finite.min())), high=number(float(finite.max())),
                unit=unit)


def figure(title: Markup, layers: Sequence[Markup | None], scale: Scale, marks: Markup | None, style: str,
           said: str) -> Markup:
    """One drawing with its axis and name; ``said`` is it in words."""
    ticks = scale.ticks(number, 3 if style.endswith("small") else 4)
    rules = join(_rule("grid", tick.at) for tick in ticks)
    drawing = el("svg", rules, layers, viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none",
                 role="img", aria_label=said)
    return el("figure",
              el("figcaption", el("span", title), el("output", class_="readout")),
              el("div", [el("span", tick.label, style=f"bottom:{100 * tick.at:.2f}%") for tick in ticks],
                 class_="axis-y", aria_hidden="true"),
              el("div", drawing, marks, class_="plot", data_low=f"{scale.low:.6g}",
                 data_high=f"{scale.high:.6g}", data_bend=scale.bend),
              class_=style)


def time_axis(frame: Frame, text: Text, about: int = 7) -> Markup:
    """Names below a group of charts."""
    several = len(frame.run) > 0 and frame.run[0] != frame.run[-1]
    unit = "runs" if frame.by_row and several else "rows" if frame.by_row else (
        "elapsed" if frame.data.relative_time else "utc")
    return el("div", [_axis_label(tick) for tick in frame.ticks(about)], el("em", text(f"chart.{unit}")),
              class_="axis-x",
              aria_hidden="true")


def _axis_label(tick: Tick) -> Markup:
    side = " first" if tick.at < 0.03 else " last" if tick.at > 0.95 else ""
    return el("span", tick.label, class_=f"tick{side}", style=f"left:{100 * tick.at:.2f}%")


def linked(frame: Frame, charts: Sequence[Markup | None], axis: Markup) -> Markup:
    """Charts above one time axis; the script moves one cursor through all of them."""
    start, end = frame.ends
    if frame.by_row:
        start, end = start + frame.data.first_row, end + frame.data.first_row
    kind = "row" if frame.by_row else "elapsed" if frame.data.relative_time else "utc"
    return el("div", charts, axis, class_="linked", data_start=start // 10**6 if kind != "row" else start,
              data_end=end // 10**6 if kind != "row" else end, data_axis=kind)


def _alarm_marks(frame: Frame, numbers: dict[int, int]) -> list[Markup]:
    """A triangle and a number where an alarm begins; those too near the one before stay without."""
    found, last = [], -1.0
    begins = sorted((frame.span(frame.data.alarms[i])[0], shown) for i, shown in numbers.items())
    for at, shown in begins:
        if 0 <= at <= 1 and at - last >= LABEL_DISTANCE:
            found.append(el("span", f"▲{shown}", class_="mark", style=f"left:{100 * at:.2f}%"))
            last = at
    return found


def _band(scale: Scale, band: tuple[float, float] | None) -> Markup | None:
    if band is None:
        return None
    low, high = (float(place) for place in scale(np.array(band)))
    top = HEIGHT * (1 - high)
    return shape("band", f"M0 {top:.1f}h{WIDTH}v{max(HEIGHT * (high - low), 0.5):.1f}h-{WIDTH}z")


def _rule(style: str, at: float) -> Markup:
    return Markup(f'<path class="{style}" d="M0 {HEIGHT * (1 - at):.1f}h{WIDTH}"/>')


def shape(style: str, path: str) -> Markup | None:
    """A path, or nothing where there is none."""
    return Markup(f'<path class="{style}" d="{path}"/>') if path else None
