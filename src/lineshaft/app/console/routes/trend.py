"""History as lines, quality, bands, alarms and files."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask

from lineshaft.app import flow
from lineshaft.app.console.context import Here, NotFound, Viewer
from lineshaft.app.console.trends import read
from lineshaft.app.console.trends.decisions import DecisionSpan
from lineshaft.app.console.trends.export import Export, csv_lines, write_parquet
from lineshaft.app.project import Project
from lineshaft.core.decision_tags import decision_paths
from lineshaft.core.errors import UsageError
from lineshaft.core.quality import name, severity
from lineshaft.core.sample import Sample
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag

router = APIRouter(prefix="/api/v1/trend", tags=["trend"])

MS = 1_000_000
_FARTHEST = 9_000_000_000_000  # ms; nanoseconds end not far behind it
Tags = Annotated[list[str], Query(min_length=1, max_length=50, description="tag paths")]
Moment = Annotated[int, Query(ge=-_FARTHEST, le=_FARTHEST, description="UTC ms")]
Width = Annotated[int, Query(ge=1, le=10_000, description="columns of pixels")]


class QualitySpan(BaseModel):
    """A stretch in which values count less, or not."""

    start: int = Field(description="ms")
    end: int = Field(description="ms, not included")
    kind: Literal["uncertain", "bad", "stale"] = Field(description="stale: silent for longer than the tag may be")


class Line(BaseModel):
    """Points in order of time, as three lists of one length."""

    t: list[int] = Field(description="ms")
    v: list[float | None] = Field(description="null where the line breaks")
    q: list[int] = Field(description="0 good, 1 uncertain, 2 bad")
    raw: bool = Field(description="every sample of the range; else first, lowest, highest and last of each column")
    count: int = Field(description="samples that the line stands for")
    spans: list[QualitySpan]


class Trend(BaseModel):
    """Lines over a range."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    now: int = Field(description="ms, the server's clock")
    series: dict[str, Line] = Field(description="by tag path")


class Cause(BaseModel):
    """A tag's share (0..1) of a score."""

    tag: str
    share: float


class AlarmSpan(BaseModel):
    """One alarm, from its first to its last decision."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    peak: float | None = Field(description="largest score; the limit is 1")
    open: bool = Field(description="stands at the newest decision")
    exact: bool = Field(description="false where so much was alarm that times are to a column of pixels only")
    explained: bool = Field(description="whether causes, masked and source were looked up: they are for the newest")
    causes: list[Cause] = Field(description="largest first, means over the alarm's first decisions")
    masked: list[str] = Field(description="tags that were bad, stale or missing")
    source: str = Field(description="who decided: bundle, last-good-bundle, rule-limits or safe-state; may be empty")
    bundle: str = Field(description="digest; may be empty")


class Decisions(BaseModel):
    """What the loop said."""

    loop: str
    asset: str
    spans: list[AlarmSpan] = Field(description="in order of time")
    score: Line


class Band(BaseModel):
    """Where 99 % of a tag's values lay while the deciding bundle was taught."""

    low: float
    high: float


class Bands(BaseModel):
    """Normal bands by tag path; tags that the bundle does not know have none."""

    bundle: str = Field(description="digest of the bundle that decides; empty where none does")
    bands: dict[str, Band]
    note: str = Field(description="why there are none")


class Value(BaseModel):
    """The newest sample at a moment."""

    time: int = Field(description="ms")
    value: float | None = Field(description="null where it is no number")
    text: str | None
    quality: int = Field(description="0 good, 1 uncertain, 2 bad")
    quality_name: str = Field(description="of the OPC UA StatusCode")
    stale: bool = Field(description="older than the tag may be")


class Values(BaseModel):
    """Newest samples by tag path; tags without any are left out."""

    now: int = Field(description="ms, the server's clock")
    values: dict[str, Value]


@router.get("", response_model=Trend)
def trend(here: Here, _: Viewer, tags: Tags, start: Moment, end: Moment, columns: Width = 1000) -> Response:
    """Lines for a chart of so many columns of pixels; fast over any range."""
    _check(start, end)
    historian, now = here.historian, time.time_ns()
    chosen = _known(historian, tags)
    found = read.trends(historian, chosen, start * MS, end * MS, columns, now, _stale(here.existing(), chosen))
    return _json({"start": start, "end": end, "now": now // MS,
                  "series": {path: _line(one) for path, one in found.items()}})


@router.get("/decisions", response_model=Decisions)
def decisions(here: Here, _: Viewer, start: Moment, end: Moment, columns: Width = 1000) -> Response:
    """Alarms of the project's loop, and its score as a line."""
    _check(start, end)
    project, historian = here.existing(), here.historian
    loop, asset = project.loop, project.config.plant.name
    spans = here.decisions.spans(historian, loop, asset, start * MS, end * MS, columns)
    path = decision_paths(loop, asset)["score"]
    score = read.trends(historian, [Tag(path)], start * MS, end * MS, columns, time.time_ns())[path]
    return _json({"loop": loop, "asset": asset, "spans": [_span(one) for one in spans], "score": _line(score)})


@router.get("/band")
def band(here: Here, _: Viewer, tags: Tags) -> Bands:
    """Normal bands of tags, by what the deciding bundle was taught."""
    found = here.bands.deciding(here.existing(), here.historian)
    bands = {tag: Band(low=found.by_tag[tag][0], high=found.by_tag[tag][1]) for tag in tags if tag in found.by_tag}
    return Bands(bundle=found.bundle, bands=bands, note=found.note)


@router.get("/now")
def newest(here: Here, _: Viewer, tags: Tags, at: Moment | None = None) -> Values:
    """The newest sample of each tag, now or at a moment in the past."""
    historian, now = here.historian, time.time_ns()
    chosen = _known(historian, tags)
    moment, stale = now if at is None else at * MS, _stale(here.existing(), chosen)
    found = historian.as_of([tag.path for tag in chosen], moment)
    return Values(now=now // MS, values={
        path: _value(sample, moment - sample.time > stale.get(path, moment - sample.time))
        for path, sample in found.items()})


@router.get("/export", response_class=Response, responses={200: {
    "description": "the file", "content": {"text/csv": {}, "application/vnd.apache.parquet": {}}}})
def export(here: Here, _: Viewer, tags: Tags, start: Moment, end: Moment,
           kind: Annotated[Literal["csv", "parquet"], Query(alias="format")] = "csv",
           layout: Literal["wide", "long"] = "long") -> Response:
    """Samples as a file: times with nanoseconds, values and qualities as they were stored.

    Wide has a row a moment and two columns a tag; long a row a sample.
    """
    _check(start, end)
    historian = here.historian
    what = Export.of(historian, [tag.path for tag in _known(historian, tags)], start * MS, end * MS, layout)
    since = str(np.datetime64(start, "ms").astype("datetime64[s]")).replace("-", "").replace(":", "")
    headers = {"Content-Disposition": f'attachment; filename="history-{since}Z.{kind}"', "Cache-Control": "no-store"}
    if kind == "csv":
        return StreamingResponse(csv_lines(what), media_type="text/csv; charset=utf-8", headers=headers)
    handle, target = tempfile.mkstemp(".parquet", "lineshaft-")
    os.close(handle)
    path = Path(target)
    try:
        write_parquet(what, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return FileResponse(path, media_type="application/vnd.apache.parquet", headers=headers,
                        background=BackgroundTask(path.unlink, missing_ok=True))


def _check(start: int, end: int) -> None:
    if start >= end:
        raise UsageError(f"the range {start}..{end} is empty", where="end", do="give an end after the start")


def _known(historian: Historian, paths: Sequence[str]) -> list[Tag]:
    stored = {tag.path: tag for tag in historian.tags()}
    for path in paths:
        if path not in stored:
            raise NotFound("no such tag is stored", where=path, do="see /api/v1/tag for those there are")
    return [stored[path] for path in dict.fromkeys(paths)]


def _stale(project: Project, tags: Sequence[Tag]) -> dict[str, int]:
    """How old values of the task's tags may be, ns, by path: the age at which the node masks them."""
    task = project.task
    return {tag.path: project.recipe.stale for tag in tags
            if flow.matches(tag.path, task.tags) and not flow.matches(tag.path, task.leave_out)}


def _json(what: Mapping[str, Any]) -> Response:
    """Encoded at once: a model of a hundred thousand numbers would take longer than reading them."""
    return Response(msgspec.json.encode(what), media_type="application/json", headers={"Cache-Control": "no-store"})


def _line(one: read.Trend) -> dict[str, Any]:
    return {"t": (one.line.time // MS).tolist(), "v": one.line.value.tolist(), "q": one.line.quality.tolist(),
            "raw": one.raw, "count": one.count,
            "spans": [{"start": span.start // MS, "end": span.end // MS, "kind": span.kind} for span in one.spans]}


def _span(one: DecisionSpan) -> dict[str, Any]:
    return {"start": one.start // MS, "end": one.end // MS, "peak": one.peak, "open": one.open, "exact": one.exact,
            "explained": one.explained, "causes": [{"tag": cause.tag, "share": cause.share} for cause in one.causes],
            "masked": one.masked, "source": one.source, "bundle": one.bundle}


def _value(sample: Sample, stale: bool) -> Value:
    number = sample.value if abs(sample.value) < float("inf") else None
    return Value(time=sample.time // MS, value=number, text=sample.text, quality=int(severity(sample.quality)),
                 quality_name=name(sample.quality), stale=stale)
