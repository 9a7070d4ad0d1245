"""Recall with made examples, each way against none; and the faults of the demo plant, where a simulator is a way.

The "real" runs are the demo plant's too: of other seeds, so another noise, mode and moment, and of other severities
(0.6 to 0.9) than the simulator plays (0.4 to 1.0). No simulator is as like its plant as here, so a second one, whose
process runs a quarter faster, stands for one that is a little wrong. One real run a class teaches, two judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from harness import Result, finish, progress
from lineshaft.app.simulator import DemoSimulator
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.model.blocks.imported import Masked, Statistics, Windowed
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.evaluate.splits import Fold
from lineshaft.model.examples import Examples
from lineshaft.model.head import heads
from lineshaft.model.pipeline import Block, run_spans
from lineshaft.model.scarce.augment import NONE, Way, augmented, methods
from lineshaft.model.scarce.simulated import simulated
from lineshaft.model.supervised import Candidate, Matrix, fit, predict

WINDOW = 20
TEACHING, JUDGING = 1, 2
REAL = DemoSimulator(ticks=60, severity=(0.6, 0.9))
SIMULATOR = DemoSimulator(ticks=60)
WRONG = DemoSimulator(ticks=60, speed=12.5)


def ways() -> dict[str, Way | None]:
    """None first, and every method that needs nothing but the examples."""
    return {NONE: None, **{name: partial(augmented, method=name) for name in methods()}}


def candidate(classes: int, seed: int) -> Candidate:
    head = heads("class")["forest"]

    def front() -> list[Block]:
        return [Masked(), Windowed(WINDOW), Statistics(("mean", "std", "slope"))]

    return Candidate("forest", "statistics", front, partial(head, classes, "class", None, seed))


def recalls(given: Examples, fold: Fold, way: Way | None, seed: int) -> Matrix:
    """Recall of each class on the rows that judge. Rows before a window is full teach nothing."""
    cold = WINDOW - 1
    grown, teaching = (given, fold.fit) if way is None else way(given, fold.fit, copies=4, seed=seed, cold=cold)
    age = np.concatenate([np.arange(stop - start) for start, stop in run_spans(grown.dataset.run)])
    teaching = teaching & (age >= cold)
    value = predict(fit(candidate(len(given.names), seed), grown, teaching, execute), given, execute)
    truth, said = given.target[fold.judge, 0], value[fold.judge].argmax(axis=1)
    return np.array([(said[truth == k] == k).mean() for k in range(len(given.names))])


def real(names: Sequence[str], seed: int) -> tuple[Examples, Fold]:
    """Runs of each fault that no simulator gave, and which rows of them teach and judge."""
    runs = [REAL.runs(name, 1_000_000 * (seed + 1) + 1000 * kind + take)
            for kind, name in enumerate(names) for take in range(TEACHING + JUDGING)]
    run = np.repeat(np.arange(len(runs)), [len(one) for one in runs]).astype(np.int32)
    values = np.concatenate([np.where(one.good, one.values, np.nan) for one in runs])
    dataset = Dataset.of(values, runs[0].tags, period_ns=runs[0].period_ns, run=run)
    target = (run // (TEACHING + JUDGING))[:, None].astype(float)
    age = np.concatenate([np.arange(len(one)) for one in runs])
    teaches = run % (TEACHING + JUDGING) < TEACHING
    return Examples(dataset, target, run, tuple(names)), Fold(teaches, ~teaches & (age >= WINDOW))


def plant(faults: int, seeds: Sequence[int], as_json: bool) -> int:
    """The table for the demo plant."""
    names = REAL.faults[:faults + 1] if faults else REAL.faults
    every: Mapping[str, Way | None] = {**ways(), "simulator": partial(simulated, simulator=SIMULATOR),
                                       "simulator_wrong": partial(simulated, simulator=WRONG)}
    given = {seed: real(names, seed) for seed in seeds}
    found = dict[str, Matrix]()
    for name, way in every.items():
        found[name] = np.stack([recalls(*given[seed], way, seed) for seed in seeds])
        progress(f"{name}: mean recall {found[name].mean():.3f} "
                 f"({', '.join(f'{v:.3f}' for v in found[name].mean(axis=1))})")
    gain = (found["simulator"] - found[NONE]).mean(axis=0)
    low, high = bootstrap(lambda places: float(gain[places].mean()), len(gain))
    figures = {**{name: float(recall.mean()) for name, recall in found.items()}, "simulator_gain": float(gain.mean()),
               "seeds": len(seeds), "ci_low": low, "ci_high": high}
    finish(Result("scarce_plant", "demo plant, one run of 6 s a class teaches, two judge, of other seeds and strengths "
                  f"than the simulator's; windows of {WINDOW}; mean recall over {len(names)} classes and {len(seeds)} "
                  "seeds; interval of simulator_gain over classes", figures, {"simulator_gain": "> 0"},
                  {"always the same class": 1.0 / len(names)}), as_json=as_json)
    return 0
