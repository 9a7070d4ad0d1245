"""Set-up: a source, its tags, the task, the normal stretch; each step writes the lineshaft.toml a person would."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, StringConstraints

from lineshaft import backend
from lineshaft.app.config import FILE
from lineshaft.app.console.context import Engineer, Here
from lineshaft.app.console.models import acts
from lineshaft.app.console.routes.job import Job
from lineshaft.app.console.setup import aims, file, rehearsal, sources, standing, stretch
from lineshaft.app.console.setup.edit import Change
from lineshaft.app.console.setup.patterns import matcher, patterns
from lineshaft.app.console.setup.probe import MOST_VALUES
from lineshaft.app.console.setup.probe import Probe as Looked
from lineshaft.connect.registry import connector_for, manifests
from lineshaft.core.errors import LineshaftError, Refused
from lineshaft.core.tag import Tag as Signal
from lineshaft.model.train import choices as monitors

router = APIRouter(prefix="/api/v1/setup", tags=["setup"])
Text = Annotated[str, StringConstraints(max_length=2000)]
Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Number = Annotated[str, Path(max_length=40, description="what opening it gave")]
Scalar = bool | int | float | Text
Moment = Annotated[int, Query(ge=0, le=253402300799000, description="ms")]


class Wish(BaseModel):
    """One key's new value."""

    key: list[Text] = Field(min_length=1, max_length=6, description='such as ["tasks", "cell", "period"]')
    value: Scalar | list[Scalar] | None = Field(description="null removes the key and all below it")


class Wishes(BaseModel):
    """Changes of lineshaft.toml, made together."""

    changes: list[Wish] = Field(max_length=500)
    loop: Name = Field("cell", description="name of the task in a new file")


class Written(Wishes):
    """Changes that somebody has seen as a difference and wants written."""

    digest: str = Field(max_length=64, description="of the file that the difference was made from")


class Line(BaseModel):
    """One line of a difference."""

    kind: Literal["same", "add", "remove"]
    text: str
    number: int = Field(description="in the new file; of a removed line in the old one")


class Draft(BaseModel):
    """What would be written."""

    digest: str = Field(description="of the file it was made from, empty where there is none")
    changed: bool
    lines: list[Line]


class Recorded(BaseModel):
    """What history holds of the task's tags."""

    tags: int
    start: int = Field(description="ms, 0 where nothing is recorded")
    end: int = Field(description="ms")
    covered: int = Field(description="ms of it that hold samples")
    holes: list[tuple[int, int]] = Field(description="ms, without any sample")


class Judged(BaseModel):
    """A stretch that somebody called normal or not."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    normal: bool
    by: str
    comment: str
    given: int = Field(description="ms")


class Learnt(BaseModel):
    """The newest bundle."""

    name: str
    version: int
    digest: str
    created: str = Field(description="UTC")
    learner: str
    why: str
    tags: int
    figures: dict[str, float]


class Standing(BaseModel):
    """Where set-up stands."""

    folder: str = Field(description="of the project, on the machine that serves this")
    file: bool = Field(description="whether lineshaft.toml is there")
    digest: str = Field(description="of its content, empty where there is none")
    text: str
    mistake: str = Field(description="what is wrong with it, empty where nothing is")
    name: str = Field(description="of the plant")
    source: str
    options: dict[str, Any] = Field(description="of the connector")
    loop: str = Field(description="name of the task")
    task: dict[str, Any] = Field(description="keys of [tasks.<loop>] with their defaults")
    period_ms: float
    password: bool = Field(description="whether LINESHAFT_PASSWORD is set for this process")
    recorded: Recorded
    judged: list[Judged]
    learnt: Learnt | None
    deciding: str = Field(description="name of the bundle that decides, empty where none does")
    trouble: str = Field(description="why history or bundles can't be looked at, empty where they can")
    now: int = Field(description="ms")


class Kind(BaseModel):
    """A way into a plant."""

    name: str
    title: str
    description: str
    schemes: list[str]
    suffixes: list[str]


class Export(BaseModel):
    """A file below the project's folder."""

    path: str
    size: int = Field(description="bytes")
    changed: int = Field(description="ms")


class Aim(BaseModel):
    """A task, and the keys of the file that say what it is to learn."""

    name: str
    takes: list[str] = Field(description="of predict, classes, group and end-of-life")
    needs: list[str] = Field(description="those that it can't do without")
    ahead: list[int] = Field(description="periods ahead that it says unless told otherwise; empty for the present")


class Choices(BaseModel):
    """What there is to choose from."""

    kinds: list[Kind]
    near: str = Field(description="the usual OPC UA address on this machine")
    answers: bool = Field(description="whether something listens there")
    files: list[Export]
    learners: list[str]
    targets: list[str]
    tasks: list[Aim] = Field(description="that a project can be for, monitor first")


class Source(BaseModel):
    """A source to look at."""

    source: Text = Field(min_length=1, description="as plant.source")
    options: dict[Text, Scalar | list[Scalar]] = Field({}, description="as [plant.options]")
    password: Annotated[str, StringConstraints(max_length=500)] = Field("", description="kept in memory only")


class Endpoint(BaseModel):
    """One way in that the source offers."""

    security: str
    usable: bool = Field(description="whether Lineshaft can use it")
    certificate: str = Field(description="fingerprint of the source's certificate")
    logins: list[str] = Field(description="anonymous, password")


class Trouble(BaseModel):
    """Why a source could not be looked at."""

    error: str = Field(description="the whole sentence")
    what: str
    do: str
    refused: bool = Field(description="whether we would not trust it, rather than could not reach it")


class Probe(BaseModel):
    """A source that is looked at."""

    number: str
    source: str
    connector: str
    state: str = Field(description="connecting, browsing, ready, failed or closed")
    trouble: Trouble | None
    endpoints: list[Endpoint]
    tags: int = Field(description="how many it has, once it is ready")


class Tag(BaseModel):
    """A signal of the source."""

    path: str
    unit: str = Field(description="UCUM")
    low: float | None
    high: float | None
    period_ms: float | None = Field(description="between two values, where the source promises one")
    kind: str = Field(description="float, int, bool, enum or text")
    description: str
    chosen: bool = Field(description="whether the task, as the file has it, takes it")


class Paths(BaseModel):
    """Some of a source's tags."""

    tags: list[Text] = Field(max_length=50_000)


class Value(BaseModel):
    """A tag's newest value."""

    time: int = Field(description="ms, of the source")
    value: float | str | None
    quality: int = Field(description="0 good, 1 uncertain, 2 bad")


class Patterns(BaseModel):
    """A choice of tags as a task writes it."""

    tags: list[str]
    leave_out: list[str]


class Span(BaseModel):
    """A stretch of time."""

    start: int = Field(ge=0, le=253402300799000, description="ms")
    end: int = Field(ge=0, le=253402300799000, description="ms")


class Deployment(BaseModel):
    """Which bundle is to decide."""

    version: int = Field(ge=0, le=2**31)


class Concern(BaseModel):
    """Something about a stretch that a person should know."""

    kind: str = Field(description="short, brief, unusable, gaps, left-out, frozen, drift, modes or abnormal")
    level: Literal["stop", "look", "know"]
    count: int
    share: float
    tags: list[str]


class Finding(BaseModel):
    """What one tag's values are like."""

    tag: str
    kind: str
    severity: str
    sentence: str


class Assessment(BaseModel):
    """Whether a stretch is good to learn from."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    rows: int = Field(description="of one period each, that could be learnt from")
    tags: int
    usable: int = Field(description="tags that can be learnt from")
    modes: list[str] = Field(description="tags that say the operating mode")
    mode_values: int = Field(description="how many modes the stretch shows")
    concerns: list[Concern]
    findings: list[Finding]


@router.get("")
def look(here: Here, _: Engineer) -> Standing:
    """Where set-up stands; the same answer after any step."""
    here.reload()
    project = here.project
    found = standing.standing(here.folder, project, here.mistake, here.historian if project else None)
    return Standing.model_validate(asdict(found))


@router.get("/choices")
def choices(here: Here, _: Engineer) -> Choices:
    """What there is to choose from, here and now."""
    known = manifests()
    return Choices(
        kinds=[Kind(name=one.name, title=one.title, description=one.description, schemes=list(one.schemes),
                    suffixes=list(one.suffixes)) for one in map(known.__getitem__, sources.kinds())],
        near=sources.NEAR, answers=sources.near(), files=[Export(**asdict(one)) for one in sources.files(here.folder)],
        learners=list(monitors()), targets=list(backend.targets()),
        tasks=[Aim.model_validate(one, from_attributes=True) for one in aims.aims()])


@router.post("/draft")
def draft(here: Here, _: Engineer, asked: Wishes) -> Draft:
    """What the changes would make of the file; nothing is written."""
    found = file.drafted(here.folder, _changes(asked), loop=asked.loop)
    return Draft(digest=found.digest, changed=found.changed, lines=[Line(**asdict(line)) for line in found.lines])


@router.post("/file")
def write(here: Here, person: Engineer, asked: Written) -> Standing:
    """Write them; refused where the file is another than the one that was shown."""
    found = file.drafted(here.folder, _changes(asked), loop=asked.loop)
    if found.digest != asked.digest:
        raise Refused("the file was changed meanwhile", where=FILE, do="look at it again; nothing was written")
    file.write(here.folder, found)
    here.door.note(person, "wrote", FILE, {
        ".".join(change.key): change.value for change in asked.changes})
    here.reload()
    return look(here, person)


@router.post("/probe")
def connect(here: Here, person: Engineer, asked: Source) -> Probe:
    """Begin to look at a source: connect, then browse. It is closed when nobody asks for it for a while."""
    probe = here.probes.open(asked.source.strip(), asked.options, asked.password)
    here.door.note(person, "looked at", probe.source.rpartition("@")[2])
    return _told(probe)


@router.get("/probe/{number}")
def probed(here: Here, _: Engineer, number: Number) -> Probe:
    """How far it is."""
    return _told(here.probes.get(number))


@router.delete("/probe/{number}", status_code=204)
def disconnect(here: Here, _: Engineer, number: Number) -> None:
    """Look no more."""
    here.probes.close(number)


@router.get("/probe/{number}/tag")
def tags(here: Here, _: Engineer, number: Number) -> list[Tag]:
    """What it has, in its own order."""
    found, project = here.probes.get(number).tags, here.project
    takes = matcher(project.task.tags, project.task.leave_out) if project else bool
    return [_tag(one, one.kind != "text" and takes(one.path)) for one in found]


@router.post("/probe/{number}/value")
def values(here: Here, _: Engineer, number: Number, asked: Paths) -> dict[str, Value]:
    """Newest values of at most 300 tags; the source is asked once a second at most."""
    found = here.probes.values(number, asked.tags[:MOST_VALUES])
    return {path: Value(**asdict(one)) for path, one in found.items()}


@router.post("/probe/{number}/pattern")
def pattern(here: Here, _: Engineer, number: Number, asked: Paths) -> Patterns:
    """The fewest patterns that choose exactly these tags; text is never chosen."""
    there = [tag.path for tag in here.probes.get(number).tags if tag.kind != "text"]
    found = patterns(there, asked.tags)
    return Patterns(tags=list(found.tags), leave_out=list(found.leave_out))


@router.get("/stretch")
def assess(here: Here, _: Engineer, start: Moment, end: Moment) -> Assessment:
    """Whether the plant's history between two moments is good to learn from."""
    return Assessment.model_validate(asdict(stretch.assess_stretch(here.existing(), here.historian, start, end)))


@router.post("/stretch")
def declare(here: Here, person: Engineer, asked: Span) -> Standing:
    """Call a stretch normal operation: what the next training learns from."""
    stretch.declare(here.existing(), here.historian, asked.start, asked.end, person.name)
    here.door.note(person, "called normal", here.existing().loop, asked.model_dump())
    return look(here, person)


@router.post("/deploy")
def deploy(here: Here, person: Engineer, asked: Deployment) -> Standing:
    """Let a bundle decide: at once where a node runs, else as soon as one starts."""
    acts.deploy(here, person, asked.version)
    return look(here, person)


@router.post("/rehearsal")
def rehearse(here: Here, person: Engineer) -> Job:
    """What the newest bundle would have said of everything recorded; follow it as a job, its result is the answer."""
    project = here.existing()
    start, end = rehearsal.stretch(project, here.historian)
    words = rehearsal.words(project, start, end)
    here.door.note(person, "rehearsed", project.loop)
    return Job.model_validate(here.jobs.start(rehearsal.KIND, words, person.name), from_attributes=True)


def _changes(asked: Wishes) -> list[Change]:
    return [Change(tuple(one.key), one.value) for one in asked.changes]


def _told(probe: Looked) -> Probe:
    error = probe.error
    return Probe(
        number=probe.number, source=probe.source.rpartition("@")[2], connector=connector_for(probe.source),
        state=probe.state, trouble=_trouble(error) if error else None,
        endpoints=[Endpoint(**asdict(one)) for one in probe.endpoints], tags=len(probe.tags))


def _trouble(error: LineshaftError) -> Trouble:
    return Trouble(error=str(error), what=error.what, do=error.do, refused=isinstance(error, Refused))


def _tag(one: Signal, chosen: bool) -> Tag:
    return Tag(path=one.path, unit=one.unit, low=one.low, high=one.high, kind=one.kind, description=one.description,
               chosen=chosen,
               period_ms=None if one.period_ns is None else one.period_ns / 1e6)
