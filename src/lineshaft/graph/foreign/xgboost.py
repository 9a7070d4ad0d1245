"""XGBoost: its JSON and UBJSON models (https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html), read
without the library.

Tests are "x < threshold" in float32, a missing value goes where ``default_left`` says.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.foreign import _ubjson
from lineshaft.graph.foreign._trees import Grove, model
from lineshaft.graph.importing.reading import How, inherits
from lineshaft.graph.untrusted.opening import read

ENDINGS = (".json", ".ubj", ".xgb")
_LINKS = {"binary:logistic": "two", "multi:softprob": "softmax", "multi:softmax": "softmax", "reg:logistic": "sigmoid",
          "count:poisson": "exp", "reg:gamma": "exp", "reg:tweedie": "exp",
          "survival:cox": "exp", "survival:aft": "exp"}
_PLAIN = frozenset(("reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror",
                    "reg:quantileerror", "binary:logitraw", "rank:pairwise", "rank:ndcg", "rank:map", "reg:linear"))
_LOGIT = frozenset(("binary:logistic", "reg:logistic", "binary:logitraw"))


def takes(thing: object) -> bool:
    return inherits(thing, "xgboost", "Booster") or inherits(thing, "xgboost", "XGBModel")


def recognises(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(4096)
    return b'"learner"' in start or b"learner" in start[:64]


def from_object(thing: Any, how: How) -> onnx.ModelProto:
    booster = thing.get_booster() if hasattr(thing, "get_booster") else thing
    return from_tree(_ubjson.loads(bytes(booster.save_raw("ubj"))))


def from_file(path: Path, how: How) -> onnx.ModelProto:
    raw = read(path)
    if raw.lstrip()[:1] == b"{" and raw.lstrip()[1:2] in b'" \n\r\t':
        try:
            return from_tree(json.loads(raw))
        except (ValueError, RecursionError):
            pass  # UBJSON begins with a brace as well
    try:
        return from_tree(_ubjson.loads(raw))
    except ValueError as error:
        raise UsageError(f"it is neither JSON nor UBJSON ({error})", where=str(path),
                         do="give the file that Booster.save_model wrote") from None


def from_tree(document: Any) -> onnx.ModelProto:
    """The model in XGBoost's own document."""
    try:
        return _model(document["learner"])
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise UsageError(f"it is no model of XGBoost ({type(error).__name__}: {error})",
                         do="give the file that Booster.save_model wrote") from None


def _model(learner: Mapping[str, Any]) -> onnx.ModelProto:
    booster = learner["gradient_booster"]
    kind, parameters, objective = booster["name"], learner["learner_model_param"], learner["objective"]["name"]
    if kind not in ("gbtree", "dart"):
        raise Refused(f"its booster is {kind}, and only gbtree and dart are taken")
    weights = booster.get("weight_drop")
    booster = booster["gbtree"] if kind == "dart" else booster
    if objective not in _LINKS and objective not in _PLAIN:
        raise Refused(f"its objective is {objective}, which is not taken")
    features = int(parameters["num_feature"])
    targets = max(int(parameters.get("num_class", "0")), int(parameters.get("num_target", "1")), 1)
    if not 1 <= targets <= 4096 or not 1 <= features <= 2**20:
        raise Refused(f"it says {features} features and {targets} sums")
    trees = booster["model"]["trees"]
    used = _used(learner, booster["model"], len(trees))
    grove = Grove()
    for number, (tree, target) in enumerate(zip(trees[:used], booster["model"]["tree_info"][:used], strict=True)):
        _tree(grove, number, tree, int(target), float(weights[number]) if weights else 1.0)
    return model(grove, features, _base(parameters, objective, targets), _LINKS.get(objective, "identity"))


def _used(learner: Mapping[str, Any], forest: Mapping[str, Any], count: int) -> int:
    """Trees up to the best iteration, which early stopping notes; all of them without it."""
    best = learner.get("attributes", {}).get("best_iteration")
    starts = forest.get("iteration_indptr")
    if best is None or not starts or not 0 <= int(best) < len(starts) - 1:
        return count
    return int(starts[int(best) + 1])


def _base(parameters: Mapping[str, Any], objective: str, targets: int) -> list[float]:
    """``base_score`` is given as a prediction; the sum begins at what the link makes it of."""
    given = [float(v) for v in str(parameters["base_score"]).strip("[]").split(",")]
    given = given * targets if len(given) == 1 else given
    if len(given) != targets:
        raise Refused(f"it has {len(given)} base scores for {targets} sums")
    if objective in _LOGIT:
        return [math.log(v / (1.0 - v)) for v in given]
    return [math.log(v) for v in given] if _LINKS.get(objective) == "exp" else given


def _tree(grove: Grove, number: int, tree: Mapping[str, Any], target: int, weight: float) -> None:
    if any(int(v) for v in tree.get("split_type", ())):
        raise Refused(f"tree {number} splits by categories", do="encode categories as numbers before training")
    if int(tree.get("tree_param", {}).get("size_leaf_vector", "1")) > 1:
        raise Refused(f"tree {number} has several values in a leaf (multi_output_tree)")
    left, right = np.array(tree["left_children"], np.float64), np.array(tree["right_children"], np.float64)
    leaf = left < 0
    value = np.array(tree["split_conditions"], np.float64)
    grove.add(target, np.array(tree["split_indices"], np.float64), value, "BRANCH_LT", left, right,
              np.array(tree["default_left"], np.float64), leaf, np.where(leaf, value * weight, 0.0))
