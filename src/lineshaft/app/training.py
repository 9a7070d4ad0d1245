"""A project's next bundle, from its history and what people said of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from lineshaft.app import flow
from lineshaft.app.project import BUNDLES, Project
from lineshaft.bundle.inspect import inspect
from lineshaft.core.clock import SECOND, format_duration, format_time
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.progress import Progress, silent
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.feedback.verdicts import verdicts

MOST_LOOKED_BACK = 4
BY_HAND_NS = 6 * 3600 * SECOND  # looked through where the file names no length
OWN = ("decision/", "feedback/", "node/")  # tags of ours, which have no address at a plant


def of_plant(tags: Iterable[Tag]) -> list[Tag]:
    """Those of a plant; what we store ourselves (decisions, verdicts, sequence numbers) is left out."""
    return [tag for tag in tags if tag.address or not tag.path.startswith(OWN)]


def stored_tags(project: Project, historian: Historian) -> list[Tag]:
    """The task's tags among those that were recorded."""
    found = of_plant(historian.tags())
    if not found:
        raise UsageError("nothing is recorded yet", where=str(project.folder), do="record with `lineshaft run`")
    return project.choose(found)


def recorded(project: Project, historian: Historian) -> tuple[int, int, int]:
    """First and last usable moment of the newest history, and how long values were moving in it, in ns."""
    tags = stored_tags(project, historian)
    newest = historian.as_of([tag.path for tag in tags], time.time_ns())
    end = max((sample.time for sample in newest.values()), default=0) + 1
    dataset = flow.select(historian, tags, project.recipe,
                          end - MOST_LOOKED_BACK * (project.learn_ns or BY_HAND_NS), end)
    rows = dataset.times[dataset.good.mean(axis=1) > 0.5] if len(dataset) else dataset.times
    if not len(rows):
        return 0, 0, 0
    return int(rows[0]), int(rows[-1]) + 1, len(rows) * project.recipe.period_ns


def declare_normal(project: Project, historian: Historian, start: int, end: int, by: str, comment: str) -> None:
    """Say that a stretch is normal operation: a silence that is right."""
    flow.review(historian, Feedback(project.loop, start, end, Verdict.GOOD, False, by, comment, time.time_ns()))


def declared(project: Project, historian: Historian) -> bool:
    """Whether anybody has said what is normal."""
    return any(not one.abnormal for one in verdicts(historian, project.loop))


def train(project: Project, historian: Historian, progress: Progress = silent) -> flow.Sealed:
    """The next version, from all stretches that somebody judged; the first time from the newest ``learn`` of them."""
    if not declared(project, historian):
        wanted = project.learn_ns
        if wanted is None:
            raise UsageError("nobody has said yet what is normal", where=project.place("learn"),
                             do="name a stretch with --start and --end")
        start, end, moving = recorded(project, historian)
        if moving < wanted:
            raise UsageError(f"{format_duration(moving)} of usable history where {format_duration(wanted)} are wanted",
                             where=project.place("learn"),
                             do="record more with `lineshaft run`, or name a stretch with --start and --end")
        declare_normal(project, historian, start, end, flow.DECLARED, f"taken as normal: learn = {project.task.learn}")
    flow.signing_key(project.key)
    there = project.bundles()
    deciding = project.decides()
    parent = str(inspect(deciding)["digest"]) if deciding else ""
    return flow.retrain(historian, stored_tags(project, historian), project.recipe, project.folder / BUNDLES,
                        project.key, version=max(there, default=0) + 1, parent=parent, progress=progress)


def described(sealed: flow.Sealed) -> dict[str, object]:
    """What came out, as plain values."""
    manifest, certificate = sealed.manifest, sealed.certificate
    return {"bundle": str(sealed.packed.path), "digest": sealed.packed.digest, "version": manifest.version,
            "learner": manifest.lineage.learner, "why": manifest.lineage.why, "figures": manifest.figures,
            "dataset": manifest.lineage.dataset, "history": manifest.lineage.history,
            "parent": manifest.lineage.parent, "feedback": manifest.lineage.feedback,
            "parity": certificate.parity, "flips": certificate.flips, "latency_ns": certificate.latency_ns,
            "created": format_time(manifest.lineage.created)}


def sentences(sealed: flow.Sealed) -> Sequence[str]:
    """The same for a person."""
    certificate, figures = sealed.certificate, sealed.manifest.figures
    return (f"{sealed.packed.path}  version {sealed.manifest.version}",
            f"{sealed.monitor.why}.",
            f"learnt from {figures['fit_rows']:.0f} rows, limit set on {figures['held_out_rows']:.0f} others, with "
            f"{sealed.manifest.lineage.feedback} verdicts of people",
            f"certified: parity {certificate.parity:.2g}, {certificate.flips} verdicts flipped, step p50 "
            f"{format_duration(certificate.latency_ns[0])}, p99 {format_duration(certificate.latency_ns[1])}")
