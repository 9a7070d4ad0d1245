"""The default monitor beside detectors of PyOD and river: SKAB by one protocol, time to learn and to decide as ratios.

    LINESHAFT_PEERS=/path/to/python python bench/monitor_peers.py --data ../shared/data/skab --json

Every detector learns from the first 280 rows of a file; rows 280 to 400 (normal, unseen) set its limit; the rest is the
test. The peers' limit is the 99 % quantile there, once of their scores as they come and once ("smoothed") of their
exponential mean with our weight. Without ``LINESHAFT_PEERS`` only our own rows are filled.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import peers
from harness import Result, arguments, data_folder, finish, progress, time_each
from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.check import signature
from lineshaft.graph.replay import Replay
from lineshaft.model.learner import Settings
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.train import train_monitor
from monitor_files import skab
from skab import NORMAL_ROWS, confusion, rates

SET = "skab"
FIT_ROWS, QUANTILE, STEPS = 280, 0.99, 2000
SMOOTHING = Settings().smoothing
Files = Mapping[str, tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of the SKAB files")
    chosen = parser.parse_args()
    files = {name: (values, anomaly > 0, names) for name, (values, anomaly, names)
             in skab(data_folder(chosen.data)).items() if len(values) > NORMAL_ROWS}
    if not files:
        sys.exit(f"{chosen.data}: no file has a row after the first {NORMAL_ROWS}; pass --data with the SKAB files")
    figures, times = ours(files)
    rows = beside(files, times)
    finish(Result("monitor_peers", f"fit on {FIT_ROWS} rows of each file, limit on the {NORMAL_ROWS - FIT_ROWS} normal "
                  "rows after them, the rest pooled; times beside those of our zscore learner and of its step",
                  figures, {"f1": "above each peer's"}, rows),
           as_json=chosen.json)
    return 0


def ours(files: Files) -> tuple[dict[str, Any], dict[str, float]]:
    """Figures of the default, and what one learner and one step of it cost."""
    counts, spent, alone = np.zeros(4, np.int64), 0.0, 0.0
    graph = b""
    for name, (values, anomaly, names) in files.items():
        dataset, normal = Dataset.of(values, tuple(Tag(n) for n in names)), np.arange(len(values)) < NORMAL_ROWS
        begun = time.perf_counter()
        monitor = train_monitor(dataset, normal, execute)
        spent += time.perf_counter() - begun
        begun = time.perf_counter()
        graph = train_monitor(dataset, normal, execute, learner="zscore").graph
        alone += time.perf_counter() - begun
        alarm = Replay(monitor.graph, execute)(*step_inputs(dataset))["alarm"][:, 0] > 0
        counts += confusion(alarm[NORMAL_ROWS:], anomaly[NORMAL_ROWS:])
        progress(f"{name}: {monitor.learner}")
    engine = backend("onnxruntime").load(graph, signature(graph), target("pc"))
    step_us = float(np.median(time_each(engine.step, STEPS))) / 1e3
    times = {"learn_s": alone, "decision_us": step_us}
    return {**rates(counts), "files": len(files), "choice_s": spent, **times}, times


def beside(files: Files, times: Mapping[str, float]) -> dict[str, Any]:
    """Each peer's figures as it comes and smoothed, or why there are none."""
    script = (Path(__file__).resolve().parent / "beside" / "monitor.py").read_text("utf-8")
    found = peers.run(f"{script}\nfound.update(judged(given, {FIT_ROWS}, {NORMAL_ROWS}))\n",
                      {name: values for name, (values, _, _) in files.items()})
    if "why" in found:
        return {"pyod, river": found["why"]}
    rows = {}
    for name, told in found.items():
        ratios = {f"{key.partition('_')[0]}_ratio": told[key] / times[key] for key in times}
        for label, weight in ((name, 1.0), (f"{name}, smoothed", SMOOTHING)):
            counts = np.zeros(4, np.int64)
            for file, (_, anomaly, _) in files.items():
                score = mean_of_newest(np.array(told["scores"][file]), weight)
                alarm = score > np.quantile(score[FIT_ROWS:NORMAL_ROWS], QUANTILE)
                counts += confusion(alarm[NORMAL_ROWS:], anomaly[NORMAL_ROWS:])
            rows[label] = {**rates(counts), **ratios}
    return rows


def mean_of_newest(score: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Exponentially weighted mean [N] of the scores so far."""
    found, mean = np.empty(len(score)), float(score[0])
    for row, value in enumerate(score):
        mean += weight * (value - mean)
        found[row] = mean
    return found


if __name__ == "__main__":
    sys.exit(main())
