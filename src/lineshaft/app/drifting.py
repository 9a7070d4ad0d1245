"""Whether the plant still runs as it did where a bundle learnt what is normal."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.app import flow, training
from lineshaft.app.drift_began import Began, Concept, began, concept
from lineshaft.app.drift_truth import Truth, truth
from lineshaft.app.goal import MONITOR
from lineshaft.app.project import Project
from lineshaft.app.recipe import Recipe
from lineshaft.bundle.inspect import look
from lineshaft.core.clock import format_time
from lineshaft.core.dataset import ABNORMAL, NORMAL, UNLABELLED, Dataset
from lineshaft.core.decision_tags import decision_paths
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import labels
from lineshaft.core.manifest import Manifest
from lineshaft.core.progress import Progress, silent
from lineshaft.core.store import Historian
from lineshaft.dataset.build import joined
from lineshaft.feedback.drift import CHANCE, Drift, drift, mode_weights
from lineshaft.feedback.verdicts import verdicts
from lineshaft.model.modes import detect_modes

MOST_CELLS, SLICES = 3_000_000, 48
BUCKETS = 60


@dataclass(frozen=True, slots=True)
class Bucket:
    """Scores of one part of the window; ``time`` is its start (UTC ns), ``alarm`` the share of ticks in alarm."""

    time: int
    median: float
    high: float
    alarm: float
    count: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What was compared with what, and what came out; times in UTC ns.

    ``same_data`` says that the history still gives the very data that the bundle learnt from, by digest. Rows count
    ticks: ``window_rows`` compared, ``taught_rows`` left out because the bundle learnt from them, ``abnormal_rows``
    because a person called them abnormal, ``unseen_rows`` because their operating mode never was in the training.
    ``sliced`` where a long window was looked at in parts. ``began`` says when each change began, ``concept`` whether
    people call decisions wrong more often than they did, ``truth`` how large a task's errors are.
    """

    version: int
    digest: str
    over_ns: int
    start: int
    end: int
    measured: int
    same_data: bool
    reference_rows: int
    window_rows: int
    taught_rows: int
    abnormal_rows: int
    unseen_rows: int
    sliced: bool
    chance: float
    modes: tuple[str, ...]
    tags: tuple[tuple[str, Drift], ...]
    scores: tuple[Bucket, ...]
    began: tuple[Began, ...]
    concept: Concept
    truth: Truth | None


def measure(project: Project, historian: Historian, version: int, over_ns: int, progress: Progress = silent
            ) -> Measured:
    """The newest ``over_ns`` of history against what a bundle of this version learnt from."""
    path = project.bundles().get(version)
    if path is None:
        raise UsageError(f"there is no bundle of version {version}", where=str(project.folder / "bundles"),
                         do=f"there are: {', '.join(map(str, project.bundles())) or 'none'}")
    bundle = look(path).bundle
    manifest = bundle.manifest
    progress(0, 3, "reading the training period")
    taught, normal = taught_of(project, historian, manifest)
    progress(1, 3, "reading the window")
    newest = historian.as_of([tag.path for tag in manifest.tags], time.time_ns())
    end = max((sample.time for sample in newest.values()), default=0) + 1
    window, sliced = _window(project, historian, manifest, end - over_ns, end)
    progress(2, 3, "comparing")
    rows = _rows(historian, manifest, window)
    modes = project.recipe.modes if project.recipe.modes is not None else detect_modes(taught, normal)
    reference, recent = taught.rows(normal), window.rows(rows == UNLABELLED)
    tags, unseen = _compared(reference, recent, modes)
    return Measured(
        version, bundle.digest, over_ns, end - over_ns, end, time.time_ns(), taught.digest == manifest.lineage.dataset,
        int(normal.sum()), int((rows == UNLABELLED).sum()) - unseen, int((rows == NORMAL).sum()),
        int((rows == ABNORMAL).sum()), unseen, sliced, CHANCE / max(1, len(tags)), modes, tags,
        _scores(project, historian, end - over_ns, end),
        began(reference, recent, _mode_numbers(reference, recent, modes)),
        concept(verdicts(historian, manifest.loop), end - over_ns, end),
        truth(project, historian, bundle, end - over_ns))


def described(found: Measured) -> dict[str, object]:
    """As plain values; what is not finite is None."""
    tags = [{"tag": tag, **_finite_values(one)} for tag, one in found.tags]
    return asdict(found) | {"tags": tags, "scores": [asdict(bucket) for bucket in found.scores],
                            "began": [_finite_values(one) for one in found.began]}


def judged(found: Concept) -> str:
    """Concept drift as a sentence."""
    if not found.verdicts:
        return "Nobody judged a decision in this time, so whether the model still is right can't be told."
    told = f"People called {found.wrong} of {found.verdicts} judged decisions wrong"
    if found.begin is None:
        return f"{told}, about as often throughout."
    return f"{told}, {'more' if found.size > 0 else 'less'} often since {format_time(found.begin)}."


def _finite_values(one: Drift | Began) -> dict[str, object]:
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(one).items()}


def taught_of(project: Project, historian: Historian, manifest: Manifest) -> tuple[Dataset, NDArray[np.bool_]]:
    """What a bundle learnt from, and the rows of it that taught."""
    if manifest.task == MONITOR:
        return flow.teach(historian, manifest.tags, recipe_of(project, manifest), manifest.lineage.history)
    examples = training.taught(project, historian, manifest.lineage.history)
    return examples.dataset, examples.known


def recipe_of(project: Project, manifest: Manifest) -> Recipe:
    """The project's recipe with the loop and the grid of a bundle, which an older bundle may have otherwise."""
    return replace(project.recipe, loop=manifest.loop, period_ns=manifest.period_ns, stale_ns=manifest.stale_ns)


def _window(project: Project, historian: Historian, manifest: Manifest, start: int, end: int) -> tuple[Dataset, bool]:
    """The window as the bundle would see it; a long one in slices from all over it, so that memory is bounded."""
    recipe, period = recipe_of(project, manifest), manifest.period_ns
    start = max(start, training.beginning(historian, manifest.tags, start))
    rows, most = (end - start) // period, MOST_CELLS // len(manifest.tags)
    if rows <= most:
        return flow.select(historian, manifest.tags, recipe, start, end), False
    length = max(1, most // SLICES) * period
    begins = np.linspace(start, end - length, SLICES).astype(np.int64).tolist()
    return joined([flow.select(historian, manifest.tags, recipe, at, at + length) for at in begins]), True


def _rows(historian: Historian, manifest: Manifest, window: Dataset) -> NDArray[np.int8]:
    """UNLABELLED where a row is to be compared, NORMAL where it taught this bundle, ABNORMAL where people say so."""
    taught = labels(verdicts(historian, manifest.loop, manifest.lineage.history), window.times)
    judged = labels(verdicts(historian, manifest.loop), window.times)
    return np.where(judged == ABNORMAL, ABNORMAL, np.where(taught == NORMAL, NORMAL, UNLABELLED)).astype(np.int8)


def _compared(reference: Dataset, window: Dataset, modes: tuple[str, ...]
              ) -> tuple[tuple[tuple[str, Drift], ...], int]:
    """Each tag against its reference in the same mix of modes; the number of rows in modes that it never saw."""
    old, new = _mode_numbers(reference, window, modes)
    weights = mode_weights(old, new) if modes else None
    known = np.isin(new, old)
    found = []
    for column, tag in enumerate(reference.tags):
        here, there = _usable(reference, column), _usable(window, column) & known
        found.append((tag.path, drift(
            reference.values[here, column], window.values[there, column], run=reference.run[here],
            weights=None if weights is None else weights[here], chance=CHANCE / len(reference.tags))))
    return tuple(found), int((~known).sum())


def _usable(data: Dataset, column: int) -> NDArray[np.bool_]:
    return data.good[:, column] & np.isfinite(data.values[:, column])


def _mode_numbers(reference: Dataset, window: Dataset, modes: tuple[str, ...]
                  ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A number per row and combination of mode words; all are 0 without modes."""
    columns = [place for place, tag in enumerate(reference.tags) if tag.path in modes]
    both = np.nan_to_num(np.concatenate([reference.values[:, columns], window.values[:, columns]]), nan=-1.0)
    _, numbers = np.unique(both, axis=0, return_inverse=True) if columns else (None, np.zeros(len(both), np.int64))
    numbers = numbers.reshape(-1).astype(np.int64)
    return numbers[:len(reference)], numbers[len(reference):]


def _scores(project: Project, historian: Historian, start: int, end: int) -> tuple[Bucket, ...]:
    paths = decision_paths(project.loop, project.config.plant.name)
    read = historian.read([paths["score"], paths["alarm"]], start, end)
    score, alarm = read[paths["score"]], read[paths["alarm"]]
    begin = max(start, int(score.time[0])) if len(score) else start
    edges = np.linspace(begin, end, BUCKETS + 1).astype(np.int64)
    places, alarms = np.searchsorted(score.time, edges), np.searchsorted(alarm.time, edges)
    return tuple(
        Bucket(int(edges[i]), float(np.median(part)), float(np.quantile(part, 0.95)),
               float(alarm.value[alarms[i]:alarms[i + 1]].mean()) if alarms[i + 1] > alarms[i] else 0.0, len(part))
        for i in range(BUCKETS) if len(part := score.value[places[i]:places[i + 1]]))
