"""What the benches of blocks share: rows of sensors, a search, its answers, and plain library baselines."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import arguments
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import Fitted
from lineshaft.model.diagnosis import Settings, Vibration
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.search.limits import Limits
from lineshaft.model.search.run import search
from lineshaft.model.tasks.diagnose import Diagnose

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]


def block_arguments(description: str | None, seconds: float) -> argparse.Namespace:
    """What a bench of blocks is told."""
    parser = arguments(description)
    parser.add_argument("--data", required=True, help="the folder of the files")
    parser.add_argument("--learner", default="auto", help="one learner instead of the choice")
    parser.add_argument("--seconds", type=float, default=seconds, help="for all searches together")
    return parser.parse_args()


def examples(rows: Matrix, kind: Numbers, group: NDArray[np.int32], names: Sequence[str], sensors: Sequence[str],
             facts: Sequence[str] = ()) -> Examples:
    """Rows [N, sensors * samples + facts] with their classes; each row of a run of its own stands alone."""
    samples = (rows.shape[1] - len(facts)) // len(sensors)
    tags = [f"{sensor}[{i}]" for sensor in sensors for i in range(samples)]
    dataset = Dataset.of(rows, tuple(Tag(path) for path in (*tags, *facts)), run=group)
    return Examples(dataset, kind[:, None].astype(np.float64), group, tuple(names))


def task(vibration: Vibration) -> Diagnose:
    """Classes of blocks that stand alone."""
    return Diagnose(Settings(vibration=vibration))


def learnt(given: Examples, vibration: Vibration, seconds: float, learner: str = "auto") -> Fitted:
    """What ``model train`` recommends."""
    return search(task(vibration), given, execute, limits=Limits(seconds=seconds, learner=learner)).fitted


def answers(graph: bytes, rows: Matrix) -> Matrix:
    """``value`` [N, classes] of rows."""
    tags = tuple(Tag(f"t{i}") for i in range(rows.shape[1]))
    return np.asarray(Replay(graph, execute)(*step_inputs(Dataset.of(rows, tags)))["value"], np.float64)


def baselines(teach: Matrix, kind: Numbers, test: Matrix, sensors: int) -> dict[str, Numbers]:
    """Classes [N] by scikit-learn as it comes, on mean, deviation, least and greatest of each sensor; and naive."""
    from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def plain(rows: Matrix) -> Matrix:
        parts = rows[:, :rows.shape[1] // sensors * sensors].reshape(len(rows), sensors, -1)
        return np.hstack([parts.mean(axis=2), parts.std(axis=2), parts.min(axis=2), parts.max(axis=2)])

    kinds: Mapping[str, Callable[[], Any]] = {
        "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        "extra trees": lambda: ExtraTreesClassifier(100, random_state=0),
        "boosting": lambda: HistGradientBoostingClassifier(max_iter=50, random_state=0),
        "neighbours": lambda: make_pipeline(StandardScaler(), KNeighborsClassifier())}
    said = {name: np.asarray(make().fit(plain(teach), kind).predict(plain(test)), np.int64)
            for name, make in kinds.items()}
    return said | {"naive": np.full(len(test), np.bincount(kind).argmax())}
