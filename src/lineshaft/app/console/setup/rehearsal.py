"""A new bundle over everything that was recorded, before it may decide: what it would have said."""

from __future__ import annotations

from lineshaft.app.console.setup.recorded import recorded
from lineshaft.app.project import Project
from lineshaft.core.clock import format_time
from lineshaft.core.errors import UsageError
from lineshaft.core.store import Historian

KIND = "rehearse"
MS = 1_000_000
MOST_TICKS = 400_000  # some minutes of work


def stretch(project: Project, historian: Historian) -> tuple[int, int]:
    """Start and end (ns): all of it, or as much of the newest as takes minutes and not hours."""
    if not project.bundles():
        raise UsageError("there is no bundle yet", where=str(project.folder), do="train one first")
    held = recorded(project, historian)
    if not held.end:
        raise UsageError("nothing of this task is recorded yet", where=str(project.folder), do="record first")
    start, end = held.start * MS, held.end * MS
    return max(start, end - MOST_TICKS * project.recipe.period_ns), end


def words(project: Project, start: int, end: int) -> list[str]:
    """The command that does it."""
    return ["model", "rehearse", "--project", str(project.folder), "--start", format_time(start), "--end",
            format_time(end), "-o", "json", "--progress-json"]
