"""One soft sensor, learnt as ``model train`` learns it, beside plain library models of the same rows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import progress
from lineshaft.backend.onnxruntime import BoundEngine, execute
from lineshaft.core.dataset import Dataset
from lineshaft.graph.check import signature
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import Fitted
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.pipeline import run_spans, step_inputs
from lineshaft.model.search.limits import Limits
from lineshaft.model.search.run import search
from lineshaft.model.supervised import fit
from lineshaft.model.tasks.infer import Infer, errors
from regressors import regressors, tried

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sensed:
    """What a soft sensor said [N] of the test rows, what was true, and its times in seconds."""

    fitted: Fitted
    value: Vector
    low: Vector
    high: Vector
    target: Vector
    search_s: float
    train_s: float
    decide_s: float

    def figures(self, block: int) -> dict[str, Any]:
        """Errors, and the 95 % interval of the RMSE by drawing blocks of so many neighbouring rows."""
        found: dict[str, Any] = errors(self.target, self.value, self.low, self.high)
        found["ci_low"], found["ci_high"] = interval(self.target - self.value, block)
        return {**found, "seeds": 1, "learner": self.fitted.learner}


def sensed(task: Infer, train: Dataset, test: Dataset, seconds: float) -> Sensed:
    """Searched and learnt on ``train`` alone, then stepped through ``test``."""
    begun = time.perf_counter()
    examples = task.examples(train)
    found = search(task, examples, execute, limits=Limits(seconds=seconds))
    took = time.perf_counter() - begun
    progress(f"{task.target}{' adapting' if task.adapt else ''}: {found.fitted.why}")
    judged = task.examples(test)
    said = through(found.fitted.graph, judged.dataset)
    truth = table(test, task.target)[1]
    known = np.isfinite(truth)  # every measured row, as for the library models; not only those that are new samples
    chosen = next(one for one in _all(task, examples) if one.name == found.fitted.learner)
    begun = time.perf_counter()
    fit(chosen, examples, examples.known, execute)
    learnt = time.perf_counter() - begun
    value, low, high = (said[name][known, 0] for name in ("value", "low", "high"))
    return Sensed(found.fitted, value, low, high, truth[known], took, learnt,
                  step_seconds(found.fitted.graph, judged.dataset))


def through(graph: bytes, dataset: Dataset) -> dict[str, Vector]:
    """Outputs [N, ...] of a step graph, each run from zero state."""
    run, (x, quality) = Replay(graph, execute), step_inputs(dataset)
    parts = [run(x[start:stop], quality[start:stop]) for start, stop in run_spans(dataset.run)]
    return {name: np.concatenate([part[name] for part in parts]).astype(np.float64)
            for name in ("value", "low", "high")}


def step_seconds(graph: bytes, dataset: Dataset, ticks: int = 300) -> float:
    """Median seconds of one step beside a machine: a bound engine, one asset, a tick at a time."""
    engine = BoundEngine(graph, signature(graph))
    x, quality = step_inputs(dataset)
    spent = []
    for tick in range(min(ticks, len(x))):
        engine.x[0], engine.quality[0] = x[tick], quality[tick]
        begun = time.perf_counter()
        engine.step()
        spent.append(time.perf_counter() - begun)
    return float(np.median(spent))


def plain(train: Dataset, test: Dataset, target: str) -> tuple[dict[str, Vector], dict[str, float], dict[str, float]]:
    """Of each plain library model: its values of the test rows, seconds to train, seconds a row."""
    (x, y), (judged, _) = table(train, target), table(test, target)
    values, learnt, decided = dict[str, Vector](), dict[str, float](), dict[str, float]()
    for name, make in regressors().items():
        progress(f"{target}: beside it, {name}")
        found = tried(make, x, y, judged)
        values[name], learnt[name], decided[name] = found.value, found.train_s, found.decide_s
    return values, learnt, decided


def informed(train: Dataset, test: Dataset, target: str) -> dict[str, Vector]:
    """Models that know as much as the adapting sensor: the target one row before, and the inputs then and now."""
    from lightgbm import LGBMRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge

    x, y, _ = lagged(train, target)
    judged, _, last = lagged(test, target)
    made = {"LightGBM with the last value": LGBMRegressor(random_state=0, n_jobs=1, verbose=-1),
            "histogram boosting with the last value": HistGradientBoostingRegressor(random_state=0),
            "ridge with the last value": Ridge()}
    return {"last value": last, **{name: np.asarray(model.fit(x, y).predict(judged)) for name, model in made.items()}}


def table(rows: Dataset, target: str) -> tuple[NDArray[np.float64], Vector]:
    """Inputs [N, F] and target [N]."""
    place = [tag.name for tag in rows.tags].index(target)
    return np.delete(rows.values, place, axis=1), rows.values[:, place]


def lagged(rows: Dataset, target: str) -> tuple[NDArray[np.float64], Vector, Vector]:
    """(inputs now and one row before, the target before) [N, F], the target, and the target before; the first row of
    a run stands in for the one before it, and its target before is the mean."""
    inputs, told = table(rows, target)
    first = [start for start, _ in run_spans(rows.run)]
    before = np.arange(len(rows)) - 1
    before[first] = first
    last = told[before]
    last[first] = told.mean()
    return np.column_stack([inputs, inputs[before], last]), told, last


def interval(error: Vector, block: int) -> tuple[float, float]:
    """95 % interval of the root mean square by drawing blocks of neighbouring rows."""
    parts = np.array_split(error**2, max(len(error) // block, 2))
    sums, counts = np.array([part.sum() for part in parts]), np.array([len(part) for part in parts])
    return bootstrap(lambda places: float(np.sqrt(sums[places].sum() / counts[places].sum())), len(parts))


def rmse(target: Vector, values: Mapping[str, Vector]) -> dict[str, float]:
    return {name: errors(target, value)["rmse"] for name, value in values.items()}


def _all(task: Infer, examples: Any) -> list[Any]:
    """Every candidate and its variants."""
    first = task.candidates(examples)
    return [*first, *(variant for one in first for variant in one.variants())]


