"""Hydraulic test rig: the state of cooler, valve, pump and accumulator from one cycle of 60 s.

    python bench/hydraulic.py --data ../shared/data/hydraulic --json

Cycles stand in time order and in stretches of equal condition; fifteen blocks of time, every third judging in turn;
what is not yet stable is left out. Sensors of more than 60 values a cycle are averaged to one a second. The shared
files lack the pressures: the figures are not comparable with published ones that had them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from by_blocks import Matrix, Numbers, answers, baselines, block_arguments, examples, learnt
from harness import Result, data_folder, finish, progress
from lineshaft.model.diagnosis import Vibration
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.examples import Examples
from lineshaft.model.tasks.diagnose import mean_recall
from monitor_files import members

SECONDS = 60
FOLDS, BLOCKS = 3, 15
TASKS = ("cooler", "valve", "pump", "accumulator")
STABLE = 4
TOTAL_S = 720.0
PROTOCOL = ("stable cycles in time order, fifteen blocks of time, every third judging in turn; learnt and chosen on "
            "the others, whole stretches of equal condition left out; baselines are scikit-learn on mean, deviation, "
            "least and greatest of each sensor; no pressures in the shared files")


def main() -> int:
    chosen = block_arguments(__doc__, TOTAL_S)
    sensors, profile = read(data_folder(chosen.data))
    rows, conditions, stretch = stable_cycles(sensors, profile)
    each = chosen.seconds / (len(TASKS) * FOLDS)
    figures: dict[str, Any] = {}
    for place, task in enumerate(TASKS):
        found = one_task(rows, conditions[:, place], stretch, tuple(sensors), each, chosen.learner)
        figures |= {f"{task}_{name}": value for name, value in found.items()}
        progress(f"{task}: {found}")
    own = [figures[f"{task}_recall"] for task in TASKS]
    figures = {"recall_mean": float(np.mean(own)), "seeds": 1,
               "ci_low": float(np.mean([figures[f"{task}_ci_low"] for task in TASKS])),
               "ci_high": float(np.mean([figures[f"{task}_ci_high"] for task in TASKS])),
               "baseline_best": float(np.mean([figures[f"{task}_baseline_best"] for task in TASKS])), **figures}
    finish(Result("hydraulic", PROTOCOL, figures, {"recall_mean": "> baseline_best"}), as_json=chosen.json)
    return 0


def read(folder: Path) -> tuple[dict[str, Matrix], Matrix]:
    """Each sensor [cycles, 60] by name, and the profile [cycles, 5]."""
    found, profile = dict[str, Matrix](), None
    for name, content in members(folder):
        stem = Path(name).stem
        if not name.endswith(".txt") or stem.startswith(("description", "LICENSE", "README")):
            continue
        values = np.loadtxt(content.decode("ascii").splitlines(), ndmin=2)
        if stem == "profile":
            profile = values
        elif values.shape[1] % SECONDS == 0:
            found[stem] = values.reshape(len(values), SECONDS, -1).mean(axis=2)
    if profile is None or not found:
        sys.exit(f"{folder}: profile.txt and the sensors' files are not here; pass --data with their folder")
    return found, profile


def stable_cycles(sensors: Mapping[str, Matrix], profile: Matrix) -> tuple[Matrix, Matrix, NDArray[np.int32]]:
    """Rows [N, sensors * 60] of the stable cycles, their conditions [N, 4] and the stretch of equal ones [N]."""
    stable = profile[:, STABLE] == 0
    stretch = np.cumsum(np.any(np.diff(profile[:, :STABLE], axis=0, prepend=profile[:1, :STABLE]) != 0, axis=1))
    return (np.hstack([values[stable] for values in sensors.values()]), profile[stable, :STABLE],
            stretch[stable].astype(np.int32))


def vibration(sensors: int) -> Vibration:
    """Cycles as blocks of so many sensors."""
    return Vibration(SECONDS, 1.0, sensors, levels=True)


def of_target(rows: Matrix, condition: Matrix, stretch: NDArray[np.int32], sensors: tuple[str, ...]) -> Examples:
    """Rows with the classes of one condition."""
    classes, kind = np.unique(condition, return_inverse=True)
    return examples(rows, kind, stretch, [f"{c:g}" for c in classes], sensors)


def one_task(rows: Matrix, condition: Matrix, stretch: NDArray[np.int32], sensors: tuple[str, ...], seconds: float,
             learner: str) -> dict[str, Any]:
    """Mean recall over the classes of one target, all folds pooled, beside the baselines."""
    whole = of_target(rows, condition, stretch, sensors)
    kind = whole.target[:, 0].astype(np.int64)
    fold = np.arange(len(rows)) * BLOCKS // len(rows) % FOLDS
    said, beside, learners = np.zeros(len(rows), np.int64), dict[str, Numbers](), list[str]()
    for part in range(FOLDS):
        teach, test = fold != part, fold == part
        fitted = learnt(whole.rows(teach), vibration(len(sensors)), seconds, learner)
        learners.append(fitted.learner)
        said[test] = answers(fitted.graph, rows[test]).argmax(axis=1)
        for name, told in baselines(rows[teach], kind[teach], rows[test], len(sensors)).items():
            beside.setdefault(name, np.zeros(len(rows), np.int64))[test] = told
    groups = np.unique(stretch)
    parts = [np.flatnonzero(stretch == group) for group in groups]
    low, high = bootstrap(lambda places: mean_recall(*(column[np.concatenate([parts[p] for p in places])]
                                                       for column in (kind, said))), len(parts), draws=300)
    scores = {name: mean_recall(kind, told) for name, told in beside.items()}
    best = max(scores, key=lambda name: scores[name])
    return {"recall": mean_recall(kind, said), "ci_low": low, "ci_high": high, "baseline_best": scores[best],
            "baseline": best, "naive": scores["naive"], "learner": "/".join(sorted(set(learners)))}


if __name__ == "__main__":
    sys.exit(main())
