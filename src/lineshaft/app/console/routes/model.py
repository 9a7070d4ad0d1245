"""Models: bundles with card, certificate and lineage; champion and shadow; drift; learning anew."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from lineshaft.app.console.context import Console, Engineer, Here, Viewer
from lineshaft.app.console.models import acts, card, compare, drift, lineage, rehearsal
from lineshaft.app.console.models.shelf import Content, Shelved, shelf
from lineshaft.app.console.routes.job import Job
from lineshaft.core.errors import Refused

router = APIRouter(prefix="/api/v1/model", tags=["model"])
MS = 1_000_000
Version = Annotated[int, Path(ge=1, le=2**31, description="of the bundle")]
After = Annotated[int, Query(ge=0, lt=2**43, description="ms; only scores of later ticks")]
Share = Annotated[float, Field(description="0 to 1")]


class Signature(BaseModel):
    """Who signed it, and whether this project trusts them."""

    verdict: Literal["trusted", "unchecked", "unsigned", "refused"]
    why: str = Field(description="the reason for a no")
    key: str = Field(description="identity of the public key")


class Bundle(BaseModel):
    """One bundle in the list; a bundle that can't be read has only version, name, bytes and `refused`."""

    version: int
    name: str = Field(description="of its folder")
    digest: str
    loop: str
    learner: str
    why: str = Field(description="why this learner was chosen")
    created: int = Field(description="ms")
    parent: str = Field(description="digest of the bundle that it was retrained from, empty for the first")
    feedback: int = Field(description="verdicts of people that it used as labels")
    figures: dict[str, float] = Field(description="what training measured, by name")
    bytes: int
    signature: Signature | None
    roles: list[Literal["decides", "starts", "shadow", "last-good"]] = Field(
        description="`starts`: no node answers, and one that starts would take this bundle")
    refused: str = Field(description="why it can't be read, empty where it can")


class Shelf(BaseModel):
    """All bundles of the project, newest first."""

    loop: str
    node: bool = Field(description="whether a node answers")
    shadow_failed: str = Field(description="why the bundle beside has ended, empty where it has not")
    learn_ms: int | None = Field(description="so much normal operation is recorded before the first training; null "
                                 "where people train and deploy")
    bundles: list[Bundle]


class Span(BaseModel):
    """A piece of text."""

    text: str
    style: str = Field(description="empty, code, strong or emphasis")


class Block(BaseModel):
    """A block of the model card."""

    kind: Literal["heading", "paragraph", "list", "table"]
    level: int
    text: list[Span]
    items: list[list[Span]]
    head: list[list[Span]]
    rows: list[list[list[Span]]]


class Certificate(BaseModel):
    """What was measured on one backend, target and machine."""

    backend: str
    target: str
    machine: dict[str, str]
    parity: float = Field(description="largest difference from the reference")
    flips: int = Field(description="alarms that differed from the reference")
    ticks: int = Field(description="golden ticks that were compared")
    latency_us: list[float] = Field(description="of single steps: p50, p99, p99.9, max")
    memory_bytes: int
    created: int = Field(description="ms")
    graph: str = Field(description="digest of the graph that it belongs to")


class ModelTag(BaseModel):
    """A tag that the bundle reads."""

    path: str
    unit: str
    low: float | None
    high: float | None


class Library(BaseModel):
    """A package that runs the bundle."""

    name: str
    version: str
    licence: str


class Sbom(BaseModel):
    """The bill of materials (CycloneDX), in short."""

    format: str
    serial: str
    libraries: list[Library]


class BundleFile(BaseModel):
    """A file inside."""

    name: str
    bytes: int
    digest: str


class Detail(Bundle):
    """Everything that a bundle says of itself."""

    task: str
    tags: list[ModelTag]
    period_ms: float
    stale_ms: float
    deadline_us: float
    memory_bytes: int
    limits: int = Field(description="tags with rule limits for the fallback")
    code: str = Field(description="version of Lineshaft that made it")
    dataset: str
    history: str
    card: list[Block]
    certificates: list[Certificate]
    golden: list[int] = Field(description="ticks of each golden sequence")
    sbom: Sbom
    files: list[BundleFile]


class Ancestor(BaseModel):
    """A bundle of the line, the asked one first."""

    digest: str
    version: int | None = Field(description="null where its files are not in the project")
    learner: str
    created: int = Field(description="ms, 0 where not known")
    feedback: int


class Stretch(BaseModel):
    """A stretch of history that somebody judged before the bundle learnt."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    abnormal: bool
    by: str = Field(description="empty where the project's file said it, and nobody in person")
    comment: str
    given: int = Field(description="ms")


class Lineage(BaseModel):
    """From the bundle back to the samples."""

    ancestors: list[Ancestor]
    dataset: str
    history: str
    stretches: list[Stretch]
    tags: list[str]
    fit_rows: int
    held_out_rows: int
    why: str = Field(description="why the history can't be read as it was then, empty where it can")


class Side(BaseModel):
    """One of two bundles that run on the same values."""

    version: int | None
    digest: str
    learner: str
    created: int = Field(description="ms, 0 where not known")
    feedback: int
    alarms: int = Field(description="ticks in alarm, of those that were compared")
    step_us: list[float] = Field(description="certified latency of single steps: p50, p99, p99.9, max")
    memory_bytes: int
    figures: dict[str, float]


class Scores(BaseModel):
    """Both scores at the ticks at which both spoke; the alarm limit of each is 1."""

    t: list[int] = Field(description="ms")
    champion: list[float]
    shadow: list[float]


class Comparison(BaseModel):
    """The bundle that decides and the one beside it."""

    champion: Side | None
    shadow: Side | None = Field(description="null where nothing runs beside")
    ticks: int
    since: int = Field(description="ms, 0 before the first tick")
    agree: Share = Field(description="share of ticks with the same alarm")
    mean_difference: float
    largest_difference: float
    failed: str = Field(description="why the shadow has ended, empty where it has not")
    scores: Scores


class Retraining(BaseModel):
    """Whether people say often enough that the deciding bundle is wrong."""

    bundle: int | None = Field(description="the version that decides, null where there is none")
    due: bool
    false_alarms: int = Field(description="marked since it was trained")
    missed_faults: int
    confirmed: int
    needed: int = Field(description="false alarms and missed faults together that call for retraining")
    job: Job | None = Field(description="the newest retraining, null where there was none since the console started")


class Brought(BaseModel):
    """The bundle that decides or shadows now."""

    digest: str
    version: int | None


class Sampled(BaseModel):
    """Samples, and how many independent ones they are worth."""

    count: int
    effective: float


class TagDrift(BaseModel):
    """One tag's newest values against those that taught."""

    tag: str
    state: Literal["steady", "moved", "drifted", "unsure", "silent"]
    psi: float
    psi_chance: float = Field(description="what chance alone stays below")
    ks: float
    ks_chance: float
    shift: float | None = Field(description="of the mean, in standard deviations of the training; null: it never moved")
    spread: float | None = Field(description="ratio of standard deviations; null: it never moved in training")
    outside: Share = Field(description="share of the window beyond the range of the training")
    reference: Sampled
    window: Sampled
    edges: list[float]
    expected: list[float] = Field(description="share of each bin in training")
    found: list[float] = Field(description="share of each bin in the window")


class Bucket(BaseModel):
    """Scores of one part of the window."""

    time: int = Field(description="ms")
    median: float
    high: float = Field(description="95th percentile")
    alarm: Share = Field(description="share of ticks in alarm")
    count: int


class Drifted(BaseModel):
    """One measurement."""

    version: int
    start: int = Field(description="ms")
    end: int = Field(description="ms")
    measured: int = Field(description="ms")
    same_data: bool = Field(description="the history still gives the very data that the bundle learnt from")
    reference_rows: int
    window_rows: int
    taught_rows: int = Field(description="left out of the window: the bundle learnt from them")
    abnormal_rows: int = Field(description="left out: people called them abnormal")
    unseen_rows: int = Field(description="left out: their operating mode was not in the training")
    sliced: bool = Field(description="the window was looked at in parts")
    chance: float = Field(description="how often a tag that did not change is called changed")
    modes: list[str]
    tags: list[TagDrift]
    scores: list[Bucket]


class Drift(BaseModel):
    """The newest measurement, and the one at work."""

    result: Drifted | None
    running: Job | None
    error: str = Field(description="why the last try gave nothing")


class Peaks(BaseModel):
    """The highest score of each part of the stretch; the alarm limit is 1."""

    time: list[int] = Field(description="ms")
    score: list[float]


class Rehearsed(BaseModel):
    """What a bundle would have said of recorded history."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    ticks: int
    alarm_ticks: int
    alarms: int = Field(description="alarms that would have come")
    scores: Peaks


class Rehearsal(BaseModel):
    """The newest replay of a bundle."""

    result: Rehearsed | None
    job: Job | None = Field(description="null where there was none since the console started")


Last = Annotated[Literal["hour", "shift", "day"], Query(description="how much of the newest history")]


@router.get("")
def bundles(here: Here, _: Viewer) -> Shelf:
    """All bundles, newest first."""
    project = here.existing()
    status = here.pulse.glance.status if here.pulse.glance is not None else None
    beside = (status or {}).get("shadow") or {}
    return Shelf(loop=project.loop, node=status is not None, shadow_failed=beside.get("failed", ""),
                 learn_ms=None if project.learn_ns is None else project.learn_ns // MS,
                 bundles=[_bundle(one, _roles(here, one)) for one in reversed(shelf(project).values())])


@router.get("/compare")
def comparison(here: Here, _: Viewer, after: After = 0) -> Comparison:
    """The bundle that decides and the one beside it, over the same ticks."""
    found = compare.compared(here, after)
    figures = found.figures or {}
    ticks, agree = figures.get("ticks", 0), figures.get("agree", 0.0)
    return Comparison(
        champion=_side(found.champion, here.node().status()["bundle"], figures.get("beside", 0)),
        shadow=_side(found.shadow, figures["bundle"], figures.get("alarms", 0)) if figures else None,
        ticks=ticks, since=(figures.get("since") or 0) // MS, agree=agree, failed=figures.get("failed", ""),
        mean_difference=figures.get("mean_difference", 0.0),
        largest_difference=figures.get("largest_difference", 0.0), scores=Scores(**asdict(found.scores)))


@router.get("/retraining")
def retraining(here: Here, _: Viewer) -> Retraining:
    """Whether it is due, and how the newest one goes."""
    due, deciding = acts.due(here), acts.deciding(here)
    job = next((job for job in here.jobs.all() if job.kind == acts.RETRAIN), None)
    return Retraining(
        bundle=deciding.version if deciding else None, due=due.due if due else False,
        false_alarms=due.false_alarms if due else 0, missed_faults=due.missed_faults if due else 0,
        confirmed=due.confirmed if due else 0, needed=acts.BAD_NEEDED,
        job=Job.model_validate(job, from_attributes=True) if job else None)


@router.post("/retraining")
def retrain(here: Here, person: Engineer) -> Job:
    """Learn the next version from history and people's verdicts; follow it as a job."""
    return Job.model_validate(acts.retrain(here, person), from_attributes=True)


@router.post("/promote")
def promote(here: Here, person: Engineer) -> Brought:
    """Let the shadow decide."""
    return Brought(**asdict(acts.promote(here, person)))


@router.post("/rollback")
def rollback(here: Here, person: Engineer) -> Brought:
    """Let the last good bundle decide again."""
    return Brought(**asdict(acts.rollback(here, person)))


@router.get("/{version}")
def detail(here: Here, _: Viewer, version: Version) -> Detail:
    """Everything that a bundle says of itself."""
    one = acts.bundle_of(here, version)
    content, manifest = _content(one), _content(one).manifest
    made = manifest.lineage
    return Detail(
        **_bundle(one, _roles(here, one)).model_dump(), task=manifest.task,
        tags=[ModelTag(path=tag.path, unit=tag.unit, low=tag.low, high=tag.high) for tag in manifest.tags],
        period_ms=manifest.period_ns / MS, stale_ms=manifest.stale_ns / MS,
        deadline_us=manifest.budget.deadline_ns / 1000, memory_bytes=manifest.budget.memory_bytes,
        limits=len(manifest.limits.by_tag), code=made.code, dataset=made.dataset, history=made.history,
        card=[Block(**asdict(block)) for block in card.blocks(content.card)],
        certificates=[_certificate(content, place) for place in range(len(content.certificates))],
        golden=list(content.golden), sbom=_sbom(content.sbom),
        files=[BundleFile(**asdict(file)) for file in content.files])


@router.get("/{version}/lineage")
def line(here: Here, _: Viewer, version: Version) -> Lineage:
    """From the bundle back to the samples."""
    content = _content(acts.bundle_of(here, version))
    manifest = content.manifest
    found = lineage.lineage(content, shelf(here.existing()), here.historian)
    return Lineage(
        ancestors=[_ancestor(one) for one in found.ancestors], dataset=manifest.lineage.dataset,
        history=manifest.lineage.history, why=found.why, tags=[tag.path for tag in manifest.tags],
        fit_rows=int(manifest.figures.get("fit_rows", 0)), held_out_rows=int(manifest.figures.get("held_out_rows", 0)),
        stretches=[Stretch(start=one.start // MS, end=one.end // MS, abnormal=one.abnormal, comment=one.comment,
                           by="" if lineage.declared(one) else one.by, given=one.given // MS)
                   for one in found.stretches])


@router.get("/{version}/drift")
def drifting(here: Here, person: Viewer, version: Version, over: Literal["hour", "day", "week"] = "hour") -> Drift:
    """The newest measurement; another one begins by itself where there is none yet or it is old."""
    _content(acts.bundle_of(here, version))
    seen = drift.drift(here, person, version, over)
    return Drift(result=_drifted(seen.result) if seen.result else None, error=seen.failed.error if seen.failed else "",
                 running=Job.model_validate(seen.running, from_attributes=True) if seen.running else None)


@router.get("/{version}/rehearsal")
def rehearsed(here: Here, _: Viewer, version: Version, last: Last = "hour") -> Rehearsal:
    """What a bundle would have said of the newest history, as far as somebody has asked for it."""
    found = rehearsal.rehearsal(here, version, last)
    told = found.result
    return Rehearsal(
        job=Job.model_validate(found.job, from_attributes=True) if found.job else None,
        result=Rehearsed(**{name: told[name] for name in ("start", "end", "ticks", "alarm_ticks")},
                         alarms=len(told["episodes"]), scores=Peaks(**told["scores"])) if told else None)


@router.post("/{version}/rehearsal")
def rehearse(here: Here, person: Engineer, version: Version, last: Last = "hour") -> Job:
    """Replay it over the newest history; nothing that runs is touched."""
    return Job.model_validate(rehearsal.begin(here, person, version, last), from_attributes=True)


@router.post("/{version}/shadow")
def shadow(here: Here, person: Engineer, version: Version) -> Brought:
    """Run it beside the one that decides, unheeded."""
    return Brought(**asdict(acts.shadow(here, person, version)))


@router.post("/{version}/deploy")
def deploy(here: Here, person: Engineer, version: Version) -> Brought:
    """Let it decide at once."""
    return Brought(**asdict(acts.deploy(here, person, version)))


def _roles(here: Console, one: Shelved) -> list[Any]:
    glance = here.pulse.glance
    if glance is None:
        return ["starts"] if here.existing().decides() == one.path else []
    status = glance.status
    beside = (status["shadow"] or {}).get("bundle")
    held = {"decides": status["bundle"], "shadow": beside, "last-good": status["last_good"]}
    return [role for role, digest in held.items() if digest and digest == one.digest]


def _bundle(one: Shelved, roles: list[Any]) -> Bundle:
    content = one.content
    if content is None:
        return Bundle(version=one.version, name=one.path.name, digest="", loop="", learner="", why="", created=0,
                      parent="", feedback=0, figures={}, bytes=one.bytes, signature=None, roles=roles,
                      refused=one.refused)
    made = content.manifest.lineage
    return Bundle(version=one.version, name=one.path.name, digest=content.digest, loop=content.manifest.loop,
                  learner=made.learner, why=made.why, created=made.created // MS, parent=made.parent,
                  feedback=made.feedback, figures=content.manifest.figures, bytes=one.bytes,
                  signature=_signature(content), roles=roles, refused="")


def _signature(content: Content) -> Signature:
    words: dict[str, Any] = {"trusted": "trusted", "not checked": "unchecked", "not signed": "unsigned"}
    verdict = words.get(content.verdict, "refused")
    return Signature(verdict=verdict, why=content.verdict if verdict == "refused" else "", key=content.key)


def _content(one: Shelved) -> Content:
    if one.content is None:
        raise Refused(one.refused)
    return one.content


def _certificate(content: Content, place: int) -> Certificate:
    one = content.certificates[place]
    return Certificate(
        backend=one.backend, target=one.target, machine=one.machine, parity=one.parity, flips=one.flips,
        ticks=one.ticks, latency_us=[value / 1000 for value in one.latency_ns], memory_bytes=one.memory_bytes,
        created=one.created // MS, graph=one.graph)


def _sbom(document: dict[str, Any]) -> Sbom:
    libraries = [Library(name=str(one.get("name", "")), version=str(one.get("version", "")), licence=_licence(one))
                 for one in document.get("components", []) if one.get("type") == "library"]
    return Sbom(format=f"{document.get('bomFormat', '')} {document.get('specVersion', '')}".strip(),
                serial=str(document.get("serialNumber", "")), libraries=libraries)


def _licence(component: dict[str, Any]) -> str:
    stated = (component.get("licenses") or [{}])[0]
    return str(stated.get("expression") or stated.get("license", {}).get("name", ""))


def _ancestor(one: lineage.Ancestor) -> Ancestor:
    content = one.there.content if one.there else None
    made = content.manifest.lineage if content else None
    return Ancestor(digest=one.digest, version=one.there.version if one.there else None,
                    learner=made.learner if made else "", created=made.created // MS if made else 0,
                    feedback=made.feedback if made else 0)


def _side(one: Shelved | None, digest: str, alarms: int) -> Side:
    content = one.content if one else None
    made = content.manifest.lineage if content else None
    certificate = content.certificates[0] if content else None
    return Side(version=one.version if one else None, digest=digest, learner=made.learner if made else "",
                created=made.created // MS if made else 0, feedback=made.feedback if made else 0, alarms=alarms,
                step_us=[value / 1000 for value in certificate.latency_ns] if certificate else [],
                memory_bytes=certificate.memory_bytes if certificate else 0,
                figures=content.manifest.figures if content else {})


def _drifted(told: dict[str, Any]) -> Drifted:
    times = {name: told[name] // MS for name in ("start", "end", "measured")}
    return Drifted(**{**told, **times, "scores": [{**one, "time": one["time"] // MS} for one in told["scores"]]})
