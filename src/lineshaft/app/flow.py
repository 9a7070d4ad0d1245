"""The centre: one function per arrow of ``tag -> historian -> dataset -> model -> graph -> bundle``."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft import __version__
from lineshaft import backend as backends
from lineshaft.app.card import model_card
from lineshaft.app.recipe import Recipe
from lineshaft.backend.onnxruntime import execute
from lineshaft.bundle import oci
from lineshaft.bundle.certify import certify
from lineshaft.bundle.contents import Lowering
from lineshaft.bundle.keys import new_key
from lineshaft.bundle.pack import Packed, pack
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback
from lineshaft.core.manifest import Budget, Certificate, Lineage, Manifest
from lineshaft.core.progress import Progress, silent
from lineshaft.core.sample import Samples
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.dataset.build import build
from lineshaft.graph.check import signature
from lineshaft.graph.reference import golden
from lineshaft.model.golden import golden_inputs
from lineshaft.model.modes import detect_modes
from lineshaft.model.train import Monitor, train_monitor

Rows = NDArray[np.bool_]
BATCH_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Sealed:
    """A packed bundle with what it was made of."""

    packed: Packed
    manifest: Manifest
    certificate: Certificate
    monitor: Monitor


def choose_tags(tags: Sequence[Tag], patterns: Sequence[str], leave_out: Sequence[str] = ()) -> list[Tag]:
    """Tags whose path matches one of the patterns and none of ``leave_out``, numbers only."""
    chosen = [tag for tag in tags if tag.kind != "text" and _matches(tag.path, patterns)
              and not _matches(tag.path, leave_out)]
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
            count += _keep(historian, waiting)
            waiting, begun = [], time.monotonic_ns()
        if done:
            break
    return count + _keep(historian, waiting)


def select(historian: Historian, tags: Sequence[Tag], recipe: Recipe, start: int, end: int,
           feedback: Sequence[Feedback] = ()) -> Dataset:
    """historian -> dataset: one version of history on the recipe's period, labelled by people's verdicts."""
    return build(historian, [tag.path for tag in tags], start, end, recipe.period_ns, stale_ns=recipe.stale,
                 gap_ns=10 * recipe.stale, labels=feedback)


def learn(dataset: Dataset, normal: Rows, recipe: Recipe, progress: Progress = silent) -> Monitor:
    """dataset -> model -> graph: fit, calibrate, choose."""
    modes = detect_modes(dataset, normal) if recipe.modes is None else recipe.modes
    return train_monitor(dataset, normal, execute, learner=recipe.learner, mode_tags=modes,
                         settings=recipe.settings, progress=progress)


def seal(monitor: Monitor, dataset: Dataset, normal: Rows, recipe: Recipe, folder: Path, key: Path, *,
         version: int = 1, parent: str = "", feedback: int = 0, progress: Progress = silent) -> Sealed:
    """graph -> bundle: lower for the target, certify against the reference, pack, sign."""
    target = backends.target(recipe.target)
    backend = backends.choose(monitor.graph, target)
    artifact, step = backend.compile(monitor.graph, target), signature(monitor.graph)
    budget = recipe.budget or Budget(target.deadline_ns, target.memory_bytes)
    sequences = [golden(monitor.graph, *golden_inputs(dataset, normal, monitor.settings))]
    certificate = certify(partial(backend.load, artifact, step, target), sequences, target, backend=backend.name,
                          graph=oci.digest(monitor.graph), budget=budget, progress=progress)
    manifest = Manifest(
        recipe.loop, "monitor", version, dataset.tags, recipe.period_ns, recipe.stale, step, budget, recipe.limits,
        Lineage(dataset.digest, dataset.version, __version__, time.time_ns(), monitor.learner, monitor.why, parent,
                feedback), monitor.figures)
    packed = pack(folder / f"{recipe.loop}-{version}", manifest=manifest, graph=monitor.graph,
                  lowerings=[Lowering(artifact, certificate)], golden=sequences,
                  card=model_card(manifest, monitor, certificate), key=key)
    return Sealed(packed, manifest, certificate, monitor)


def signing_key(path: Path) -> Path:
    """The public half of the key at ``path``, made now if there is none."""
    public = path.with_suffix(".pub")
    if not path.exists():
        new_key(path)
    return public


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _keep(historian: Historian, batches: Sequence[Samples]) -> int:
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
