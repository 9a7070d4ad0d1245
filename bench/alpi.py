"""ALPI: which alarm codes a packaging machine will raise in the next eight hours, from those of the last day.

    python bench/alpi.py --data ../shared/data/alpi --json

The authors' windows and their split in time. Ridge on a bag of codes and the machine, one graph; the penalty and the
thresholds come from the last fifth of each machine's training windows, two days after the last that teaches.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import Result, arguments, data_folder, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.bag import Bag
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.examples import Examples
from lineshaft.model.head import heads
from lineshaft.model.pipeline import Pipeline, Seen, Wires, run_spans
from lineshaft.model.supervised import Candidate, fit, predict

NAME = "all_alarms.npz"
VALIDATES = 0.2
GAP = 48  # windows of an hour: longer than what an input and an output cover
FEWEST = 20  # windows with a code before it gets a threshold of its own
GRID = np.linspace(0.02, 0.8, 40)
Matrix = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True)
class Windows:
    """Codes in [N, T], the machine [N], and which of ``codes`` [K] came next [N, K]."""

    codes_in: NDArray[np.int32]
    machine: NDArray[np.int64]
    next: Truth


class Machine:
    """The machine's number as one feature each, behind those that there are."""

    reads: tuple[str, ...] = ("x",)

    def __init__(self, column: int) -> None:
        self.column, self.numbers = column, np.zeros(1)

    def fit(self, seen: Seen) -> None:
        self.numbers = np.unique(seen["x"][:, self.column]).astype(np.float64)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        apart = g.absolute(g.subtract(g.slice(wires["x"], self.column, self.column + 1), self.numbers))
        return {"features": g.concat([wires["features"], g.number(g.less(apart, 0.5))])}


def read(folder: Path) -> tuple[Windows, Windows, NDArray[np.int32]]:
    """Training and test windows, and the codes that come next in a training window: others are left out of both."""
    found = sorted(folder.rglob(NAME))
    if not found:
        sys.exit(f"{folder}: {NAME} is not here; pass --data with its folder")
    with np.load(found[0], allow_pickle=False) as file:
        parts = {name: file[name] for name in file.files}
    codes = np.unique(parts["y_train"])
    codes = codes[codes > 0]

    def windows(which: str) -> Windows:
        later = parts[f"y_{which}"]
        present = np.stack([(later == code).any(axis=1) for code in codes], axis=1)
        return Windows(parts[f"x_{which}"], parts[f"stratify_{which}"].astype(np.int64), present)

    return windows("train"), windows("test"), codes


def examples(windows: Windows) -> Examples:
    x = np.column_stack([windows.codes_in, windows.machine]).astype(np.float64)
    rows = np.arange(len(x), dtype=np.int32)
    dataset = Dataset.of(x, tuple(Tag(f"c{i}") for i in range(x.shape[1])), run=rows)
    return Examples(dataset, windows.next.astype(float), windows.machine.astype(np.int32), ())


def validating(windows: Windows) -> tuple[Truth, Truth]:
    """(teach, judge): of each machine's windows the last fifth judges, and two days before it are left out."""
    teach, judge = np.zeros(len(windows.machine), np.bool_), np.zeros(len(windows.machine), np.bool_)
    for start, stop in run_spans(windows.machine):
        cut = stop - round((stop - start) * VALIDATES)
        judge[cut:stop], teach[start:max(cut - GAP, start)] = True, True
    return teach, judge


def learn(given: Examples, rows: Truth, penalty: float) -> Pipeline:
    length, codes = len(given.dataset.tags) - 1, given.target.shape[1]
    head = heads("number")["ridge"]
    candidate = Candidate("ridge", "bag", lambda: (Bag(length), Machine(length)),
                          lambda: head(codes, "number", {"penalty": penalty}))
    return fit(candidate, given, rows, execute)


def f1(said: Truth, truth: Truth) -> tuple[float, float]:
    """(micro, macro over codes that occur)."""
    hit, wrong = (said & truth).sum(axis=0), (said ^ truth).sum(axis=0)
    each = 2 * hit / np.maximum(2 * hit + wrong, 1)
    occurs = truth.any(axis=0)
    return float(2 * hit.sum() / max(2 * hit.sum() + wrong.sum(), 1)), float(each[occurs].mean())


def thresholds(value: Matrix, truth: Truth) -> Matrix:
    """The one under which F1 is best: of each code that occurs often enough, of all codes together for the others."""
    together = GRID[int(np.argmax([f1(value >= t, truth)[0] for t in GRID]))]
    found = np.full(value.shape[1], together)
    for k in np.flatnonzero(truth.sum(axis=0) >= FEWEST).tolist():
        found[k] = GRID[int(np.argmax([f1(value[:, k:k + 1] >= t, truth[:, k:k + 1])[0] for t in GRID]))]
    return found


def frequency(train: Windows, test: Windows) -> Matrix:
    """How often each code came next at the test window's machine."""
    rate = {m: train.next[train.machine == m].mean(axis=0) for m in np.unique(train.machine).tolist()}
    overall = train.next.mean(axis=0)
    return np.stack([rate.get(m, overall) for m in test.machine.tolist()])


def again(windows: Windows, codes: NDArray[np.int32]) -> Truth:
    """The codes of the window itself once more."""
    return np.stack([(windows.codes_in == code).any(axis=1) for code in codes], axis=1)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of all_alarms.npz")
    chosen = parser.parse_args()
    train, test, codes = read(data_folder(chosen.data))
    given, (teach, judge) = examples(train), validating(train)
    trials = {}
    for penalty in (0.001, 0.01, 0.1):
        value = predict(learn(given, teach, penalty), given.rows(judge), execute)
        limits = thresholds(value, train.next[judge])
        trials[penalty] = (f1(value >= limits, train.next[judge])[0], limits)
        progress(f"penalty {penalty}: micro-F1 {trials[penalty][0]:.3f} in validation")
    best = max(trials, key=lambda penalty: trials[penalty][0])
    value = predict(learn(given, given.known, best), examples(test), execute)
    said = value >= trials[best][1]
    micro, macro = f1(said, test.next)
    machines = np.unique(test.machine)
    low, high = bootstrap(lambda places: f1(*_drawn(said, test, machines[places]))[0], len(machines), draws=200)
    known = frequency(train, train)
    usual = frequency(train, test) >= thresholds(known[judge], train.next[judge])
    base = {"codes again": f1(again(test, codes), test.next), "machine's frequency": f1(usual, test.next)}
    figures = {"micro_f1": micro, "macro_f1": macro, "ci_low": low, "ci_high": high, "seeds": 1, "penalty": best,
               "baseline_best": max(pair[0] for pair in base.values()), "codes": test.next.shape[1]}
    finish(Result("alpi", "the authors' split in time; thresholds and penalty from the last fifth of the training "
                  "windows of each machine; the model has no random part; interval by drawing machines", figures, {},
                  {name: {"micro_f1": pair[0], "macro_f1": pair[1]} for name, pair in base.items()}),
           as_json=chosen.json)
    return 0


def _drawn(said: Truth, test: Windows, machines: NDArray[np.int64]) -> tuple[Truth, Truth]:
    rows = np.concatenate([np.flatnonzero(test.machine == m) for m in machines])
    return said[rows], test.next[rows]


if __name__ == "__main__":
    sys.exit(main())
