"""What history holds of the task's tags, at a glance: from when to when, and where nothing came."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from lineshaft.app.project import Project
from lineshaft.app.training import OWN
from lineshaft.core.errors import UsageError
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag

MS, DAY_NS = 1_000_000, 86_400_000_000_000
LOOKED_BACK_NS, COLUMNS, ASKED = 20 * 365 * DAY_NS, 400, 20
PAUSE_PERIODS = 10  # a source that is silent for so long is away


@dataclass(frozen=True, slots=True)
class Recorded:
    """Times in ms. ``covered`` is how much of the time from ``start`` to ``end`` holds samples, ``holes`` are the
    stretches without any; both as fine as a chart draws them.
    """

    tags: int = 0
    start: int = 0
    end: int = 0
    covered: int = 0
    holes: tuple[tuple[int, int], ...] = ()


def task_tags(project: Project, historian: Historian) -> list[Tag]:
    """The task's tags among those that were recorded; none where nothing was, or nothing of the task."""
    own = [tag for tag in historian.tags() if tag.address or not tag.path.startswith(OWN)]
    try:
        return project.choose(own) if own else []
    except UsageError:  # recorded before the tags were chosen anew
        return []


def recorded(project: Project, historian: Historian) -> Recorded:
    """A few of the tags stand for all."""
    tags = task_tags(project, historian)
    paths = [tag.path for tag in tags[::max(1, len(tags) // ASKED)]]
    now = time.time_ns()
    newest = historian.as_of(paths, now)
    if not newest:
        return Recorded(len(tags))
    end = max(sample.time for sample in newest.values()) + 1
    far = historian.columns(paths, end - LOOKED_BACK_NS, end, COLUMNS)
    begun = [int(one.start[0] if one.first_time[0] == 0 else one.first_time[0]) for one in far.values() if len(one)]
    start = min(begun, default=end - 1)
    seen: set[int] = set()
    step = 0
    for one in historian.columns(paths, start, end, COLUMNS).values():
        step = max(step, one.step)
        seen.update(one.start[one.count > 0].tolist())
    holes = _holes(np.array(sorted(seen), np.int64), step, PAUSE_PERIODS * project.recipe.period_ns)
    covered = end - start - sum(b - a for a, b in holes)
    return Recorded(len(tags), start // MS, -(-end // MS), covered // MS,
                    tuple((a // MS, b // MS) for a, b in holes))


def _holes(starts: np.ndarray[tuple[int], np.dtype[np.int64]], step: int, pause: int) -> list[tuple[int, int]]:
    """Between columns that are further apart than a pause may be long."""
    apart = np.flatnonzero(np.diff(starts) > step + pause)
    return [(int(starts[at]) + step, int(starts[at + 1])) for at in apart.tolist()]
