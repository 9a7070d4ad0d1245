"""Scarce faults: what made examples are worth, each way against none, on the Tennessee Eastman set.

    python bench/scarce.py --data ../shared/data --json
    python bench/scarce.py --data ../shared/data --task plant --json

Of each training run (d00 to d21) only the first 60 samples teach. Windows of 20 samples, their means, deviations and
slopes, random trees; the test runs judge after their fault. Nothing was chosen: every way has one setting. The task
``plant`` takes the faults of the demo plant instead, whose simulator is one more way (``scarce_plant.py``).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from harness import Result, arguments, data_folder, finish, progress
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.evaluate.splits import Fold
from lineshaft.model.examples import Examples
from lineshaft.model.scarce.augment import NONE
from monitor_files import tep
from scarce_plant import WINDOW, plant, recalls, ways

SET = "tep"
TEACHING = 60
ONSET = 160
SEEDS = 3
OTHER_TASK = "plant"


def examples(folder: Path) -> tuple[Examples, Fold]:
    """Every run of the set, its class the number of its fault; which rows teach and which judge."""
    runs = sorted(tep(folder).items())
    values = [run[:TEACHING] if not name.endswith("_te") else run for name, run in runs]
    number = np.repeat(np.arange(len(runs)), [len(v) for v in values]).astype(np.int32)
    kind = np.array([int(name[1:3]) for name, _ in runs])[number]
    within = np.concatenate([np.arange(len(v)) for v in values])
    test = np.array([name.endswith("_te") for name, _ in runs])[number]
    whole = np.concatenate(values)
    dataset = Dataset.of(whole, tuple(Tag(f"v{i + 1:02d}") for i in range(whole.shape[1])), run=number)
    kinds, code = np.unique(kind, return_inverse=True)
    names = tuple(f"fault {k}" if k else "normal" for k in kinds.tolist())
    judged = test & (within >= ONSET + WINDOW)
    return Examples(dataset, code[:, None].astype(float), number, names), Fold(~test, judged)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of all data sets, or of the Braatz files")
    parser.add_argument("--task", choices=("sets", OTHER_TASK), default="sets")
    parser.add_argument("--faults", type=int, default=0, help="of the demo plant, the first so many (all if 0)")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    chosen = parser.parse_args()
    if chosen.task == OTHER_TASK:
        return plant(chosen.faults, range(chosen.seeds), chosen.json)
    folder = data_folder(chosen.data)
    given, fold = examples(folder / "tep" if (folder / "tep").is_dir() else folder)
    figures: dict[str, object] = {}
    for method, way in ways().items():
        found = np.stack([recalls(given, fold, way, seed) for seed in range(chosen.seeds)])
        figures[method] = float(found.mean())
        progress(f"{method}: mean recall {found.mean():.3f} ({', '.join(f'{v:.3f}' for v in found.mean(axis=1))})")
        if method == NONE:
            each = found.mean(axis=0)
    low, high = bootstrap(lambda places: float(each[places].mean()), len(each))
    figures |= {"seeds": chosen.seeds, "ci_low": low, "ci_high": high}
    finish(Result("scarce", f"first {TEACHING} samples of each training run teach, windows of {WINDOW}, test runs "
                  "after their fault judge; mean recall over classes and seeds; interval of 'none' over classes",
                  figures, {}, {"always the same class": 1.0 / len(given.names)}), as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
