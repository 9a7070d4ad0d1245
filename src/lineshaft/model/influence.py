"""Which tags a pipeline's features and answer come from, found by holding one tag after another at its typical value.

No block has to declare it: the graph itself is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.step import Executor
from lineshaft.model.pipeline import Pipeline, Seen, replay, run_spans

Matrix = NDArray[np.float64]
ROWS, SHORTEST = 1500, 400


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """``tags`` [F, C]: share of each tag in each feature (rows sum to 1, or 0 for a feature that never changed).

    ``answer`` [C]: root mean square change of the answer, in its own deviations, without the tag; ``usual`` [C]: root
    mean square deviation of the tag's features.
    """

    tags: Matrix
    answer: Matrix
    usual: Matrix


def influence(pipeline: Pipeline, dataset: Dataset, rows: NDArray[np.bool_], execute: Executor) -> Influence:
    """Of a pipeline that gives ``value``, ``features`` and ``deviation``, over a sample of its history."""
    sample, keep = _sample(dataset, rows)
    wires = ("value", "features", "deviation")
    whole = _kept(replay(pipeline, sample, wires, execute), keep)
    scale = {name: np.maximum(np.asarray(whole[name], np.float64).std(axis=0), 1e-9) for name in wires[:2]}
    moved, answer = [], []
    for held in _without_each(sample, keep):
        seen = _kept(replay(pipeline, held, wires[:2], execute), keep)
        change = {name: (np.asarray(seen[name], np.float64) - whole[name]) / scale[name] for name in wires[:2]}
        moved.append((change["features"] ** 2).mean(axis=0))
        answer.append(float((change["value"] ** 2).mean()) ** 0.5)
    columns = together(sample)
    tags = _each([change / len(own) for change, own in zip(moved, columns, strict=True)], columns)
    answers = _each([np.atleast_1d(change) for change in answer], columns)[0]
    tags = tags / np.maximum(tags.sum(axis=1, keepdims=True), 1e-30)
    usual = np.sqrt((np.asarray(whole["deviation"], np.float64) ** 2 @ tags).mean(axis=0))
    return Influence(tags, answers, usual)


def _each(found: list[Matrix], columns: list[list[int]]) -> Matrix:
    """[..., C]: what was found of columns together, at the place of each."""
    spread = np.empty((len(found[0]), sum(map(len, columns))))
    for one, own in zip(found, columns, strict=True):
        spread[:, own] = one[:, None]
    return spread


def _kept(seen: Seen, keep: NDArray[np.bool_]) -> Seen:
    return seen.rows(keep)


def _without_each(sample: Dataset, keep: NDArray[np.bool_]) -> Iterator[Dataset]:
    """The sample with one tag after another at the mean of its usable values; samples of one sensor together."""
    for columns in together(sample):
        values = sample.values.copy()
        for column in columns:
            good = sample.good[:, column] & keep & np.isfinite(sample.values[:, column])
            values[:, column] = sample.values[good, column].mean() if good.any() else 0.0
        yield replace(sample, values=values)


def together(dataset: Dataset) -> list[list[int]]:
    """Columns that are judged as one: the tags ``path[0]``, ``path[1]``, ... are fast samples of one sensor.

    >>> from lineshaft.core.tag import Tag
    >>> together(Dataset.of(np.zeros((1, 4)), tuple(Tag(t) for t in ("a[0]", "a[1]", "speed", "b[0]"))))
    [[0, 1], [2], [3]]
    """
    found: dict[str, list[int]] = {}
    for column, tag in enumerate(dataset.tags):
        found.setdefault(tag.path.partition("[")[0], []).append(column)
    return list(found.values())


def _sample(dataset: Dataset, rows: NDArray[np.bool_]) -> tuple[Dataset, NDArray[np.bool_]]:
    """Some stretches of whole runs' beginnings, about 1,500 rows in all, and which of their rows count."""
    spans = [(a, b) for a, b in run_spans(dataset.run) if rows[a:b].any()]
    order = np.random.default_rng(0).permutation(len(spans))
    taken, places = 0, []
    for number in order:
        start, stop = spans[number]
        needed = int(np.argmax(rows[start:stop])) + SHORTEST
        stop = min(stop, start + (max(ROWS, needed) if len(spans) == 1 else needed))
        places.append(np.arange(start, stop))
        taken += stop - start
        if taken >= ROWS:
            break
    chosen = np.sort(np.concatenate(places))
    return dataset.rows(chosen), rows[chosen]
