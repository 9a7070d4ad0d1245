"""The plant's tags as every page sees them, and how old a value may be."""

from __future__ import annotations

import re
import time
from weakref import WeakKeyDictionary

from lineshaft.app.project import Project
from lineshaft.app.training import of_plant
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import UsageError
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag

LATE_NS, STALE_PERIODS = 2 * SECOND, 3
LOOK_S = 2.0
_DIGITS = re.compile(r"(\d+)")


_KNOWN: WeakKeyDictionary[Historian, tuple[float, Project, list[Tag]]] = WeakKeyDictionary()


def task_tags(project: Project, historian: Historian) -> list[Tag]:
    """What the task watches of what is stored, in the order a person counts; empty before anything is recorded.

    Where the file names tags that are not there (it was changed since), all of the plant's. Screens ask for this
    every second and it seldom changes: an answer holds for two.
    """
    known = _KNOWN.get(historian)
    if known is None or known[1] is not project or not known[2] or time.monotonic() - known[0] > LOOK_S:
        known = _KNOWN[historian] = (time.monotonic(), project, _task_tags(project, historian))
    return known[2]


def _task_tags(project: Project, historian: Historian) -> list[Tag]:
    found = of_plant(historian.tags())
    try:
        chosen = project.choose(found) if found else []
    except UsageError:
        chosen = found
    return sorted(chosen, key=lambda tag: natural(tag.path))


def stale_ns(project: Project, tag: Tag) -> int:
    """A value older than this is not shown as live.

    Longer than the node's own limit by as much as the recorder may be behind: it stores twice a second.
    """
    return max(project.recipe.stale, STALE_PERIODS * (tag.period_ns or 0)) + LATE_NS


def natural(path: str) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    """A key that sorts levels and numbers as people count.

    >>> sorted(["cell/P10/flow", "cell/P9/flow", "cell/P9"], key=natural)
    ['cell/P9', 'cell/P9/flow', 'cell/P10/flow']
    """
    return tuple(tuple((0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
                       for part in _DIGITS.split(level) if part) for level in path.split("/"))
