"""LightGBM: its text model, which every Booster writes, read without the library.

Tests are "x <= threshold" in double precision; thresholds are rounded down to float32, which decides the same for
every float32 value. The bits of ``decision_type`` are those of LightGBM's ``Tree`` (include/LightGBM/tree.h): 1
categorical, 2 default left, 4 and 8 the kind of missing value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.foreign._trees import Grove, model, plain
from lineshaft.graph.importing.forest import floor32
from lineshaft.graph.importing.reading import How, inherits
from lineshaft.graph.untrusted.opening import read

ENDINGS = (".txt", ".lgb", ".lightgbm")
CATEGORICAL, DEFAULT_LEFT, MISSING_ZERO, MISSING_NAN = 1, 2, 1, 2
_LINKS = {"binary": "two", "multiclass": "softmax", "multiclassova": "sigmoid", "cross_entropy": "sigmoid",
          "poisson": "exp", "gamma": "exp", "tweedie": "exp"}
_PLAIN = frozenset(("regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg"))


def takes(thing: object) -> bool:
    return inherits(thing, "lightgbm", "Booster") or inherits(thing, "lightgbm", "LGBMModel")


def recognises(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"tree\n"


def from_object(thing: Any, how: How) -> onnx.ModelProto:
    booster = getattr(thing, "booster_", thing)
    best = getattr(thing, "best_iteration_", None) or booster.best_iteration
    classes = getattr(thing, "classes_", ()) if hasattr(thing, "predict_proba") else ()
    return from_text(booster.model_to_string(num_iteration=best if best and best > 0 else None), plain(classes))


def from_file(path: Path, how: How) -> onnx.ModelProto:
    try:
        return from_text(read(path).decode())
    except UnicodeDecodeError:
        raise UsageError("it is no text", where=str(path), do="give the file that Booster.save_model wrote") from None


def from_text(text: str, classes: Sequence[object] = ()) -> onnx.ModelProto:
    """The model in LightGBM's own text, which does not know what its classes were called."""
    parts = text.split("\nTree=")
    if not text.startswith("tree\n") or len(parts) < 2:
        raise UsageError("it is no model of LightGBM", do="give the file that Booster.save_model wrote")
    head = _fields(parts[0])
    if "\nend of trees" not in parts[-1] or len(head.get("tree_sizes", "").split()) != len(parts) - 1:
        raise Refused("it is cut off, or holds other trees than it says", do="save it again with Booster.save_model")
    features = int(head["max_feature_idx"]) + 1
    targets = int(head.get("num_tree_per_iteration", "1"))
    if not 1 <= targets <= 4096 or not 1 <= features <= 2**20:
        raise Refused(f"it says {features} features and {targets} sums")
    grove = Grove()
    for number, part in enumerate(parts[1:]):
        _tree(grove, number, _fields(part.split("\n\n\n", maxsplit=1)[0]), number % targets)
    factor = 1.0
    if "average_output" in parts[0]:  # a random forest: the mean of its trees
        factor = targets / grove.trees
        grove.columns["value"] = [values * factor for values in grove.columns["value"]]
    link, scale = _link(head.get("objective", "regression"))
    if scale != 1.0:
        grove.columns["value"] = [values * scale for values in grove.columns["value"]]
    return model(grove, features, [0.0] * targets, link, classes)


def _fields(part: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in part.splitlines() if "=" in line)


def _link(objective: str) -> tuple[str, float]:
    """What follows the sum, and the factor of the sum before it."""
    name, *words = objective.split() or ["regression"]
    options: Iterator[tuple[str, str, str]] = (word.partition(":") for word in words)
    given = {key: value for key, _, value in options}
    if name in _PLAIN and "sqrt" not in words:
        return "identity", 1.0
    if name not in _LINKS:
        raise Refused(f"its objective is {objective}, and only {', '.join(sorted({*_LINKS, *_PLAIN}))} are taken")
    return _LINKS[name], float(given.get("sigmoid", 1.0))


def _tree(grove: Grove, number: int, found: dict[str, str], target: int) -> None:
    if found.get("is_linear", "0") != "0":
        raise Refused(f"tree {number} has linear models in its leaves")
    if found.get("num_cat", "0") != "0":
        raise Refused(f"tree {number} splits by categories", do="encode categories as numbers before training")
    values = _numbers(found, "leaf_value")
    if len(values) == 1:
        none = np.zeros(1)
        grove.add(target, none, none, "BRANCH_LEQ", none, none, none, np.ones(1, np.bool_), values)
        return
    feature, threshold = _numbers(found, "split_feature"), _numbers(found, "threshold")
    kind = _numbers(found, "decision_type").astype(np.int64)
    missing = kind >> 2 & 3
    if (kind & CATEGORICAL).any() or (missing == MISSING_ZERO).any():
        raise Refused(f"tree {number} takes zero for a missing value, or splits by categories")
    inner, leaves = len(feature), len(values)
    # A missing value goes the way it was taught; without that it counts as 0.
    first = np.where(missing == MISSING_NAN, (kind & DEFAULT_LEFT) > 0, threshold >= 0.0)
    blank = np.zeros(leaves)
    grove.add(target, np.concatenate([feature, blank]), np.concatenate([floor32(threshold), blank]), "BRANCH_LEQ",
              np.concatenate([_children(found, "left_child", inner), blank]),
              np.concatenate([_children(found, "right_child", inner), blank]), np.concatenate([first, blank]),
              np.concatenate([np.zeros(inner), np.ones(leaves)]) > 0, np.concatenate([np.zeros(inner), values]))


def _children(found: dict[str, str], name: str, inner: int) -> NDArray[np.float64]:
    """Leaves, which the text numbers -1, -2, ..., follow the inner nodes."""
    given = _numbers(found, name)
    return np.where(given < 0, inner - 1 - given, given)


def _numbers(found: dict[str, str], name: str) -> NDArray[np.float64]:
    try:
        return np.array(found[name].split(), np.float64)
    except (KeyError, ValueError):
        raise Refused(f"a tree has no {name}, or it holds no numbers") from None
