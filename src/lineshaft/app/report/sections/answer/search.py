"""The leaderboard of the search that gave the model."""

from __future__ import annotations

from lineshaft.app.report.answered import Answered
from lineshaft.app.report.markup import Markup, el, table
from lineshaft.app.report.text import Text, number
from lineshaft.core.clock import SECOND
from lineshaft.model.search.board import Row

MOST = 30
HEADS = ("candidate", "fold_loss", "folds", "learning", "step", "state")
RECOMMENDED, IN_RACE = "recommended", "in the race"


def search(found: Answered, text: Text) -> Markup | None:
    """Every candidate and its loss on the folds, the naive ones among them."""
    board = found.board
    if board is None or not board.rows:
        return None
    rows = [_row(row, board.folds, text) for row in board.rows]
    heads = [el("th", text(f"answers.{head}"), class_=None if head in ("candidate", "state") else "n")
             for head in HEADS]
    more = el("details", el("summary", text("answers.more", n=len(rows) - MOST)), table(rows[MOST:], heads)
              ) if len(rows) > MOST else None
    return el("div", el("h3", text("answers.search")),
              el("p", text("answers.search_note", folds=board.folds, n=len(rows)), class_="note"),
              table(rows[:MOST], heads), more)


def _row(row: Row, folds: int, text: Text) -> Markup:
    step = text.duration(row.cost.p99_ns) if row.cost is not None and row.cost.p99_ns else "-"
    chosen = row.state == RECOMMENDED
    told = row.reason or (text("trust.chosen") if chosen else "" if row.state == IN_RACE else text.known(
        f"state.{row.state.replace(' ', '_')}") or row.state)
    cells = (number(row.loss) if row.losses else "-", f"{len(row.losses)}/{folds}",
             text.duration(round(row.seconds, 1) * SECOND) if row.seconds >= 0.05 else "-", step)
    return el("tr", el("td", "✓ " if chosen else "", row.name), [el("td", cell, class_="n") for cell in cells],
              el("td", told), class_="chosen" if chosen else None)
