"""The data: what every tag's history is worth, the promises it broke, and where it comes from."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from lineshaft.app.console.context import Console, Here, NotFound, Viewer
from lineshaft.app.console.data.contract import Breach
from lineshaft.app.console.data.shape import QUANTILES, shape
from lineshaft.app.console.data.sources import first_sample, source
from lineshaft.app.console.data.stretches import plans
from lineshaft.app.console.data.survey import Survey, TagSurvey, survey
from lineshaft.app.console.plant.seen import look
from lineshaft.app.console.tags import task_tags
from lineshaft.app.console.works import Work
from lineshaft.app.report.text import Text
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag
from lineshaft.dataset.quality import Finding as Found

router = APIRouter(prefix="/api/v1/data", tags=["data"])
MS = 1_000_000
LATEST = 253_402_300_799_000
Start = Annotated[int, Query(ge=0, le=LATEST, description="ms")]
End = Annotated[int, Query(ge=0, le=LATEST, description="ms")]
Lang = Annotated[str, Query(pattern="^(en|zh)$", description="language of sentences")]


class Source(BaseModel):
    """Where samples come from, and how they arrive now."""

    uri: str = Field(description="without any password")
    title: str = Field(description="of the connector")
    description: str
    tags: int
    since: int | None = Field(description="ms, the first sample ever; null where there is none")
    newest: int | None = Field(description="ms, the newest sample")
    state: str = Field(description="fresh, stale, or empty where nothing was ever stored")
    rate: float = Field(description="samples a second, over the last minute")
    good: float | None = Field(description="share of usable samples, 0 to 1, over the last minute")
    rows: int = Field(description="samples stored, decisions and verdicts too")
    version: str = Field(description="name of exactly this history")
    hot_bytes: int = Field(description="on disk, not handed over to the Delta table yet")
    cold_bytes: int = Field(description="on disk, in the Delta table")


class Finding(BaseModel):
    """What the quality check says."""

    kind: str
    severity: str = Field(description="info, warning or fault")
    sentence: str


class Broken(BaseModel):
    """A promise of a tag that was not kept."""

    promise: str = Field(description="range, period, number, kind or unit")
    count: int = Field(description="samples (intervals, for the period) that broke it; 0 for a unit")
    looked: int = Field(description="of so many that were looked at")
    first: int | None = Field(description="ms")
    last: int | None = Field(description="ms")
    figures: dict[str, float] = Field(description="least, most, longest_ns, period_ns, where they belong to it")


class TagReport(BaseModel):
    """One tag over the span."""

    path: str
    unit: str = Field(description="UCUM")
    unusable: str = Field(description="why nothing should be learnt from it; empty where it can be used")
    severity: str = Field(description="of the worst finding: info, warning or fault; empty where nothing was found")
    samples: int = Field(description="looked at")
    good: float = Field(description="share of usable samples, 0 to 1")
    low: float | None
    high: float | None
    noise: float | None = Field(description="one standard deviation of what changes from sample to sample")
    findings: list[Finding]
    broken: list[Broken]
    strip: str = Field(description="the span in equal parts: g good, u uncertain, b bad, m missing, . not looked at")
    gaps: int
    missing_ms: int = Field(description="how much of what was looked at is gaps")
    looked_ms: int
    whole: bool = Field(description="false where only evenly spread stretches were looked at")


class Lost(BaseModel):
    """A stretch."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")


class Quality(BaseModel):
    """Everything about a span."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    tags: list[TagReport]
    findings: list[Finding] = Field(description="of the source as a whole")
    lost: list[Lost] = Field(description="stretches without a connection to the source")
    lost_since: int = Field(description="ms, looked for from then on")


class Progressed(BaseModel):
    """Work on its way; ask again until it is done."""

    state: str = Field(description="running or done")
    done: int
    total: int = Field(description="0 where it is not known")
    quality: Quality | None


class TagDetail(BaseModel):
    """One tag close up; nothing of the histogram where it has no usable value."""

    low: float | None = Field(description="left end of the histogram")
    high: float | None
    counts: list[int]
    quantiles: dict[str, float] = Field(description="by share: 0, 0.01, 0.25, 0.5, 0.75, 0.99 and 1")
    typical_ms: float = Field(description="usual interval between two samples")
    longest_ms: float
    kind: str
    description: str
    address: str = Field(description="what the source calls it")
    promised_low: float | None
    promised_high: float | None
    promised_ms: float | None
    deadband: float
    gaps: list[Lost] = Field(description="the longest, in order of time")


@router.get("/sources")
def sources(here: Here, _: Viewer) -> list[Source]:
    """The project's source as its own samples show it."""
    project, historian = here.existing(), here.historian
    seen = look(project, historian, here.pulse.newest)
    newest = max((sample.time for sample in seen.newest.values()), default=None)
    found = source(project, historian, list(seen.tags), newest, time.time_ns())
    fresh = any(not one.state for one in seen.judged.values())
    return [Source(
        uri=found.uri, title=found.title, description=found.description, tags=found.tags, since=_ms(found.since),
        newest=_ms(found.newest), state="empty" if newest is None else "fresh" if fresh else "stale", rate=found.rate,
        good=found.good, rows=found.rows, version=found.version, hot_bytes=found.hot_bytes,
        cold_bytes=found.cold_bytes)]


@router.get("/quality")
def quality(here: Here, _: Viewer, start: Start, end: End, lang: Lang = "en") -> Progressed:
    """The quality of all tags over ``start`` to ``end``; begun by the first who asks, and kept a while."""
    work = _survey(here, start, end)
    found: Survey | None = work.result
    return Progressed(state=work.state, done=work.done, total=work.total,
                      quality=_quality(found, Text(lang)) if found is not None else None)


@router.get("/tag")
def tag(here: Here, _: Viewer, path: Annotated[str, Query(max_length=1000)], start: Start, end: End) -> TagDetail:
    """One tag: how its values are spread, what it promises, its longest gaps."""
    project, historian = here.existing(), here.historian
    about = next((one for one in task_tags(project, historian) if one.path == path), None)
    if about is None:
        raise NotFound("there is no such tag", where=path, do="see /api/v1/plant for those there are")
    first, last = _span(start, end)
    (plan,) = plans(historian, [about], first, last)
    runs = [historian.read([path], *span)[path] for span in plan.spans]
    seen = shape(runs)
    work = _survey(here, start, end)
    known = next((one for one in work.result.tags if one.quality.tag == path), None) if work.result else None
    return TagDetail(
        low=seen.low if seen else None, high=seen.high if seen else None, counts=list(seen.counts) if seen else [],
        quantiles={str(share): value for share, value in zip(QUANTILES, seen.quantiles, strict=True)} if seen else {},
        typical_ms=seen.typical_ns / MS if seen else 0, longest_ms=seen.longest_ns / MS if seen else 0, kind=about.kind,
        description=about.description, address=about.address, promised_low=about.low, promised_high=about.high,
        promised_ms=about.period_ns / MS if about.period_ns else None, deadband=about.deadband,
        gaps=[Lost(start=a // MS, end=b // MS) for a, b in known.gaps] if known else [])


def _survey(here: Console, start: int, end: int) -> Work:
    project, historian = here.existing(), here.historian
    first, last = _span(start, end)
    tags: list[Tag] = task_tags(project, historian)
    work = here.works.ask(("survey", historian.folder, first, last, len(tags)),
                          lambda progress: survey(historian, tags, first, last, progress,
                                                  since=first_sample(historian) or 0))
    if work.error is not None:
        raise work.error
    return work


def _span(start: int, end: int) -> tuple[int, int]:
    if end <= start:
        raise UsageError("this stretch is empty", where="end", do="choose an end after the start")
    return start * MS, end * MS


def _quality(found: Survey, text: Text) -> Quality:
    return Quality(start=found.start // MS, end=found.end // MS, tags=[_tag(one, text) for one in found.tags],
                   findings=_findings(found.findings, "", text),
                   lost=[Lost(start=a // MS, end=b // MS) for a, b in found.links.spans],
                   lost_since=found.links.since // MS)


def _tag(one: TagSurvey, text: Text) -> TagReport:
    about = one.quality
    return TagReport(
        path=about.tag, unit=about.unit, unusable=about.unusable.value,
        severity=about.severity.name.lower() if about.findings else "", samples=about.samples, good=about.good_share,
        low=_number(about.low), high=_number(about.high), noise=_number(about.noise),
        findings=_findings(about.findings, about.unit, text), broken=[_broken(breach) for breach in one.breaches],
        strip=one.strip, gaps=len(one.gaps), missing_ms=one.missing_ns // MS, looked_ms=one.looked_ns // MS,
        whole=one.whole)


def _findings(found: tuple[Found, ...], unit: str, text: Text) -> list[Finding]:
    ranked = sorted(found, key=lambda one: (-one.severity, -one.share))
    return [Finding(kind=one.kind.value, severity=one.severity.name.lower(), sentence=text.finding(one, unit))
            for one in ranked]


def _broken(one: Breach) -> Broken:
    return Broken(promise=one.promise.value, count=one.count, looked=one.looked, first=_ms(one.first),
                  last=_ms(one.last), figures=one.figures)


def _ms(time: int | None) -> int | None:
    return None if time is None else time // MS


def _number(value: Any) -> float | None:
    return value if abs(value) < float("inf") else None
