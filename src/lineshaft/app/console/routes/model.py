"""Models: bundles with card, certificate and lineage; champion and shadow; drift; learning anew."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from lineshaft.app.console.context import Console, Engineer, Here, Viewer
from lineshaft.app.console.models import acts, card, compare, drift, lineage, rehearsal
from lineshaft.app.console.models.answers import (
    Ancestor,
    Block,
    Brought,
    Bundle,
    BundleFile,
    Certificate,
    Comparison,
    Detail,
    Drift,
    Drifted,
    Library,
    Lineage,
    ModelTag,
    Peaks,
    Rehearsal,
    Rehearsed,
    Retraining,
    Said,
    Sbom,
    Scores,
    Shelf,
    Side,
    Signature,
    Stretch,
)
from lineshaft.app.console.models.shelf import Content, Shelved, shelf
from lineshaft.app.console.routes.job import Job
from lineshaft.core.errors import Refused

router = APIRouter(prefix="/api/v1/model", tags=["model"])
MS = 1_000_000
_SINCE = ("begin", "low", "high")
Version = Annotated[int, Path(ge=1, le=2**31, description="of the bundle")]
After = Annotated[int, Query(ge=0, lt=2**43, description="ms; only scores of later ticks")]
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
        answers=[Said(**asdict(one)) for one in manifest.answers],
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
        backend=one.backend, target=one.target, machine=one.machine, precision=one.precision, parity=one.parity,
        absolute=one.absolute, relative=one.relative, bound=one.bound.parity, flips=one.flips, emulator=one.emulator,
        flash_bytes=one.flash_bytes, ram_bytes=one.ram_bytes, artifact_bytes=one.artifact_bytes,
        compiler=one.compiler, conditions=one.conditions,
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
    truth = told["truth"]
    return Drifted.model_validate(_in_ms(told, "start", "end", "measured") | {
        "scores": [_in_ms(one, "time") for one in told["scores"]],
        "began": [_in_ms(one, *_SINCE) for one in told["began"]],
        "concept": _in_ms(told["concept"], *_SINCE),
        "truth": truth and _in_ms(truth, *_SINCE) | {"parts": [_in_ms(one, "time") for one in truth["parts"]]}})


def _in_ms(told: dict[str, Any], *times: str) -> dict[str, Any]:
    return told | {name: None if told[name] is None else told[name] // MS for name in times}
