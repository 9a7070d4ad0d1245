"""A plant with three operating modes that nobody named: one monitor for all of them against one for each.

    python bench/modes.py --json

Made data. In each mode the tags stand at other levels and go together in another way; a change takes some ticks. Both
monitors learn from the same normal run and are what a user gets; only ``mode-learner`` differs. False alarms are
counted on a normal run that taught nothing; faults happen inside one stay of one mode: a tag loses its relation to
the others but keeps level and spread, or is off by three of its deviations in that mode. Fault runs and the normal run
are drawn once for each seed, after training; nothing was chosen on them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness import Result, arguments, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.finding import AUTO, ONE
from lineshaft.model.train import Monitor, train_monitor

Matrix = NDArray[np.float64]
TAGS, MODES, CAUSES = 8, 3, 2
LAG = 5.0  # ticks: time constant of a change
STAY = 300
FAULT = 3.0  # deviations
KINDS = ("relation", "offset")
WAYS = {"one": ONE, "per_mode": AUTO}


@dataclass(frozen=True)
class Plant:
    """Levels [3, C] and how the hidden causes move the tags [3, 2, C]."""

    levels: Matrix
    mixing: Matrix

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Plant:
        return cls(10.0 * random.normal(size=(MODES, TAGS)), random.normal(size=(MODES, CAUSES, TAGS)))

    def run(self, modes: NDArray[np.intp], random: np.random.Generator) -> Matrix:
        """[T, C] of a course of modes [T]."""
        causes = random.normal(size=(len(modes), CAUSES))
        moved = np.einsum("tk,tkc->tc", causes, self.mixing[modes]) + 0.3 * random.normal(size=(len(modes), TAGS))
        level = self.levels[modes].copy()
        for tick in range(1, len(modes)):
            level[tick] = level[tick - 1] + (self.levels[modes[tick]] - level[tick - 1]) / LAG
        return np.asarray(level + moved, np.float64)

    def spread(self, mode: int) -> Matrix:
        """Deviation of each tag in a mode."""
        return np.asarray(np.sqrt((self.mixing[mode] ** 2).sum(axis=0) + 0.09), np.float64)


def course(stays: int, random: np.random.Generator, stay: int = STAY) -> NDArray[np.intp]:
    """So many stays, each mode as often as the others, none twice in a row."""
    order = [(place + place // MODES) % MODES if stays > MODES else place for place in range(stays)]
    kept = [one for place, one in enumerate(order) if not place or one != order[place - 1]]
    return np.repeat(kept, random.integers(stay - 50, stay + 50, len(kept)))


def fault(plant: Plant, mode: int, tag: int, kind: str, random: np.random.Generator) -> tuple[Matrix, int, int]:
    """A run with a fault, and the ticks from which to which it lasts."""
    modes = np.repeat([(mode + 1) % MODES, mode], STAY)
    values = plant.run(modes, random)
    onset, last = STAY + 120, len(modes)
    if kind == "offset":
        values[onset:, tag] += FAULT * plant.spread(mode)[tag]
    else:
        values[onset:, tag] = plant.levels[mode, tag] + plant.spread(mode)[tag] * random.normal(size=last - onset)
    return values, onset, last


def alarms(monitor: Monitor, values: Matrix) -> NDArray[np.bool_]:
    x = values.astype(np.float32)
    return np.asarray(Replay(monitor.graph, execute)(x, np.ones_like(x))["alarm"][:, 0] > 0)


def judged(monitor: Monitor, plant: Plant, normal: Matrix, faults: list[tuple[Matrix, int, int]]
           ) -> tuple[float, Matrix]:
    """False-alarm rate, and for each fault the share of its ticks that alarm while none did before."""
    found = [alarms(monitor, values)[onset:last].mean() for values, onset, last in faults]
    return float(alarms(monitor, normal).mean()), np.array(found)


def one_seed(seed: int, learner: str, stays: int) -> dict[str, tuple[float, Matrix]]:
    random = np.random.default_rng(seed)
    plant = Plant.drawn(random)
    teaching = plant.run(course(stays, random), random)
    dataset = Dataset.of(teaching, tuple(Tag(f"t{place}") for place in range(TAGS)))
    monitors = {way: train_monitor(dataset, np.ones(len(teaching), np.bool_), execute, learner=learner, modes=modes)
                for way, modes in WAYS.items()}
    normal = plant.run(course(2 * MODES, random), random)
    faults = [fault(plant, mode, int(tag), kind, random) for mode in range(MODES) for kind in KINDS
              for tag in random.permutation(TAGS)[:2]]
    found = {way: judged(monitor, plant, normal, faults) for way, monitor in monitors.items()}
    for way, monitor in monitors.items():
        progress(f"seed {seed}, {way}: {monitor.modes} modes, {monitor.learner}, rests {monitor.settle} ticks; found "
                 f"{found[way][1].mean():.3f}, FAR {found[way][0]:.4f}")
    return found


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--learner", default="auto")
    parser.add_argument("--stays", type=int, default=12, help="of the run that teaches, about 300 ticks each")
    chosen = parser.parse_args()
    each = [one_seed(seed, chosen.learner, chosen.stays) for seed in range(chosen.seeds)]
    found = {way: np.concatenate([one[way][1] for one in each]) for way in WAYS}
    gain = np.array([one["per_mode"][1].mean() - one["one"][1].mean() for one in each])
    low, high = bootstrap(lambda drawn: float(gain[drawn].mean()), len(gain))
    figures = {"gain": float(gain.mean()), "ci_low": low, "ci_high": high, "seeds": chosen.seeds,
               **{f"found_{way}": float(shares.mean()) for way, shares in found.items()},
               **{f"far_{way}": float(np.mean([one[way][0] for one in each])) for way in WAYS},
               **{f"{kind}_{way}": float(shares.reshape(-1, len(KINDS), 2)[:, place].mean())
                  for way, shares in found.items() for place, kind in enumerate(KINDS)}}
    finish(Result("modes", "made plant of 3 unnamed modes, 12 faults a seed, share of fault ticks that alarm; gain of "
                  "per_mode over one for all, interval over seeds; false alarms on another normal run", figures,
                  {"gain": "> 0", "far_per_mode": "< 0.02"}), as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
