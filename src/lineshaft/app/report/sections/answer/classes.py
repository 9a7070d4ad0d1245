"""Which class was called what: the confusion matrix, and recall and precision of each class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.report.answered import Answered
from lineshaft.app.report.markup import Markup, el, join, name, table
from lineshaft.app.report.text import Text, percent

MOST = 24
Counts = NDArray[np.int64]


def confusion(found: Answered, text: Text) -> Markup | None:
    """Rows are what it was, columns what was said; the last column counts what was not known."""
    if len(found.answers) > MOST:
        return el("p", text("answers.too_many", n=len(found.answers)), class_="note")
    counts, labels = _counts(found), [one.label for one in found.answers]
    heads = [el("th", text("answers.was")), *(el("th", name(label), class_="n wrap") for label in labels),
             el("th", text("answers.unknown"), class_="n wrap")]
    return el("div", el("h3", text("answers.confusion")), el("p", text("answers.confusion_note"), class_="note"),
              table([_line(label, counts[place], place) for place, label in enumerate(labels) if counts[place].any()],
                    heads, style="confusion"))


def recalls(found: Answered, text: Text) -> Markup:
    """Of each class that occurred; what was not known was not found."""
    counts = _counts(found)
    rows = [_recall(found, counts, place, text) for place in range(len(found.answers)) if counts[place].any()]
    there = counts.sum(axis=1) > 0
    mean = float((np.diagonal(counts)[there] / counts.sum(axis=1)[there]).mean())
    heads = [el("th", text(f"answers.{head}"), class_=None if head == "class" else "n")
             for head in ("class", "rows", "recall", "naive_recall", "precision")]
    return el("div", el("h3", text("answers.recalls")),
              el("p", text("answers.recalls_note", mean=percent(mean)), class_="note"), table(rows, heads))


def _counts(found: Answered) -> Counts:
    """[classes, classes + 1]."""
    many = len(found.answers)
    true = found.measured[:, 0].astype(np.int64)
    said = np.where(found.known, found.value.argmax(axis=1), many)
    counts = np.zeros((many, many + 1), np.int64)
    np.add.at(counts, (true, said), 1)
    return counts


def _line(label: str, counts: Counts, place: int) -> Markup:
    whole = max(1, int(counts.sum()))
    cells = [el("td", f"{count:,}" if count else "", class_="n hit" if column == place else "n",
                style=f"--share:{100 * count / whole:.0f}%" if count else None)
             for column, count in enumerate(counts.tolist())]
    return el("tr", el("th", name(label)), cells)


def _recall(found: Answered, counts: Counts, place: int, text: Text) -> Markup:
    here, hit = int(counts[place].sum()), int(counts[place, place])
    called = int(counts[:, place].sum())
    naive = "-"
    if found.naive is not None:
        rows = found.measured[:, 0] == place
        naive = percent(float((found.naive[rows].argmax(axis=1) == place).mean()))
    bar = el("span", el("i", style=f"width:{100 * hit / max(1, here):.0f}%"), class_="bar")
    cells = (join(bar, " ", percent(hit / max(1, here))), naive, percent(hit / called) if called else "-")
    return el("tr", el("td", name(found.answers[place].label)), el("td", f"{here:,}", class_="n"),
              [el("td", cell, class_="n") for cell in cells])
