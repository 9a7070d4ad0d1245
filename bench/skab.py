"""SKAB: point-wise F1, FAR and MAR of the default monitor, pooled over all experiments.

    python bench/skab.py --data ../shared/data/skab --json

Each experiment by itself: its first 400 rows are normal operation, of which the monitor's default holds out a
part for the limit; the rest is the test. No point adjustment, and nothing knows a row's position.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Result, arguments, data_folder, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.train import train_monitor
from monitor_files import skab

NORMAL_ROWS = 400
PUBLISHED = {"Conv-AE": {"f1": 0.784, "far": 0.1355, "mar": 0.2802},
             "T2+Q (PCA)": {"f1": 0.758, "far": 0.266, "mar": 0.249},
             "always alarm": {"f1": 0.698, "far": 1.0, "mar": 0.0}}


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of the SKAB files")
    parser.add_argument("--learner", default="auto", help="one learner for every file instead of the choice")
    chosen = parser.parse_args()
    counts, learners = [], {}
    for name, (values, anomaly, names) in skab(data_folder(chosen.data)).items():
        if len(values) <= NORMAL_ROWS:
            progress(f"{name}: left out, it has no row after the first {NORMAL_ROWS}")
            continue
        dataset = Dataset.of(values, tuple(Tag(n) for n in names))
        normal = np.arange(len(values)) < NORMAL_ROWS
        monitor = train_monitor(dataset, normal, execute, learner=chosen.learner)
        alarm = Replay(monitor.graph, execute)(*step_inputs(dataset))["alarm"][:, 0] > 0
        found = confusion(alarm[NORMAL_ROWS:], anomaly[NORMAL_ROWS:] > 0)
        counts.append(found)
        learners[name] = monitor.learner
        progress(f"{name:20} {monitor.learner:12} " + "  ".join(f"{k} {v:.3f}" for k, v in rates(found).items()))
    if not counts:
        sys.exit(f"{chosen.data}: no file has a row after the first {NORMAL_ROWS}; pass --data with the SKAB files")
    figures = pooled(np.stack(counts)) | {"files": len(learners), "learners": {
        learner: sum(used == learner for used in learners.values()) for learner in sorted(set(learners.values()))}}
    finish(Result("skab", "fit and calibrate on the first 400 rows of each file, pool the rest; default settings; "
                  "interval of f1 over files", figures, {"f1": "> 0.82", "far": "< 0.13", "mar": "< 0.25"}, PUBLISHED),
           as_json=chosen.json)
    return 0


def pooled(counts: NDArray[np.int64]) -> dict[str, Any]:
    """Rates of counts [files, 4] together, and how far F1 would move with other files of the kind."""
    low, high = bootstrap(lambda drawn: rates(counts[drawn].sum(axis=0))["f1"], len(counts))
    return {**rates(counts.sum(axis=0)), "seeds": 1, "ci_low": low, "ci_high": high}


def confusion(alarm: NDArray[np.bool_], fault: NDArray[np.bool_]) -> NDArray[np.int64]:
    """True positives, false positives, false negatives, true negatives."""
    return np.array([(alarm & fault).sum(), (alarm & ~fault).sum(), (~alarm & fault).sum(), (~alarm & ~fault).sum()])


def rates(counts: NDArray[np.int64]) -> dict[str, float]:
    tp, fp, fn, tn = (float(c) for c in counts)
    far, mar = fp / max(fp + tn, 1.0), fn / max(fn + tp, 1.0)
    return {"f1": 2 * tp / max(2 * tp + fp + fn, 1.0), "far": far, "mar": mar, "balanced_accuracy": 1 - (far + mar) / 2}


if __name__ == "__main__":
    sys.exit(main())
