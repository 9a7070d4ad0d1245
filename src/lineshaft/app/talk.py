"""How the app talks to a person: sentences and progress bars on stderr, data on stdout."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from lineshaft.core.progress import Progress, silent

TELL_S = 0.2


class Talk:
    """One conversation. Without a terminal, progress is a line at the start and end of each piece of work.

    ``machine``: whoever listens is a program, and gets nothing but progress, as JSON lines on stderr.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None, machine: bool = False) -> None:
        self.quiet, self.machine = quiet or machine, machine
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())
        self._lock = threading.Lock()

    def step(self, text: str) -> None:
        """A new stage: what is done now, and why."""
        self._print(f"[bold]> {_plain(text)}[/bold]")

    def say(self, text: str) -> None:
        """A fact of the stage."""
        self._print(f"  {_plain(text)}")

    def good(self, text: str) -> None:
        """Something that went as hoped."""
        self._print(f"  [green]ok[/green] {_plain(text)}")

    def warn(self, text: str) -> None:
        """Something a person should know."""
        self._print(f"  [yellow]![/yellow] {_plain(text)}")

    def alarm(self, text: str) -> None:
        """What needs a person now."""
        self._print(f"  [bold red]ALARM[/bold red] {_plain(text)}")

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress callback whose bars are gone once the work is done."""
        if self.machine:
            yield _lines()
            return
        if self.quiet or not self.console.is_terminal:
            yield silent
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(),
                   TimeElapsedColumn())
        with Bars(*columns, console=self.console, transient=True) as bars:
            rows: dict[str, int] = {}

            def report(done: int, total: int, what: str) -> None:
                row = rows.get(what)
                if row is None:
                    row = rows[what] = int(bars.add_task(what, total=total or None))
                bars.update(bars.task_ids[row], completed=done, total=total or None)

            yield report

    def _print(self, markup: str) -> None:
        if not self.quiet:
            with self._lock:
                self.console.print(markup)


def _lines() -> Progress:
    """Some lines a second are enough to see it move; the first and the last of each work are always there."""
    told: dict[str, float] = {}

    def report(done: int, total: int, what: str) -> None:
        now = time.monotonic()
        if what not in told or done >= total or now - told[what] >= TELL_S:
            told[what] = now
            print(json.dumps({"done": done, "total": total, "what": what}), file=sys.stderr, flush=True)

    return report


def _plain(text: str) -> str:
    """Text of strangers has no markup."""
    return text.replace("[", "\\[")
