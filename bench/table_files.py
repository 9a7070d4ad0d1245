"""Readers of the two tables of classes, and the nested cross-validation that both are judged by."""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import arguments, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import Fitted
from lineshaft.model.evaluate.splits import stratified
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
    """Probabilities [N, V] for every row from a model that never saw it; ``learnt`` and ``decided`` are seconds."""

    value: Matrix
    learnt: float
    decided: float
    chosen: tuple[str, ...] = ()


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
    """Ours and the plain library models over the same stratified folds; ours chooses inside each fold's own rows."""
    own: list[tuple[Matrix, float, float, str]] = []
    beside: dict[str, list[tuple[Matrix, float, float]]] = {}
    parts = stratified(given, folds, seed)
    for number, fold in enumerate(parts):
        fitted, took = _learnt(given.rows(fold.fit), seconds, seed)
        judged = given.rows(fold.judge)
        own.append((_said(fitted.graph, judged), took, step_seconds(fitted.graph, judged.dataset), fitted.learner))
        progress(f"fold {number + 1} of {folds}: {fitted.learner}")
        x, kind = given.dataset.values, given.target[:, 0]
        for name, make in classifiers(seed).items():
            said = "predict" if name == "svc" else "predict_proba"
            found = tried(make, x[fold.fit], kind[fold.fit], x[fold.judge], said)
            value = np.eye(len(given.names))[found.value.astype(int)] if name == "svc" else found.value
            beside.setdefault(name, []).append((value, found.train_s, found.decide_s))
    judges = [fold.judge for fold in parts]
    ours = _together([one[:3] for one in own], judges, len(given))
    return (Judged(ours.value, ours.learnt, ours.decided, tuple(one[3] for one in own)),
            {name: _together(found, judges, len(given)) for name, found in beside.items()})


def times(own: Judged, beside: Mapping[str, Judged]) -> dict[str, Any]:
    """Ours over scikit-learn's: training with the whole search, and one row at a time."""
    peers = ("random forest", "logistic", "histogram boosting")
    return {"search_ratio": {name: own.learnt / beside[name].learnt for name in peers},
            "decide_ratio": {name: own.decided / beside[name].decided for name in peers}}


def _learnt(given: Examples, seconds: float, seed: int) -> tuple[Fitted, float]:
    begun = time.perf_counter()
    found = search(Classify(seed=seed), given, execute, limits=Limits(seconds=seconds))
    return found.fitted, time.perf_counter() - begun


def _said(graph: bytes, given: Examples) -> Matrix:
    """Each row alone, all of them side by side as assets."""
    x, quality = step_inputs(given.dataset)
    return np.asarray(Replay(graph, execute)(x[None], quality[None])["value"][0], np.float64)


def _together(parts: Sequence[tuple[Matrix, float, float]], judges: Sequence[NDArray[np.bool_]], rows: int) -> Judged:
    value = np.zeros((rows, parts[0][0].shape[1]))
    for (said, _, _), judge in zip(parts, judges, strict=True):
        value[judge] = said
    return Judged(value, float(np.mean([p[1] for p in parts])), float(np.median([p[2] for p in parts])))
