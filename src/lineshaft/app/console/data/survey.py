"""The survey: quality, broken promises and gaps of every tag over a span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft.app.console.data.contract import Breach, broken
from lineshaft.app.console.data.links import Links, lost_links
from lineshaft.app.console.data.stretches import Plan, Spans, plans
from lineshaft.app.console.data.strip import BINS, Gaps, gaps, strip, strip_of_columns
from lineshaft.core.progress import Progress, silent
from lineshaft.core.series import Series
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.dataset.quality import Finding, TagQuality, assess

MOST_GAPS = 200


@dataclass(frozen=True, slots=True)
class TagSurvey:
    """One tag. ``looked_ns`` of the span was looked at (all of it where ``whole``), ``missing_ns`` of that is gaps."""

    quality: TagQuality
    breaches: tuple[Breach, ...]
    strip: str
    gaps: Gaps
    missing_ns: int
    looked_ns: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """All tags in the order asked for; ``findings`` are of the source as a whole."""

    start: int
    end: int
    tags: tuple[TagSurvey, ...]
    findings: tuple[Finding, ...]
    links: Links


def survey(historian: Historian, tags: Sequence[Tag], start: int, end: int, progress: Progress = silent, *,
           since: int = 0) -> Survey:
    """Everything that ``start <= time < end`` shows, within what memory and patience allow (``stretches``).

    What lies before ``since``, when recording began, is no gap.
    """
    planned = plans(historian, tags, min(max(start, since), end - 1), end)
    found: dict[str, TagSurvey] = {}
    source: list[Finding] = []
    steps = sum(len(plan.spans) + len(plan.tags) for plan in planned) + 1
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        progress(min(done, steps), steps, "data quality")

    for plan in planned:
        runs = []
        for span in plan.spans:
            runs.append(historian.read([tag.path for tag in plan.tags], *span))
            tell(1)
        seen = {} if plan.whole else historian.columns([tag.path for tag in plan.tags], start, end, BINS)
        report = assess(plan.tags, runs, progress=lambda *_: tell(1))
        source += report.findings
        for tag, quality in zip(plan.tags, report.tags, strict=True):
            mine = [run[tag.path] for run in runs]
            missing = gaps(tag, plan.spans, mine)
            letters = (strip(plan.spans, mine, missing, start, end) if plan.whole
                       else strip_of_columns(seen[tag.path], since, start, end))
            found[tag.path] = _tag(tag, quality, plan, mine, missing, letters)
    links = lost_links(historian, tags, start, end)
    tell(1)
    return Survey(start, end, tuple(found[tag.path] for tag in tags), tuple(source), links)


def _tag(tag: Tag, quality: TagQuality, plan: Plan, runs: list[Series], missing: Gaps, letters: str) -> TagSurvey:
    return TagSurvey(quality, broken(tag, runs), letters,
                     tuple(sorted(sorted(missing, key=lambda gap: gap[0] - gap[1])[:MOST_GAPS])),
                     _length(missing), _length(plan.spans), plan.whole)


def _length(spans: Spans) -> int:
    return int(sum(np.int64(end) - start for start, end in spans))
