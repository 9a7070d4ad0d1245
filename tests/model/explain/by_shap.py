"""What the ``shap`` package says, for tests of machines that lack it.

``python by_shap.py`` writes ``by_shap.npz`` beside itself, with shap and LightGBM installed: rows, a background, a
linear map and three forests (LightGBM's own text), and shap's values for each. TreeExplainer is asked for the
interventional values, which are exact; so are LinearExplainer's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

BESIDE = Path(__file__).with_suffix(".npz")
TAGS, WIDE = 6, 16


def made() -> dict[str, np.ndarray]:
    """Everything that the test compares with."""
    import lightgbm
    import shap  # type: ignore[import-not-found, unused-ignore]

    random = np.random.default_rng(0)
    found: dict[str, np.ndarray] = {}
    for name, width, target in (("tree", TAGS, _wavy), ("deep", TAGS, _crossed), ("wide", WIDE, _crossed)):
        x = random.normal(size=(800, width)).astype(np.float32).astype(np.float64)
        settings = {"num_leaves": 15, "seed": 0, "num_threads": 1, "deterministic": True, "verbose": -1}
        booster = lightgbm.train(settings, lightgbm.Dataset(x, target(x)), 40)
        rows, background = x[:12], x[100:120]
        said = shap.TreeExplainer(booster, background, feature_perturbation="interventional").shap_values(rows)
        found |= {f"{name}_text": np.array(booster.model_to_string()), f"{name}_rows": rows,
                  f"{name}_background": background, f"{name}_values": np.asarray(said)}
    weights = random.normal(size=(TAGS, 1))
    linear = shap.LinearExplainer((weights[:, 0], 0.5), found["tree_background"])
    return {**found, "linear_weights": weights, "linear_values": np.asarray(linear.shap_values(found["tree_rows"]))}


def _wavy(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.sin(2 * x[:, 0]) + x[:, 1] ** 2 + 0.3 * x[:, 2])


def _crossed(x: np.ndarray) -> np.ndarray:
    return np.asarray(x[:, 0] * x[:, 1] + np.maximum(x[:, 2], 0) * x[:, 3] + 0.5 * x[:, -1])


if __name__ == "__main__":
    np.savez_compressed(BESIDE, allow_pickle=False, **made())
