"""The leaderboard of a search as a person sees it: live while it runs, and the last one from its file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import msgspec
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lineshaft.app.cli.command import columns
from lineshaft.app.sizes import size
from lineshaft.app.talk import Talk
from lineshaft.core.clock import SECOND, format_duration
from lineshaft.core.errors import UsageError
from lineshaft.core.whole import write_whole
from lineshaft.model.search.board import Board, Row, Watch, unwatched
from lineshaft.model.search.cost import Cost

FILE = "leaderboard.json"
SHOWN = 15
HEAD = ("", "candidate", "loss", "folds", "learning", "step p99", "memory", "")
GOOD = ("recommended", "measured")


def rows(board: Board, most: int = SHOWN) -> list[list[str]]:
    """Cells of the table, its head first."""
    shown = [_cells(place, row, board.folds) for place, row in enumerate(board.rows[:most], 1)]
    return [list(HEAD), *shown]


def lines(board: Board) -> list[str]:
    """The table as text, and how many are not in it."""
    more = len(board.rows) - SHOWN
    return columns(rows(board)) + ([f"and {more} more"] if more > 0 else [])


@contextmanager
def live(talk: Talk) -> Iterator[Watch]:
    """Follows a search: a table that moves on a terminal, lines for a program, a line for each new leader elsewhere."""
    if talk.machine:
        yield _as_json
    elif talk.quiet:
        yield unwatched
    elif not talk.console.is_terminal:
        yield _Sentences(talk)
    else:
        with Live(console=talk.console, transient=True, refresh_per_second=4) as screen:
            yield lambda board: screen.update(picture(board))


def picture(board: Board) -> Group:
    """The table with a bar below it that says what is done and for how long."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in HEAD:
        table.add_column(name, justify="right" if name in HEAD[2:7] else "left", no_wrap=bool(name))
    for cells, row in zip(rows(board)[1:], board.rows, strict=False):
        table.add_row(*(Text(cell) for cell in cells), style="bold green" if row.state in GOOD else
                      "dim" if row.state in ("out", "failed", "over budget") else "")
    whole = max(board.spent_s + board.left_s, 1e-9)
    bar = ProgressBar(total=whole, completed=min(board.spent_s, whole), width=30)
    return Group(table, bar, Text(f"{board.doing}; {_told(board.spent_s)} so far, about {_told(board.left_s)} to go, "
                                  f"{_told(board.most_s)} at most"))


def save(board: Board, folder: Path, about: dict[str, str]) -> None:
    """Keep it for ``lineshaft model leaderboard``; ``about`` is what it belongs to."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE, json.dumps(described(board) | {"about": about}, indent=1))


def saved(folder: Path) -> tuple[Board, dict[str, str]]:
    """The last one that was kept here, and what it belongs to."""
    path = folder / FILE
    try:
        found = json.loads(path.read_text("utf-8"))
        return msgspec.convert(found, Board), found["about"]
    except FileNotFoundError:
        raise UsageError("nothing was searched here yet", where=str(folder), do="run `lineshaft model train`") from None
    except (OSError, ValueError, KeyError) as problem:
        raise UsageError(f"can't be read ({problem})", where=str(path),
                         do="run `lineshaft model train` again") from None


def described(board: Board) -> dict[str, object]:
    """As plain values."""
    return {"folds": board.folds, "spent_s": board.spent_s, "doing": board.doing,
            "rows": [asdict(row) | {"loss": row.loss if row.losses else None} for row in board.rows]}


def _cells(place: int, row: Row, folds: int) -> list[str]:
    cost = row.cost
    p99 = "" if cost is None or not cost.p99_ns else format_duration(cost.p99_ns)
    told = row.reason or (row.state if row.state != "in the race" else "")
    return [str(place), row.name, f"{row.loss:.4g}" if row.losses else "", f"{len(row.losses)}/{folds}",
            _told(row.seconds), p99, _room(cost), told]


def _room(cost: Cost | None) -> str:
    if cost is None:
        return ""
    if cost.flash_bytes or cost.ram_bytes:
        return f"{size(cost.flash_bytes)} + {size(cost.ram_bytes)}"
    return size(cost.memory_bytes) if cost.memory_bytes else ""


def _told(seconds: float) -> str:
    return format_duration(round(seconds * 10) * SECOND // 10) if seconds >= 0.1 else "0 s"


def _as_json(board: Board) -> None:
    leader = board.rows[0] if board.rows else None
    told = {"done": board.done, "total": board.done + board.left, "what": board.doing,
            "left_s": round(board.left_s, 1), "most_s": round(board.most_s, 1), "leader": leader.name if leader else "",
            "loss": leader.loss if leader and leader.losses else None}
    print(json.dumps(told), file=sys.stderr, flush=True)


class _Sentences:
    """A line when the work changes, and one for each new leader that was judged in full."""

    def __init__(self, talk: Talk) -> None:
        self._talk, self._doing, self._leader = talk, "", ""

    def __call__(self, board: Board) -> None:
        if board.doing != self._doing:
            self._doing = board.doing
            self._talk.say(f"{board.doing} ({_told(board.spent_s)} so far)")
        first = board.rows[0] if board.rows else None
        if first is not None and len(first.losses) == board.folds and first.name != self._leader:
            self._leader = first.name
            self._talk.say(f"{first.name} leads: loss {first.loss:.4g}")
