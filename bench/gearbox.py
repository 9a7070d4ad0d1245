"""Gearbox, healthy or with a broken tooth, at loads that taught nothing.

    python bench/gearbox.py --data ../shared/data/gearbox --json

Learnt at loads 0 and 60, tested at 30 and 90 (of other loads: every second one in order of size). Blocks of 1,024
rows of four sensors, none of which is in two files. The source states neither rate nor speed: frequencies are shares of
the rate.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from by_blocks import Matrix, answers, baselines, block_arguments, examples, learnt
from harness import Result, data_folder, finish, progress
from lineshaft.model.diagnosis import Vibration
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.tasks.diagnose import mean_recall
from monitor_files import members

SAMPLES = 1024
NAMES = ("healthy", "broken tooth")
SENSORS = ("a1", "a2", "a3", "a4")
VIBRATION = Vibration(SAMPLES, 1.0, len(SENSORS))
SEARCH_S = 360.0
PROTOCOL = ("learnt at every second load, tested at the loads between; blocks of 1,024 rows; chosen by leaving whole "
            "files out; baselines are scikit-learn on mean, deviation, least and greatest of each sensor")


def main() -> int:
    chosen = block_arguments(__doc__, SEARCH_S)
    files = read(data_folder(chosen.data))
    loads = sorted({load for _, load in files})
    teach, test = (pooled(files, set(loads[start::2])) for start in (0, 1))
    if teach is None or test is None:
        sys.exit(f"{chosen.data}: healthy and broken at two loads each are the fewest; pass --data with these files")
    given = examples(teach[0], teach[1], teach[2], NAMES, SENSORS)
    fitted = learnt(given, VIBRATION, chosen.seconds, chosen.learner)
    progress(fitted.why)
    kind, said = test[1], answers(fitted.graph, test[0]).argmax(axis=1)
    beside = {name: mean_recall(kind, told) for name, told in
              baselines(teach[0], teach[1], test[0], len(SENSORS)).items()}
    rows = np.arange(len(kind)) // 8  # blocks of eight neighbours are drawn together
    parts = [np.flatnonzero(rows == part) for part in np.unique(rows)]
    low, high = bootstrap(lambda places: mean_recall(*(column[np.concatenate([parts[p] for p in places])]
                                                       for column in (kind, said))), len(parts))
    figures = {"balanced_accuracy": mean_recall(kind, said), "seeds": 1, "ci_low": low, "ci_high": high,
               "baseline_best": max(beside.values()), "learner": fitted.learner,
               "by_load": {f"{load}": mean_recall(kind[test[3] == load], said[test[3] == load])
                           for load in np.unique(test[3]).tolist()}}
    finish(Result("gearbox", PROTOCOL, figures, {"balanced_accuracy": "> baseline_best"}, beside), as_json=chosen.json)
    return 0


def read(folder: Path) -> dict[tuple[int, int], Matrix]:
    """Rows [T, 4] by class and load, of files called ``h30hzL`` and ``b30hzL``."""
    found = {}
    for name, content in members(folder):
        match = re.search(r"([hb])\d+hz(\d+)\.csv$", name)
        if match:
            lines = content.decode("utf-8").splitlines()
            places = [lines[0].split(",").index(sensor) for sensor in SENSORS]
            values = np.array([line.split(",") for line in lines[1:] if line], np.float64)
            found["hb".index(match[1]), int(match[2])] = values[:, places]
    if not found:
        sys.exit(f"{folder}: no file is called h30hzL.csv or b30hzL.csv; pass --data with the folder of these")
    return found


def pooled(files: Mapping[tuple[int, int], Matrix], loads: set[int]
           ) -> tuple[Matrix, np.ndarray, np.ndarray, np.ndarray] | None:
    """Blocks, class, file and load of all rows at these loads; None where a class is missing."""
    rows, kinds, groups, at = list[Matrix](), list[int](), list[int](), list[int]()
    for number, ((kind, load), values) in enumerate(sorted(files.items())):
        if load in loads:
            count = len(values) // SAMPLES
            rows.append(values[:count * SAMPLES].reshape(count, SAMPLES, -1).transpose(0, 2, 1).reshape(count, -1))
            kinds += [kind] * count
            groups += [number] * count
            at += [load] * count
    if len(set(kinds)) < len(NAMES):
        return None
    return np.vstack(rows), np.array(kinds, np.int64), np.array(groups, np.int32), np.array(at, np.int64)


if __name__ == "__main__":
    sys.exit(main())
