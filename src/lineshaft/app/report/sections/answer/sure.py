"""The reliability curve: how sure it said to be, and how often it was right."""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.app.report.answered import Answered
from lineshaft.app.report.markup import Markup, el, table
from lineshaft.app.report.text import Text, percent
from lineshaft.model.evaluate.reliability import Mark, calibration_error

SIDE, EDGE = 100, 4


def sure(found: Answered, text: Text) -> Markup | None:
    """A curve beside its diagonal, and the same as numbers."""
    marks = found.marks
    if not marks:
        return None
    note = text("answers.sure_classes" if found.of_classes else "answers.sure_numbers",
                error=percent(calibration_error(marks)))
    rows = [el("tr", [el("td", cell, class_="n") for cell in (percent(one.said), percent(one.found), f"{one.rows:,}")])
            for one in marks]
    return el("div", el("h3", text("answers.sure")), el("p", note, class_="note"),
              el("div", _curve(marks, text), table(rows, [el("th", text(f"answers.{head}"), class_="n")
                                                          for head in ("said_sure", "found_right", "rows")]),
                 class_="reliability"))


def _curve(marks: Sequence[Mark], text: Text) -> Markup:
    ordered = sorted(marks, key=lambda one: one.said)
    places = [(EDGE + SIDE * one.said, EDGE + SIDE * (1 - one.found)) for one in ordered]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in places)
    whole, end = SIDE + 2 * EDGE, SIDE + EDGE
    return el("figure", el("svg", Markup(
        f'<path class="grid" d="M{EDGE} {EDGE}V{end}H{end}"/><path class="diagonal" d="M{EDGE} {end}L{end} {EDGE}"/>'
        f'<path class="trace" d="{line}"/>{dots}'), viewBox=f"0 0 {whole} {whole}", role="img",
        aria_label=text("answers.sure")), el("figcaption", text("answers.curve")))
