"""Measured against answered, with the interval; a row of figures for each answer, the baseline's beside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.report.answered import Answered
from lineshaft.app.report.axis import fitted
from lineshaft.app.report.chart import figure, shape
from lineshaft.app.report.markup import Markup, el, name, table
from lineshaft.app.report.svg import WIDTH, Grid, ribbon, trace
from lineshaft.app.report.text import Text, moment, number, percent, shown_unit

DRAWN, LISTED, TICKS = 4, 48, 5
Floats = NDArray[np.float64]
HEADS = ("answer", "mae", "naive_mae", "rmse", "r2", "inside", "width")


def measured(found: Answered, text: Text) -> Markup:
    """Charts of some answers, a table of all."""
    places = range(len(found.answers))
    drawn = sorted({round(at) for at in np.linspace(0, len(found.answers) - 1, min(DRAWN, len(found.answers)))})
    return el("div", el("h3", text("answers.measured")),
              el("p", el("span", el("i", class_="key line-measured"), text("answers.key_measured")),
                 el("span", el("i", class_="key line-answered"), text("answers.key_answered")),
                 el("span", el("i", class_="key band"), text("answers.key_between")), class_="legend"),
              el("div", [_chart(found, place, text) for place in drawn], _axis(found, text), class_="linked answered"),
              el("p", text("answers.table"), class_="note"),
              table([_row(found, place, text) for place in places][:LISTED],
                    [el("th", text(f"answers.{head}"), class_=None if head == "answer" else "n") for head in HEADS]))


def grid_of(found: Answered, columns: int = WIDTH) -> Grid:
    """Rows one behind the other; a line breaks between runs and where rows between were not held out."""
    gaps = (np.diff(found.run) != 0) | (np.diff(found.times) > 1.5 * found.period_ns)
    pieces = np.concatenate([[0], np.cumsum(gaps)]).astype(np.int64)
    return Grid.over(np.linspace(0, 1, len(found.times)), pieces, columns)


def _chart(found: Answered, place: int, text: Text) -> Markup:
    answer, grid = found.answers[place], grid_of(found)
    true, said = found.measured[:, place], found.value[:, place]
    low, high = found.low[:, place], found.high[:, place]
    scale = fitted(np.concatenate([true, said, low, high]))
    layers = [shape("band", ribbon(grid, low, high, scale)), shape("trace measured", trace(grid, true, scale)),
              shape("trace answered", trace(grid, said, scale))]
    title = el("span", name(answer.label), " ", el("span", shown_unit(answer.unit), class_="unit"))
    return figure(title, layers, scale, None, "chart tall", text("answers.said", name=answer.label,
                                                                mae=number(_mae(true, said))))


def _axis(found: Answered, text: Text) -> Markup:
    rows = np.linspace(0, len(found.times) - 1, TICKS).astype(int).tolist()
    sides = [" first", *[""] * (TICKS - 2), " last"]
    return el("div", [el("span", moment(int(found.times[row])), class_=f"tick{side}",
                         style=f"left:{100 * row / max(1, len(found.times) - 1):.2f}%")
                      for row, side in zip(rows, sides, strict=True)], el("em", text("chart.utc")), class_="axis-x")


def _row(found: Answered, place: int, text: Text) -> Markup:
    answer, true, said = found.answers[place], found.measured[:, place], found.value[:, place]
    inside = (found.low[:, place] <= true) & (true <= found.high[:, place])
    spread = float(np.sum((true - true.mean()) ** 2))
    naive = number(_mae(true, found.naive[:, place])) if found.naive is not None else "-"
    cells = (number(_mae(true, said)), naive, number(float(np.sqrt(np.mean((true - said) ** 2)))),
             number(1 - float(np.sum((true - said) ** 2)) / spread, 3) if spread else "-",
             percent(float(inside.mean())), number(float(np.mean(found.high[:, place] - found.low[:, place]))))
    return el("tr", el("td", name(answer.label), " ", el("span", shown_unit(answer.unit), class_="unit")),
              [el("td", cell, class_="n") for cell in cells])


def _mae(true: Floats, said: Floats) -> float:
    return float(np.mean(np.abs(true - said)))
