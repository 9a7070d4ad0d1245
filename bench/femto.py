"""FEMTO bearings (PHM 2012 challenge): remaining life at the challenge's cut, and a health index without labels.

    python bench/femto.py --data ../shared/data/femto --json

Learning bearings are numbers 1 and 2 of each operating condition, run to failure; the others are test bearings, used up
to the record after which the challenge cut them. The learner with the least error on the learning bearing that it did
not see is learnt from all of them. The health index is learnt from the starts of the learning bearings and judged on
whole runs. Two learning and two test bearings prove that the way from vibration to an answer works, and nothing about
how good it is: an error of 50 % is usual here, and no interval can be set from two lives.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Result, arguments, data_folder, finish, progress
from life_files import EVERY, INDICATORS, Bearing, femto
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.model.answer import Trial
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.examples import Examples
from lineshaft.model.health import learn_health, monotonicity, prognosability, trendability
from lineshaft.model.learning import tried
from lineshaft.model.pipeline import replay, run_spans
from lineshaft.model.supervised import Candidate, fit, predict
from lineshaft.model.tasks.prognose import Prognose

# The challenge's document: the record of 10 s after which each test bearing was cut.
CUTS = {"1_3": 1802, "1_4": 1139, "1_5": 2302, "1_6": 2302, "1_7": 1502, "2_3": 1202, "2_4": 612, "2_5": 2002,
        "2_6": 572, "2_7": 172, "3_3": 352}
RECORD_S = 10.0
LEARNING = ("_1", "_2")
TAGS = tuple(Tag(f"{direction}_{kind}") for direction in ("horizontal", "vertical") for kind in INDICATORS)
PROTOCOL = ("learnt from bearings _1 and _2 of each condition in the folder, the learner chosen by leaving each out in "
            "turn; one answer at the challenge's cut for each test bearing; error_percent = 100 (actual - predicted) / "
            "actual, negative is late; a set of this size proves that it runs and nothing else; the health index is "
            "judged on whole runs of all bearings")
Vector = NDArray[np.float64]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of the bearings")
    parser.add_argument("--learner", default="auto", help="one learner instead of the choice")
    chosen = parser.parse_args()
    bearings = femto(data_folder(chosen.data))
    learning = {name: b for name, b in bearings.items() if name.endswith(LEARNING)}
    tests = {name: b for name, b in bearings.items() if name in CUTS and b.records > CUTS[name]}
    if len(learning) < 2 or not tests:
        sys.exit(f"{chosen.data}: {len(learning)} learning and {len(tests)} test bearings are here, two and one are "
                 "the fewest; pass --data with a folder that has more")
    progress(f"learning {', '.join(learning)}, test {', '.join(tests)}")
    learner, value = remaining(learning, tests, chosen.learner)
    left = np.array([(b.records - CUTS[name]) * RECORD_S for name, b in tests.items()])
    figures = challenge(left, value) | {
        "predicted_s": dict(zip(tests, value.tolist(), strict=True)),
        "actual_s": dict(zip(tests, left.tolist(), strict=True)), "learner": learner, "seeds": 1,
        "health": health(learning, bearings)}
    finish(Result("femto", PROTOCOL, figures, {}, naive(learning, tests, left)), as_json=chosen.json)
    return 0


def remaining(learning: Mapping[str, Bearing], tests: Mapping[str, Bearing], learner: str) -> tuple[str, Vector]:
    """The learner that was chosen, and what it says of every test bearing at its cut, in seconds."""
    examples = lives(learning)
    task = Prognose()
    folds = task.folds(examples)
    candidates = [c for c in task.candidates(examples) if learner in ("auto", c.name.partition(" ")[0])]
    trials = [tried(task, candidate, examples, folds, execute) for candidate in candidates]
    for trial in trials:
        progress(f"{trial.name}: {trial.reason or f'{trial.loss * EVERY * RECORD_S:.0f} s'}")
    candidate = _best(candidates, trials)
    pipeline = fit(candidate, examples, examples.known, execute)
    cut = lives({name: Bearing(b.until(CUTS[name]), b.records) for name, b in tests.items()})
    said = predict(pipeline, cut, execute)[:, 0]
    return candidate.name, np.array([said[stop - 1] for _, stop in run_spans(cut.dataset.run)]) * EVERY * RECORD_S


def _best(candidates: Sequence[Candidate], trials: Sequence[Trial]) -> Candidate:
    return candidates[min(range(len(trials)), key=lambda place: trials[place].loss)]


def lives(bearings: Mapping[str, Bearing]) -> Examples:
    """Runs with what each had left, in periods of 30 s."""
    parts = list(bearings.values())
    run = np.concatenate([np.full(len(b.indicators), i, np.int32) for i, b in enumerate(parts)])
    target = np.concatenate([(b.records - 1) / EVERY - np.arange(len(b.indicators)) for b in parts])
    dataset = Dataset.of(np.vstack([b.indicators for b in parts]), TAGS, period_ns=int(EVERY * RECORD_S * 1e9), run=run)
    return Examples(dataset, np.maximum(target, 0.0)[:, None], run, ("remaining life",))


def challenge(left: Vector, value: Vector) -> dict[str, Any]:
    """The challenge's score (1 is best) with each error in percent."""
    error = 100.0 * (left - value) / left
    marks = np.exp(np.log(0.5) * np.where(error <= 0, -error / 5.0, error / 20.0))
    low, high = bootstrap(lambda places: float(marks[places].mean()), len(marks))
    return {"score": float(marks.mean()), "error_percent_mean": float(np.abs(error).mean()),
            "error_percent": [float(e) for e in error], "ci_low": low, "ci_high": high}


def naive(learning: Mapping[str, Bearing], tests: Mapping[str, Bearing], left: Vector) -> dict[str, Any]:
    """The mean life less the age, and the mean of what learning bearings had left."""
    life = float(np.mean([b.records for b in learning.values()])) * RECORD_S
    age = np.array([CUTS[name] for name in tests]) * RECORD_S
    return {"mean life less age": challenge(left, np.maximum(life - age, RECORD_S)),
            "half the mean life": challenge(left, np.full(len(left), life / 2))}


def health(learning: Mapping[str, Bearing], bearings: Mapping[str, Bearing]) -> dict[str, Any]:
    """The index learnt from the starts of the learning bearings, over every run."""
    pipeline = learn_health(lives(learning).dataset, execute)
    whole = lives(bearings).dataset
    said = replay(pipeline, whole, ("health",), execute)["health"][:, 0].astype(np.float64)
    paths = [said[start:stop] for start, stop in run_spans(whole.run)]
    return {"monotonicity": float(np.mean([monotonicity(path) for path in paths])), "trendability": trendability(paths),
            "prognosability": prognosability(paths),
            "at_end": dict(zip(bearings, (float(path[-1]) for path in paths), strict=True))}


if __name__ == "__main__":
    sys.exit(main())
