"""Operating modes: when each was on, how large it is, how long it stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.report.answered import Answered
from lineshaft.app.report.markup import Markup, el, name, table
from lineshaft.app.report.sections.answer.measured import grid_of
from lineshaft.app.report.svg import HEIGHT, WIDTH, blocks, marked
from lineshaft.app.report.text import Text, moment, percent

HEADS = ("mode", "rows", "share", "stay", "visits")


def modes(found: Answered, text: Text) -> Markup:
    """A lane a mode, the largest first; rows that belong to no mode surely are the last."""
    said = np.where(found.known, found.value.argmax(axis=1), -1)
    order = sorted(range(len(found.answers)), key=lambda mode: -int((said == mode).sum()))
    lanes = [*((found.answers[mode].label, said == mode) for mode in order), (text("answers.unknown"), said == -1)]
    grid = grid_of(found, min(WIDTH, len(said)))
    rows = []
    for label, here in lanes:
        path = blocks(marked(grid, here))
        strip = el("svg", Markup(f'<path class="lane" d="{path}"/>') if path else None, class_="lanes",
                   viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none", role="img",
                   aria_label=f"{label}: {percent(float(here.mean()))}")
        rows.append(el("tr", el("td", name(label)), el("td", strip, class_="wide"), _facts(found, here, text)))
    heads = [el("th", text(f"answers.{head}"), class_=None if head == "mode" else "n") for head in HEADS]
    start, end = (moment(int(found.times[place])) for place in (0, -1))
    over = el("th", text("answers.from_to", start=start, end=end), class_="wide")
    return el("div", el("h3", text("answers.modes")), el("p", text("answers.modes_note"), class_="note"),
              table(rows, [heads[0], over, *heads[1:]], style="modes"))


def _facts(found: Answered, here: NDArray[np.bool_], text: Text) -> list[Markup]:
    begins = here & np.concatenate([[True], ~here[:-1] | (np.diff(found.run) != 0)])
    visits, rows = int(begins.sum()), int(here.sum())
    stay = text.duration(rows / visits * found.period_ns) if visits else "-"
    return [el("td", cell, class_="n") for cell in (f"{rows:,}", percent(float(here.mean())), stay, f"{visits:,}")]
