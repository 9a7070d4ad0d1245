"""Gradient-boosted trees by LightGBM (Ke et al., NeurIPS 2017), for numbers and for classes; ONE forest node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import onnx

from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.foreign.lightgbm import from_text
from lineshaft.graph.importing.inputs import inputs
from lineshaft.graph.importing.writing import write
from lineshaft.model.head import Kind, Settings
from lineshaft.model.library import library
from lineshaft.model.pipeline import Seen, Wires

DEFAULT: Settings = {"trees": 200, "leaves": 15, "rate": 0.05, "least": 20, "features": 0.7, "fewest": 1,
                     "penalty": 1.0, "bins": 255}
QUICK: Settings = {"trees": 100, "rate": 0.1, "features": 0.5, "fewest": 5, "bins": 2046}
"""For classes of a table: half the time, and thresholds where rules of a machine have them (ADR 23)."""
FEWEST_BINS = 255


class Trees:
    """Boosted trees; several numbers are one booster each.

    A tree sees ``features`` (a share, but at least ``fewest``) of them, has ``leaves`` of ``least`` rows or more, and
    adds ``rate`` of what it would correct. Classes grow one each in a round and share the ``bins`` between whose edges
    a threshold lies, each having 255 or more: what bins cost is paid in each tree.
    """

    name: ClassVar[str] = "trees"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number", "class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        self.outputs, self.kind, self.settings, self.seed = outputs, kind, {**DEFAULT, **(settings or {})}, seed
        self.models: list[onnx.ModelProto] = []

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"leaves": 7}, {"leaves": 31, "trees": 300}, {"trees": 400, "rate": 0.02}, {"least": 5})

    def fit(self, seen: Seen) -> None:
        features, target = np.asarray(seen["features"], np.float64), np.asarray(seen["target"], np.float64)
        columns = [target[:, 0]] if self.kind == "class" else list(target.T)
        self.models = [from_text(self._booster(features, column).model_to_string()) for column in columns]

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        written = [write(g, one, wires["features"], inputs(one)).wires for one in self.models]
        parts = [found["probabilities" if self.kind == "class" else "prediction"] for found in written]
        return {"value": g.concat(parts) if len(parts) > 1 else parts[0]}

    def _booster(self, features: Any, target: Any) -> Any:
        lightgbm = library("lightgbm")
        told = self.settings
        objective = {"objective": "regression"} if self.kind == "number" else (
            {"objective": "binary"} if self.outputs == 2 else {"objective": "multiclass", "num_class": self.outputs})
        settings = {**objective, "num_leaves": told["leaves"], "learning_rate": told["rate"],
                    "min_data_in_leaf": min(int(told["least"]), max(1, len(target) // 20)),
                    "feature_fraction": min(1.0, max(float(told["features"]), int(told["fewest"]) / features.shape[1])),
                    "lambda_l2": told["penalty"], "max_bin": max(FEWEST_BINS, int(told["bins"]) // self.outputs),
                    "seed": self.seed, "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbose": -1}
        return lightgbm.train(settings, lightgbm.Dataset(features, target, params=settings), int(told["trees"]))


HEAD = Trees
