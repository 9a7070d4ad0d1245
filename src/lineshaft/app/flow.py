"""The centre: one function per arrow of ``tag -> historian -> dataset -> model -> graph -> bundle``."""

from __future__ import annotations

import fnmatch
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lineshaft import __version__
from lineshaft import backend as backends
from lineshaft.app.card import model_card
from lineshaft.app.lowering import passed
from lineshaft.app.measuring import Measuring, Warm, refused
from lineshaft.app.recipe import Recipe
from lineshaft.backend.onnxruntime import execute
from lineshaft.bundle.keys import new_key
from lineshaft.bundle.pack import Packed, pack
from lineshaft.core.dataset import NORMAL, Dataset
from lineshaft.core.decision_tags import decision_samples, decision_tags
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback
from lineshaft.core.manifest import Budget, Certificate, Lineage, Manifest
from lineshaft.core.progress import Progress, silent
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.dataset.build import build, joined
from lineshaft.feedback.verdicts import record as record_verdict
from lineshaft.feedback.verdicts import verdicts
from lineshaft.graph.check import signature
from lineshaft.model.answer import Fitted
from lineshaft.model.examples import Examples
from lineshaft.model.finding import AUTO, ONE
from lineshaft.model.golden import golden_inputs
from lineshaft.model.learning import Learning
from lineshaft.model.learnt import Learnt
from lineshaft.model.modes import detect_modes
from lineshaft.model.search.cost import Measure
from lineshaft.model.search.limits import Limits
from lineshaft.model.search.run import search
from lineshaft.model.train import Monitor, may_run, train_monitor, unheard
from lineshaft.model.trial import Trial as MonitorTrial
from lineshaft.model.trying import endless
from lineshaft.node.buffer import Entry

Rows = NDArray[np.bool_]
Model = TypeVar("Model", bound=Learnt)
Model_co = TypeVar("Model_co", bound=Learnt, covariant=True)
Choose = Callable[[Learning, Examples, Recipe, Measure, Progress], Fitted]
"""How one of a task's candidates is chosen and learnt."""
Heard = Callable[[MonitorTrial], None]
"""Told of each learner of a monitor as it was tried."""
BATCH_NS = 1_000_000_000
LEAD_PERIODS = 60
NEVER_ENDS = 2**63 - 1
DECLARED = "lineshaft.toml"
"""Who said that the first stretch is normal operation: nobody in person, but the project's file."""


@dataclass(frozen=True, slots=True, eq=False)
class Sealed(Generic[Model_co]):
    """A packed bundle with what it was made of; ``certificate`` is that of the backend a node prefers."""

    packed: Packed
    manifest: Manifest
    certificate: Certificate
    learnt: Model_co


def choose_tags(tags: Sequence[Tag], patterns: Sequence[str], leave_out: Sequence[str] = ()) -> list[Tag]:
    """Tags whose path matches one of the patterns and none of ``leave_out``, numbers only."""
    chosen = [tag for tag in tags if tag.kind != "text" and matches(tag.path, patterns)
              and not matches(tag.path, leave_out)]
    if not chosen:
        raise UsageError(f"none of {len(tags)} tags matches {', '.join(patterns)}", where="tags",
                         do="see `lineshaft tag browse` for their paths")
    return chosen


async def record(stream: AsyncIterator[Samples], historian: Historian, until: int) -> int:
    """tag -> historian: samples in batches of a second until source time ``until``; how many there were."""
    waiting: list[Samples] = []
    count, newest, begun = 0, 0, time.monotonic_ns()
    async for samples in stream:
        waiting.append(samples)
        newest = max(newest, int(samples.time.max()) if len(samples) else 0)
        done = newest >= until
        if done or time.monotonic_ns() - begun >= BATCH_NS:
            count += keep(historian, waiting)
            waiting, begun = [], time.monotonic_ns()
        if done:
            break
    return count + keep(historian, waiting)


def select(historian: Historian, tags: Sequence[Tag], recipe: Recipe, start: int, end: int,
           feedback: Sequence[Feedback] = (), version: str | None = None) -> Dataset:
    """historian -> dataset: one version of history on the recipe's period, labelled by people's verdicts."""
    return build(historian, [tag.path for tag in tags], start, end, recipe.period_ns, stale_ns=recipe.stale,
                 gap_ns=10 * recipe.stale, labels=feedback, version=version)


def measuring(dataset: Dataset, normal: Rows, recipe: Recipe) -> Measuring:
    """What any graph over these tags costs on the recipe's target."""
    target = backends.target(recipe.target)
    budget = recipe.budget or Budget(target.deadline_ns, target.memory_bytes)
    return Measuring(lambda model: golden_inputs(dataset, normal, model), target, budget, recipe.loop)


def learn(dataset: Dataset, normal: Rows, recipe: Recipe, progress: Progress = silent, *,
          held_out: Rows | None = None, measure: Measure | None = None, heard: Heard = unheard,
          left: Callable[[], float] = endless) -> Monitor:
    """dataset -> model -> graph: fit, calibrate, choose; with ``measure`` only what keeps the target's budget.

    ``left`` gives the seconds that trials of learners may take yet.
    """
    tags, otherwise = _modes(dataset, normal, recipe)
    return train_monitor(dataset, normal, execute, held_out=held_out, learner=recipe.learner, mode_tags=tags,
                         modes=otherwise, settings=recipe.settings, progress=progress, heard=heard, left=left,
                         refused=may_run if measure is None else partial(refused, measure, recipe.settings.window))


def _modes(dataset: Dataset, normal: Rows, recipe: Recipe) -> tuple[tuple[str, ...], str]:
    """Tags that say the operating mode, and how it is found where none does."""
    if recipe.modes is not None:
        return recipe.modes, ONE if recipe.mode_learner == AUTO else recipe.mode_learner
    return (detect_modes(dataset, normal) if recipe.mode_learner == AUTO else ()), recipe.mode_learner


def judged(learning: Learning, examples: Examples, recipe: Recipe, measure: Measure, progress: Progress = silent
           ) -> Fitted:
    """examples -> model -> graph: candidates race on folds, the best that keeps the budget is learnt and calibrated."""
    return search(learning, examples, execute, measure=measure, limits=Limits(learner=recipe.learner),
                  watch=lambda board: progress(board.done, board.done + board.left, board.doing)).fitted


def seal(learnt: Model, dataset: Dataset, normal: Rows, recipe: Recipe, folder: Path, key: Path, *,
         version: int = 1, parent: str = "", feedback: int = 0, progress: Progress = silent,
         measured: Measuring | None = None) -> Sealed[Model]:
    """graph -> bundle: lower for the target, certify against the reference, pack, sign.

    What was ``measured`` while the model was chosen is not measured again.
    """
    measured = measured or measuring(dataset, normal, recipe)
    sequences, attempts = measured.lowered(learnt.graph, Warm(learnt.window, learnt.seed), progress)
    lowerings = passed(attempts, where=recipe.loop)
    step = signature(learnt.graph)
    manifest = Manifest(
        recipe.loop, learnt.task.value, version, dataset.tags, recipe.period_ns, recipe.stale, step, measured.budget,
        recipe.limits,
        Lineage(dataset.digest, dataset.version, __version__, time.time_ns(), learnt.learner, learnt.why, parent,
                feedback),
        {name: value for name, value in learnt.figures.items() if math.isfinite(value)}, learnt.answers)
    packed = pack(folder / f"{recipe.loop}-{version}", manifest=manifest, graph=learnt.graph,
                  lowerings=lowerings, golden=sequences,
                  card=model_card(manifest, learnt, [one.certificate for one in lowerings]), key=key)
    return Sealed(packed, manifest, lowerings[0].certificate, learnt)


def deliver(entries: Sequence[Entry], historian: Historian, node: str) -> int:
    """node -> historian: decisions as tags, each once however often it is given; the number to acknowledge.

    The newest sequence number of each outbox is a tag too and part of the same append: what is no newer than it was
    stored before. Decisions go back in time when the node's clock is set back; the mark never does, or an older one
    would be found as the newest. An outbox without a name, of a node of an earlier version, that was made anew is
    known by its later time.
    """
    if not entries:
        return 0
    path = f"node/{node}/{entries[-1].outbox}/sequence".replace("//", "/")
    known = historian.as_of([path], NEVER_ENDS).get(path)
    fresh = [one for one in entries if known is None or one.sequence > known.value
             or (not one.outbox and one.decision.time > known.time)]
    if fresh:
        first, last = fresh[0].decision, fresh[-1]
        for answers in dict.fromkeys(one.decision.answers for one in fresh):
            historian.register(decision_tags(first.loop, first.asset, answers))
        historian.register([Tag(path, kind="int")])
        time = max(last.decision.time, known.time + 1 if known is not None else last.decision.time)
        mark = Samples.of([Sample(path, time, float(last.sequence))])
        historian.append(_merged([decision_samples(one.decision for one in fresh), mark]))
    return entries[-1].sequence


def review(historian: Historian, verdict: Feedback) -> bool:
    """decision -> feedback: a person's verdict as a tag; False where this very one is there already."""
    return record_verdict(historian, verdict)


def teach(historian: Historian, tags: Sequence[Tag], recipe: Recipe, version: str | None = None
          ) -> tuple[Dataset, Rows]:
    """feedback -> dataset: every stretch that somebody judged, and the rows that may teach.

    Only what a person called normal does: the first stretch of normal operation, false alarms, silence that was
    right. A stretch is led by some rows without a label, in which windows fill. ``version`` gives what was learnt
    from at that version of history, for ever the same.
    """
    version = version or historian.version()
    given = verdicts(historian, recipe.loop, version)
    if not given:
        raise UsageError("nobody has said yet what is normal", where=f"loop {recipe.loop}",
                         do="name a stretch with `lineshaft model train --start ... --end ...`")
    parts = [select(historian, tags, recipe, start, end, given, version)
             for start, end in _spans(given, LEAD_PERIODS * recipe.period_ns)]
    dataset = replace(joined(parts), version=version)
    return dataset, dataset.labels == NORMAL


def retrain(historian: Historian, tags: Sequence[Tag], recipe: Recipe, folder: Path, key: Path, *, version: int,
            parent: str = "", progress: Progress = silent, heard: Heard = unheard,
            left: Callable[[], float] = endless) -> Sealed[Monitor]:
    """feedback -> bundle: dataset, model, graph and certificate anew, with people's verdicts as labels.

    ``parent`` is the digest of the bundle that decided so far; the new one is to run beside it first.
    """
    dataset, normal = teach(historian, tags, recipe)
    measured = measuring(dataset, normal, recipe)
    monitor = learn(dataset, normal, recipe, progress, held_out=last_share(dataset, normal, recipe), measure=measured,
                    heard=heard, left=left)
    people = sum(one.by != DECLARED for one in verdicts(historian, recipe.loop))
    return seal(monitor, dataset, normal, recipe, folder, key, version=version, parent=parent, feedback=people,
                progress=progress, measured=measured)


def signing_key(path: Path) -> Path:
    """The public half of the key at ``path``, made now if there is none."""
    public = path.with_suffix(".pub")
    if not path.exists():
        new_key(path)
    return public


def last_share(dataset: Dataset, normal: Rows, recipe: Recipe) -> Rows:
    """The last normal rows of every run, held out to set the limit: so a short stretch both teaches and counts."""
    rows = np.zeros(len(dataset), np.bool_)
    for number in np.unique(dataset.run[normal]):
        places = np.flatnonzero(normal & (dataset.run == number))
        rows[places[round(len(places) * (1 - recipe.settings.calibration)):]] = True
    return rows


def _spans(given: Sequence[Feedback], lead_ns: int) -> list[tuple[int, int]]:
    """Judged stretches with their leads, in order; those that touch are one."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted((one.start - lead_ns, one.end) for one in given):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether a tag's path fits one of the patterns, of which ``*`` also crosses ``/``."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def keep(historian: Historian, batches: Sequence[Samples]) -> int:
    """One append of all batches; how many samples there were."""
    filled = [batch for batch in batches if len(batch)]
    if not filled:
        return 0
    merged = _merged(filled)
    historian.append(merged)
    return len(merged)


def _merged(batches: Sequence[Samples]) -> Samples:
    """Batches one after another as one; their tags may differ."""
    if len(batches) == 1:
        return batches[0]
    tags = tuple(dict.fromkeys(tag for batch in batches for tag in batch.tags))
    place = {tag: i for i, tag in enumerate(tags)}
    index = [np.array([place[tag] for tag in batch.tags], np.int32)[batch.index] for batch in batches]
    texts = [batch.text or (None,) * len(batch) for batch in batches]
    text = tuple(entry for part in texts for entry in part)
    return Samples(tags, np.concatenate(index), np.concatenate([batch.time for batch in batches]),
                   np.concatenate([batch.value for batch in batches]),
                   np.concatenate([batch.quality for batch in batches]),
                   text if any(entry is not None for entry in text) else None)
