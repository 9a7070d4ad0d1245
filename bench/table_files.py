"""Readers of the two tables of classes, and the nested cross-validation that both are judged by."""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import arguments, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.evaluate.splits import Fold, stratified
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.search.limits import Limits
from lineshaft.model.search.run import search
from lineshaft.model.tables.classify import Classify
from monitor_files import members
from regressors import classifiers, tried
from soft_sensor import step_seconds

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judged:
    """Probabilities [N, V] for every row from a model that never saw it, and the ``cause`` [N, C] of each, if it gives
    one; ``learnt`` and ``decided`` are seconds."""

    value: Matrix
    learnt: float
    decided: float
    chosen: tuple[str, ...] = ()
    cause: Matrix = field(default_factory=lambda: np.zeros((0, 0)))


def table_arguments(description: str | None, seconds: float, folds: int) -> argparse.Namespace:
    """What a bench of a table is told."""
    parser = arguments(description)
    parser.add_argument("--data", required=True, help="the folder of the table")
    parser.add_argument("--seconds", type=float, default=seconds, help="of the search in each fold")
    parser.add_argument("--folds", type=int, default=folds)
    return parser.parse_args()


def rows_of(folder: Path, needed: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Header (blanks cut off) and rows of the first CSV with these columns."""
    for name, content in members(folder):
        lines = list(csv.reader(content.decode("utf-8-sig", "replace").splitlines())) if name.endswith(".csv") else []
        header = [word.strip() for word in lines[0]] if lines else []
        if set(needed) <= set(header):
            return header, [line for line in lines[1:] if len(line) == len(header)]
    sys.exit(f"{folder}: no CSV with the columns {', '.join(needed)}; pass --data with its folder")


def examples(x: Matrix, names: Sequence[str], kind: NDArray[np.int64], classes: Sequence[str]) -> Examples:
    """A table of independent rows."""
    each = np.arange(len(x), dtype=np.int32)
    return Examples(Dataset.of(x, tuple(Tag(name) for name in names), run=each), kind[:, None].astype(np.float64), each,
                    tuple(classes))


def nested(given: Examples, folds: int, seconds: float, seed: int = 0) -> tuple[Judged, dict[str, Judged]]:
    """Ours and the plain library models over the same stratified folds; ours chooses inside each fold's own rows.

    As many folds at once as there are cores, each on one thread: what is compared in time had the same company.
    """
    parts = stratified(given, folds, seed)
    os.environ["OMP_NUM_THREADS"] = "1"  # of the children; more threads than cores wait for each other
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_fold, given, fold, seconds, seed) for fold in parts]
        found = []
        for number, one in enumerate(waiting):
            found.append(one.result())
            progress(f"fold {number + 1} of {folds}: {found[-1]['ours'].chosen[0]}")
    judges = [fold.judge for fold in parts]
    together = {name: _together([one[name] for one in found], judges, len(given)) for name in found[0]}
    return together.pop("ours"), together


def times(own: Judged, beside: Mapping[str, Judged]) -> dict[str, Any]:
    """Ours over scikit-learn's: training with the whole search, and one row at a time."""
    peers = ("random forest", "logistic", "histogram boosting")
    return {"search_ratio": {name: own.learnt / beside[name].learnt for name in peers},
            "decide_ratio": {name: own.decided / beside[name].decided for name in peers}}


def _fold(given: Examples, fold: Fold, seconds: float, seed: int) -> dict[str, Judged]:
    """Each library model and ``ours``, learnt from the fold's own rows, about those that it leaves out.

    Ours comes last, so that no search is charged for the libraries being loaded.
    """
    return {**_beside(given.dataset.values, given.target[:, 0], len(given.names), fold, seed),
            "ours": _ours(given.rows(fold.fit), given.rows(fold.judge), seconds, seed)}


def _ours(fit: Examples, judged: Examples, seconds: float, seed: int) -> Judged:
    begun = time.perf_counter()
    own = search(Classify(seed=seed), fit, execute, limits=Limits(seconds=seconds)).fitted
    took = time.perf_counter() - begun
    x, quality = step_inputs(judged.dataset)
    said = Replay(own.graph, execute)(x[None], quality[None])  # each row alone, all of them side by side as assets
    value, cause = (np.asarray(said[name][0], np.float64) for name in ("value", "cause"))
    return Judged(value, took, step_seconds(own.graph, judged.dataset), (own.learner,), cause)


def _beside(x: Matrix, kind: NDArray[np.float64], classes: int, fold: Fold, seed: int) -> dict[str, Judged]:
    beside = {}
    for name, make in classifiers(seed).items():
        said = "predict" if name == "svc" else "predict_proba"
        found = tried(make, x[fold.fit], kind[fold.fit], x[fold.judge], said)
        value = np.eye(classes)[found.value.astype(int)] if name == "svc" else found.value
        beside[name] = Judged(value, found.train_s, found.decide_s)
    return beside


def _together(parts: Sequence[Judged], judges: Sequence[NDArray[np.bool_]], rows: int) -> Judged:
    value, cause = (np.zeros((rows, wire.shape[1])) for wire in (parts[0].value, parts[0].cause))
    for part, judge in zip(parts, judges, strict=True):
        value[judge] = part.value
        if cause.size:
            cause[judge] = part.cause
    return Judged(value, float(np.mean([p.learnt for p in parts])), float(np.median([p.decided for p in parts])),
                  tuple(name for part in parts for name in part.chosen), cause)
