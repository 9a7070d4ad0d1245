"""Nodes: whether data moves, how long decisions take, what goes in, what runs, what it said."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from lineshaft import __version__
from lineshaft.app.console.context import Console, Engineer, Here, Viewer
from lineshaft.app.console.models.acts import noted
from lineshaft.app.console.models.shelf import Shelved, shelf
from lineshaft.app.console.nodes import latency, logs
from lineshaft.core import quality
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.node.glance import Glance

router = APIRouter(prefix="/api/v1/node", tags=["node"])
MS = 1_000_000
BAD = frozenset({"deadline_misses", "missed_slots", "engine_failures", "fallback_switches", "samples_ahead",
                 "samples_overrun", "buffer_dropped"})


class HealthView(BaseModel):
    """What the node says of itself."""

    state: str = Field(description="starting, idle, active, degraded or stopped")
    reasons: list[str] = Field(description="sentences, the worst first")
    tags: list[str] = Field(description="not usable now")


class Running(BaseModel):
    """A bundle in the node."""

    digest: str
    version: int | None = Field(description="null where the project does not hold it")


class Counter(BaseModel):
    """Something that is counted from the node's start."""

    name: str
    count: int
    bad: bool = Field(description="whether a count that grows needs a person")
    grew: int = Field(description="ms, when the console last saw it grow; 0 where it did not")


class Bar(BaseModel):
    """Decisions that took at least `low` and less than `high` µs."""

    low: float
    high: float
    count: int


class Percentiles(BaseModel):
    """In µs; upper edges of the buckets that they lie in."""

    p50: float
    p99: float
    p999: float
    most: float


class LatencyView(BaseModel):
    """From a tick's start to its decision, since the node started."""

    bars: list[Bar]
    percentiles: Percentiles | None = Field(description="null before the first decision")
    deadline_us: float | None = Field(description="null where the bundle is not in the project")
    decisions: int
    misses: int


class Life(BaseModel):
    """One run of the node's process."""

    began: int = Field(description="ms")
    ended: int = Field(description="ms, 0 while it lives")


class NodeView(BaseModel):
    """A node as it was at `time`; where it does not answer, `why` says so and most fields are empty."""

    name: str
    folder: str
    reached: bool
    why: str
    time: int = Field(description="ms, the node's own clock")
    loop: str
    asset: str
    health: HealthView | None
    latency: LatencyView | None
    counters: list[Counter]
    source: str = Field(description="who decides: bundle, last-good-bundle, rule-limits or safe-state")
    buffer: int = Field(description="decisions that the centre has not fetched yet")
    inputs: int
    unusable: int
    bundle: Running | None
    last_good: Running | None
    shadow: Running | None
    lineshaft: str = Field(description="version of Lineshaft, the console's own")
    period_ms: float | None
    lives: list[Life] = Field(description="the newest first, since the console watches")


class Input(BaseModel):
    """A tag that the bundle reads, as the node has it."""

    tag: str
    unit: str
    time: int | None = Field(description="ms, source time of the newest value; null: never seen")
    value: float | None
    quality: str = Field(description="the standard's name of its status code")
    why: str = Field(description="why it counts for nothing now, empty where it counts")


class Inputs(BaseModel):
    """All of them, in the bundle's order."""

    time: int = Field(description="ms, the node's own clock")
    stale_ms: float | None = Field(description="age at which a value counts no more")
    inputs: list[Input]


class LogFile(BaseModel):
    """A file of the project's log folder."""

    name: str
    bytes: int
    changed: int = Field(description="ms")


class Line(BaseModel):
    """A line of a log."""

    level: Literal["info", "warning", "error"]
    text: str


class Tail(BaseModel):
    """The last lines, oldest first."""

    lines: list[Line]
    cut: bool = Field(description="whether there is more before them")


class Stopped(BaseModel):
    """The node was told."""

    state: str


@router.get("")
def node(here: Here, _: Viewer) -> NodeView:
    """At one glance; of the console's own look, so the node is asked no more often for this."""
    project, glance, pulse = here.existing(), here.pulse.glance, here.pulse.newest
    name, folder = project.config.node.name, str(project.node_folder)
    lives = [Life(**asdict(one)) for one in here.lives.all()]
    if glance is None:
        return NodeView(name=name, folder=folder, reached=False, why=pulse.why, time=pulse.time, loop=project.loop,
                        asset="", health=None, latency=None, counters=[], source="", buffer=0, inputs=0, unusable=0,
                        bundle=None, last_good=None, shadow=None, lineshaft=__version__, period_ms=None, lives=lives)
    status, runs = glance.status, _manifest(here, glance)
    return NodeView(
        name=str(status["node"]), folder=folder, reached=True, why="", time=glance.time // MS, loop=status["loop"],
        asset=status["asset"], health=HealthView(state=glance.health.state, reasons=list(glance.health.reasons),
                                                 tags=list(glance.health.tags)),
        latency=_latency(glance, runs), source=status["source"], buffer=status["buffer"],
        counters=[Counter(name=name, count=count, bad=name in BAD, grew=here.lives.grew(name))
                  for name, count in glance.counters.items()],
        inputs=len(glance.inputs.tags), unusable=len(glance.inputs.unusable),
        bundle=_running(here, status["bundle"]), last_good=_running(here, status["last_good"]),
        shadow=_running(here, (status["shadow"] or {}).get("bundle")), lineshaft=__version__,
        period_ms=runs.content.manifest.period_ns / MS if runs and runs.content else None, lives=lives)


@router.get("/inputs")
def inputs(here: Here, _: Viewer) -> Inputs:
    """What the node has of each tag: its own times and reasons, values from history."""
    glance = here.pulse.glance
    if glance is None:
        raise EnvironmentFailed(here.pulse.newest.why or "the node has not been looked at yet", do="try again")
    runs = _manifest(here, glance)
    manifest = runs.content.manifest if runs and runs.content else None
    units = {tag.path: tag.unit for tag in manifest.tags} if manifest else {}
    newest = here.historian.as_of(glance.inputs.tags, glance.time)
    found = []
    for tag, at in zip(glance.inputs.tags, glance.inputs.times, strict=True):
        sample, why = newest.get(tag), glance.inputs.unusable.get(tag, "")
        found.append(Input(
            tag=tag, unit=units.get(tag, ""), time=None if at is None else at // MS, why=why,
            value=sample.value if sample is not None and abs(sample.value) < float("inf") else None,
            quality=quality.name(sample.quality) if sample is not None else ""))
    return Inputs(time=glance.time // MS, stale_ms=manifest.stale_ns / MS if manifest else None, inputs=found)


@router.get("/logs")
def log_files(here: Here, _: Viewer) -> list[LogFile]:
    """The project's logs, the newest first."""
    return [LogFile(**asdict(one)) for one in logs.files(here.existing())]


@router.get("/logs/{name}")
def log(here: Here, _: Viewer, name: str, lines: Annotated[int, Query(ge=1, le=2000)] = 200,
        level: Literal["info", "warning", "error"] = "info",
        text: Annotated[str, Query(max_length=200, description="only lines that hold this, whatever the case")] = ""
        ) -> Tail:
    """The end of one of them."""
    found = logs.tail(here.existing(), name, lines=lines, least=level, text=text)
    shown: list[Any] = [asdict(line) for line in found.lines]
    return Tail(lines=[Line(**line) for line in shown], cut=found.cut)


@router.post("/stop")
def stop(here: Here, person: Engineer) -> Stopped:
    """End the node on purpose; it decides no more until somebody starts one."""
    asked = here.node()
    noted(here, person, "node stopped", here.existing().config.node.name, asked.stop)
    return Stopped(state="stopped")


def _latency(glance: Glance, runs: Shelved | None) -> LatencyView:
    edges, counts = glance.latency.edges_ns, glance.latency.counts
    found = latency.percentiles(edges, counts)
    return LatencyView(
        bars=[Bar(**asdict(one)) for one in latency.bars(edges, counts)], decisions=sum(counts),
        percentiles=Percentiles(**asdict(found)) if found else None, misses=glance.counters.get("deadline_misses", 0),
        deadline_us=runs.content.manifest.budget.deadline_ns / 1000 if runs and runs.content else None)


def _manifest(here: Console, glance: Glance) -> Shelved | None:
    return next((one for one in shelf(here.existing()).values() if one.digest == glance.status["bundle"]), None)


def _running(here: Console, digest: str | None) -> Running | None:
    if not digest:
        return None
    there = next((one.version for one in shelf(here.existing()).values() if one.digest == digest), None)
    return Running(digest=digest, version=there)
