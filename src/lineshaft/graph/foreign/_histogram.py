"""scikit-learn's histogram gradient boosting, read from its own arrays of nodes.

skl2onnx 1.20 hands onnx an array where onnx 1.23 takes a list only, and so converts none of these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.foreign._trees import Grove, model, plain
from lineshaft.graph.importing.forest import floor32

_LINKS = {"log_loss": "two", "squared_error": "identity", "absolute_error": "identity", "quantile": "identity",
          "poisson": "exp", "gamma": "exp"}


def histogram(thing: Any) -> onnx.ModelProto:
    """HistGradientBoostingClassifier or Regressor, fitted, on numbers."""
    if not hasattr(thing, "_predictors"):
        raise UsageError(f"{type(thing).__name__} is not fitted", do="fit it")
    if thing.is_categorical_ is not None and np.any(thing.is_categorical_):
        raise Refused("its trees split by categories", do="encode categories as numbers before training")
    if thing.loss not in _LINKS:
        raise Refused(f"its loss is {thing.loss}, which is not taken")
    base = np.asarray(thing._baseline_prediction, np.float64).ravel().tolist()
    grove = Grove()
    for trees in thing._predictors:
        for target, tree in enumerate(trees):
            nodes = tree.nodes
            threshold = floor32(nodes["num_threshold"]).astype(np.float64)
            grove.add(target, nodes["feature_idx"], threshold, "BRANCH_LEQ", nodes["left"], nodes["right"],
                      nodes["missing_go_to_left"], nodes["is_leaf"].astype(np.bool_), nodes["value"])
    link = "softmax" if len(base) > 1 else _LINKS[thing.loss]
    return model(grove, int(thing.n_features_in_), base, link, plain(getattr(thing, "classes_", ())))
