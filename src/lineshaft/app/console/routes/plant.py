"""The plant: its levels and tags, the state of each, normal bands, the last minutes."""

from __future__ import annotations

import math
import time
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from lineshaft.app.console.context import Here, Viewer
from lineshaft.app.console.plant.recent import Parts, parts
from lineshaft.app.console.plant.seen import look, score_path
from lineshaft.app.console.plant.state import roll_up
from lineshaft.app.console.plant.tree import levels
from lineshaft.app.console.tags import stale_ns, task_tags
from lineshaft.core.quality import severity

router = APIRouter(prefix="/api/v1/plant", tags=["plant"])
MS = 1_000_000
Minutes = Annotated[int, Query(ge=1, le=120, description="so far back")]
Bins = Annotated[int, Query(ge=10, le=600, description="in about so many parts of equal length")]
Paths = Annotated[list[str], Query(max_length=500, description="tag paths")]


class PlantLevel(BaseModel):
    """A site, area, line, cell or asset."""

    path: str = Field(description="empty for the plant as a whole")
    name: str
    parent: str | None = Field(description="null for the plant as a whole")
    tags: list[str] = Field(description="paths of the tags that hang right here")


class PlantTag(BaseModel):
    """What a tag is."""

    path: str
    unit: str = Field(description="UCUM")
    low: float | None = Field(description="the instrument's range")
    high: float | None
    kind: str
    description: str
    stale_ms: int = Field(description="a value older than this is not live")


class Plant(BaseModel):
    """Everything that stays; parents stand before their children."""

    loop: str = Field(description="name of the task that watches it")
    levels: list[PlantLevel]
    tags: list[PlantTag]


class LevelState(BaseModel):
    """A level's worst tag, and how many of its tags are in which state."""

    state: str = Field(description="normal, uncertain, masked, stale, bad or alarm")
    counts: dict[str, int]


class TagState(BaseModel):
    """A tag that is not normal."""

    state: str = Field(description="uncertain, masked, stale, bad or alarm")
    why: str = Field(description="the node's reason, where it masks the tag")
    share: float | None = Field(description="of the score, 0 to 1, while in alarm; null where it is not known")


class PlantState(BaseModel):
    """How the plant is now."""

    time: int = Field(description="ms")
    levels: dict[str, LevelState] = Field(description="by path")
    tags: dict[str, TagState] = Field(description="by path; all others are normal")


class Newest(BaseModel):
    """The newest sample of every tag, in columns."""

    tags: list[str]
    t: list[int | None] = Field(description="ms, null where there is none")
    v: list[float | None]
    q: list[int] = Field(description="0 good, 1 uncertain, 2 bad")


class Band(BaseModel):
    """Where 99 % of the values lay while the deciding bundle was taught."""

    low: float
    high: float


class BandsFound(BaseModel):
    """Normal bands, as far as they are known."""

    ready: bool = Field(description="false while they are worked out")
    bands: dict[str, Band] = Field(description="by tag path")


class Stretch(BaseModel):
    """The least and the most in each part; null where nothing usable is known."""

    low: list[float | None]
    high: list[float | None]


class Recent(BaseModel):
    """The last minutes, part i from ``start + i * step``."""

    start: int = Field(description="ms")
    step: float = Field(description="ms")
    series: dict[str, Stretch] = Field(description="by tag path")


class Score(BaseModel):
    """The loop's own score, 1 at the alarm limit."""

    start: int = Field(description="ms")
    step: float = Field(description="ms")
    low: list[float | None]
    high: list[float | None]
    alarm: list[bool] = Field(description="whether an alarm stood in this part")


@router.get("")
def plant(here: Here, _: Viewer) -> Plant:
    """Levels and tags; nothing before anything is recorded."""
    project = here.existing()
    tags = task_tags(project, here.historian)
    return Plant(
        loop=project.loop,
        levels=[PlantLevel(path=one.path, name=one.name, parent=one.parent, tags=list(one.tags))
                for one in levels(tags, project.config.plant.name)],
        tags=[PlantTag(path=tag.path, unit=tag.unit, low=tag.low, high=tag.high, kind=tag.kind,
                       description=tag.description, stale_ms=stale_ns(project, tag) // MS) for tag in tags])


@router.get("/state")
def state(here: Here, _: Viewer) -> PlantState:
    """The state of every level, and of every tag that is not normal."""
    seen = look(here.existing(), here.historian, here.pulse.newest)
    rolled = roll_up(levels(seen.tags), {path: one.state for path, one in seen.judged.items()}, seen.blame.levels)
    return PlantState(
        time=seen.time // MS,
        levels={path: LevelState(state=one.worst.word, counts={at.word: count for at, count in one.counts.items()})
                for path, one in rolled.items()},
        tags={path: TagState(state=one.state.word, why=one.why, share=one.share)
              for path, one in seen.judged.items() if one.state})


@router.get("/newest")
def newest(here: Here, _: Viewer) -> Newest:
    """What a screen begins with; the live socket goes on from there."""
    seen = look(here.existing(), here.historian, here.pulse.newest)
    samples = [seen.newest.get(tag.path) for tag in seen.tags]
    return Newest(tags=[tag.path for tag in seen.tags], t=[one.time // MS if one else None for one in samples],
                  v=[_number(one.value) if one else None for one in samples],
                  q=[int(severity(one.quality)) if one else 2 for one in samples])


@router.get("/bands")
def bands(here: Here, _: Viewer) -> BandsFound:
    """Of all tags, worked out once for each bundle that decides; ask again while it is not ready."""
    project, historian = here.existing(), here.historian
    work = here.works.ask(("bands", historian.folder, project.decides()),
                          lambda _: here.bands.deciding(project, historian))
    if work.error is not None:
        raise work.error
    return BandsFound(ready=work.state == "done", bands={
        path: Band(low=low, high=high) for path, (low, high) in work.result.by_tag.items()} if work.result else {})


@router.get("/recent")
def recent(here: Here, _: Viewer, tags: Paths, minutes: Minutes = 10, bins: Bins = 60) -> Recent:
    """The last minutes of some tags."""
    project, historian = here.existing(), here.historian
    known = {tag.path: tag for tag in task_tags(project, historian)}
    wanted = [path for path in dict.fromkeys(tags) if path in known]
    start, end = _last(minutes)
    found = {path: parts(columns, start, end, stale_ns(project, known[path]))
             for path, columns in historian.columns(wanted, start, end, bins).items()} if wanted else {}
    first = next(iter(found.values()), None)
    return Recent(start=(first.start if first else start) // MS, step=first.step / MS if first else 1,
                  series={path: _stretch(one) for path, one in found.items()})


@router.get("/score")
def score(here: Here, _: Viewer, minutes: Minutes = 10, bins: Bins = 300) -> Score:
    """The score over the last minutes; all null where nothing has decided."""
    project, historian = here.existing(), here.historian
    paths = score_path(project)
    start, end = _last(minutes)
    seen = historian.columns([paths["score"], paths["alarm"]], start, end, bins)
    score, alarm = (parts(seen[paths[name]], start, end, 2 * project.recipe.period_ns) for name in ("score", "alarm"))
    found = _stretch(score)
    return Score(start=score.start // MS, step=score.step / MS, low=found.low, high=found.high,
                 alarm=[value == 1.0 for value in alarm.high.tolist()])


def _last(minutes: int) -> tuple[int, int]:
    end = time.time_ns()
    return end - minutes * 60_000 * MS, end


def _stretch(found: Parts) -> Stretch:
    return Stretch(low=[_number(value) for value in found.low.tolist()],
                   high=[_number(value) for value in found.high.tolist()])


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
