"""A project's next bundle, from its history and what people said of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict

from lineshaft.app import flow
from lineshaft.app.examples import Told, examples_of
from lineshaft.app.goal import MONITOR, learning
from lineshaft.app.leaderboard import live
from lineshaft.app.project import BUNDLES, Project
from lineshaft.app.said import figure, numbered
from lineshaft.app.searching import Searching
from lineshaft.app.talk import Talk
from lineshaft.bundle.inspect import inspect
from lineshaft.core.clock import SECOND, format_duration, format_time
from lineshaft.core.dataset import ABNORMAL
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.progress import Progress, silent
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.feedback.verdicts import verdicts
from lineshaft.model.answer import Fitted
from lineshaft.model.examples import Examples
from lineshaft.model.learnt import Learnt
from lineshaft.model.train import Monitor, unheard
from lineshaft.model.trying import endless

MOST_LOOKED_BACK = 4
BY_HAND_NS = 6 * 3600 * SECOND  # looked through where the file names no length
MOST_CELLS = 20_000_000  # of history that a task with an answer learns from, its newest
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


def train(project: Project, historian: Historian, progress: Progress = silent,
          choose: flow.Choose = flow.judged, heard: flow.Heard = unheard,
          left: Callable[[], float] = endless) -> flow.Sealed[Learnt]:
    """The next version: a monitor's from all stretches that somebody judged, any other task's from all history.

    The first time a monitor takes the newest ``learn`` of it as normal. ``choose`` finds the best of a task's
    candidates; ``heard`` is told of each learner of a monitor, and ``left`` gives the
    seconds that those may take yet.
    """
    if project.recipe.task == MONITOR:
        return _monitor(project, historian, progress, heard, left)
    made = learning(project.recipe.task, project.recipe.goal, project.place)
    examples = taught(project, historian)
    normal = examples.dataset.labels != ABNORMAL
    normal = normal if normal.any() else ~normal
    measured = flow.measuring(examples.dataset, normal, project.recipe)
    try:
        fitted = choose(made, examples, project.recipe, measured, progress)
    except UsageError as error:
        raise UsageError(error.what, where=project.place("learner") if error.where == "learner" else error.where,
                         do=error.do) from None
    people = sum(one.by != flow.DECLARED for one in verdicts(historian, project.loop))
    version, parent = _next(project)
    return flow.seal(fitted, examples.dataset, normal, project.recipe, project.folder / BUNDLES, project.key,
                     version=version, parent=parent, feedback=people, progress=progress, measured=measured)


def plan(project: Project) -> str:
    """What a training will do, in a sentence."""
    if project.recipe.task == MONITOR:
        return "Learning from history; every learner is tried on faults injected into held-out normal rows"
    return ("Learning from history; candidates race on folds of it, and the best are measured on target "
            f"{project.recipe.target}")


def searched(project: Project, historian: Historian, searching: Searching, talk: Talk) -> flow.Sealed[Learnt]:
    """``train`` by a search whose leaderboard a person, or a program, follows."""
    with live(talk) as searching.watch, talk.progress() if talk.machine else nullcontext(silent) as progress:
        sealed = train(project, historian, progress, searching.choose, searching.heard, searching.left)
        if isinstance(sealed.learnt, Monitor):
            searching.sealed(sealed.learnt, sealed.certificate)
    return sealed


def taught(project: Project, historian: Historian, version: str | None = None) -> Examples:
    """What a task with an answer learns from: all history of its tags, as of a version of it."""
    recipe, tags = project.recipe, stored_tags(project, historian)
    start, end = history(historian, tags, version)
    start = max(start, end - MOST_CELLS // len(tags) * recipe.period_ns)
    given = verdicts(historian, project.loop, version)
    dataset = flow.select(historian, tags, recipe, start, end, given, version)
    told = Told(dataset, recipe.goal, feedback=given)
    try:
        return examples_of(recipe.task, told, learning(recipe.task, recipe.goal, project.place))
    except UsageError as error:
        named = error.where in ("predict", "group", "end-of-life", "classes")
        raise UsageError(error.what, where=project.place(error.where) if named else error.where, do=error.do) from None


def history(historian: Historian, tags: Sequence[Tag], version: str | None = None) -> tuple[int, int]:
    """The first moment of the tags in history and the one after the last, in UTC ns, as of a version of it."""
    newest = historian.as_of([tag.path for tag in tags], time.time_ns(), version=version)
    end = max((sample.time for sample in newest.values()), default=0) + 1
    return beginning(historian, tags, 0, version), end


def beginning(historian: Historian, tags: Sequence[Tag], start: int, version: str | None = None) -> int:
    """Where history begins, if that is after ``start``; looked for by halves, which reads next to nothing."""
    paths, low, high = [tag.path for tag in tags], start, time.time_ns()
    if historian.as_of(paths, low, version=version):
        return start
    while high - low > 1:  # to the ns: asked again another day, the answer is the same
        middle = (low + high) // 2
        low, high = (low, middle) if historian.as_of(paths, middle, version=version) else (middle, high)
    return high


def _next(project: Project) -> tuple[int, str]:
    """The version of the next bundle, and the digest of the one that decides; the key is made where there is none."""
    flow.signing_key(project.key)
    deciding = project.decides()
    return max(project.bundles(), default=0) + 1, str(inspect(deciding)["digest"]) if deciding else ""


def _monitor(project: Project, historian: Historian, progress: Progress, heard: flow.Heard,
             left: Callable[[], float]) -> flow.Sealed[Monitor]:
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
    version, parent = _next(project)
    return flow.retrain(historian, stored_tags(project, historian), project.recipe, project.folder / BUNDLES,
                        project.key, version=version, parent=parent, progress=progress, heard=heard, left=left)


def described(sealed: flow.Sealed[Learnt]) -> dict[str, object]:
    """What came out, as plain values."""
    manifest, certificate = sealed.manifest, sealed.certificate
    return {"bundle": str(sealed.packed.path), "digest": sealed.packed.digest, "version": manifest.version,
            "task": manifest.task, "learner": manifest.lineage.learner, "why": manifest.lineage.why,
            "figures": manifest.figures,
            "dataset": manifest.lineage.dataset, "history": manifest.lineage.history,
            "parent": manifest.lineage.parent, "feedback": manifest.lineage.feedback,
            "parity": certificate.parity, "flips": certificate.flips, "latency_ns": certificate.latency_ns,
            "answers": [asdict(one) for one in manifest.answers], "trials": _trials(sealed.learnt),
            "created": format_time(manifest.lineage.created)}


def _trials(learnt: Learnt) -> list[dict[str, object]]:
    """Those of a task with an answer; a loss that is not finite is None."""
    found = learnt.trials if isinstance(learnt, Fitted) else ()
    return [{"name": one.name, "seconds": one.seconds, "reason": one.reason,
             **{key: value if math.isfinite(value) else None
                for key, value in (("loss", one.loss), ("low", one.low), ("high", one.high))}} for one in found]


def sentences(sealed: flow.Sealed[Learnt]) -> Sequence[str]:
    """The same for a person."""
    certificate, figures = sealed.certificate, sealed.manifest.figures
    if sealed.manifest.task != MONITOR:
        data = ", ".join(f"{numbered(name)} {figure(value)}" for name, value in figures.items())
        data = f"on held-out rows: {data}"
    else:
        data = (f"learnt from {figures['fit_rows']:.0f} rows, limit set on {figures['held_out_rows']:.0f} others, with "
                f"{sealed.manifest.lineage.feedback} verdicts of people")
    return (f"{sealed.packed.path}  version {sealed.manifest.version}",
            f"{sealed.learnt.why}.",
            data,
            f"certified: parity {certificate.parity:.2g}, {certificate.flips} verdicts flipped, step p50 "
            f"{format_duration(certificate.latency_ns[0])}, p99 {format_duration(certificate.latency_ns[1])}")
