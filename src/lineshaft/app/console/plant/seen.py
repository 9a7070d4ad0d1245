"""The plant as it is now: its tags, their newest samples, and the state of each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from lineshaft.app.console.live.pulse import Pulse
from lineshaft.app.console.plant.state import Blame, Judged, blame, judge
from lineshaft.app.console.tags import stale_ns, task_tags
from lineshaft.app.flow import NEVER_ENDS
from lineshaft.app.project import Project
from lineshaft.core.decision_tags import decision_paths
from lineshaft.core.sample import Sample
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag


@dataclass(frozen=True, slots=True)
class Seen:
    """``newest`` has no entry for a tag without any sample; ``time`` is when it was looked (UTC ns)."""

    time: int
    tags: tuple[Tag, ...]
    newest: Mapping[str, Sample]
    judged: dict[str, Judged]
    blame: Blame


def look(project: Project, historian: Historian, pulse: Pulse) -> Seen:
    """One look at everything; a node that does not answer says nothing of alarms and masks."""
    tags = task_tags(project, historian)
    newest = historian.as_of([tag.path for tag in tags], NEVER_ENDS)
    now = time.time_ns()
    blamed = blame(pulse, newest)
    judged = {tag.path: judge(newest.get(tag.path), stale_ns(project, tag), now, masked=pulse.unusable.get(tag.path),
                              blamed=tag.path in blamed.tags, share=blamed.tags.get(tag.path)) for tag in tags}
    return Seen(now, tuple(tags), newest, judged, blamed)


def score_path(project: Project) -> dict[str, str]:
    """The tags of the loop's own decisions, by part."""
    return decision_paths(project.loop, project.config.plant.name)
