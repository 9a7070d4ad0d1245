"""Tennessee Eastman (Braatz set): does a diagnosis say "I do not know" of a fault that it was never taught?

    python bench/unknown.py --data ../shared/data/tep --json

Every third fault is left out in turn: learnt from all other classes, then asked about the test run of the one that is
missing, and about those of the classes that it knows. What says so is the output ``known`` of the step graph, whose
limit comes from held-out rows of the known classes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harness import Result, arguments, data_folder, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.replay import Replay
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.learning import train
from lineshaft.model.tasks.diagnose import Diagnose
from monitor_files import Matrix, tep
from tep_diagnose import HARD, ONSET, examples

SET = "tep"
EVERY, LEARNER = 3, "dynamics"
PROTOCOL = ("each third fault (3, 9 and 15 apart) left out in turn; judged ticks of test runs whose whole window lies "
            "after the onset; unknown_rejected: of the fault never taught, known is 0; known_accepted: of the taught "
            "ones, known is 1; naive: rejects at random as often as known ones are rejected; interval over faults")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of the Braatz files")
    parser.add_argument("--learner", default=LEARNER, help="the learner whose answers are judged")
    chosen = parser.parse_args()
    runs = tep(data_folder(chosen.data))
    kinds = [kind for kind in sorted(name[1:] for name in runs if len(name) == 3) if f"d{kind}_te" in runs]
    left_out = [kind for kind in kinds if kind != "00" and kind not in HARD][::EVERY]
    if len(kinds) < 4 or not left_out:
        sys.exit(f"{chosen.data}: fewer than four classes have a training and a test run (dNN.dat, dNN_te.dat)")
    found = {kind: without(kind, runs, kinds, chosen.learner) for kind in left_out}
    rejected = np.array([one[0] for one in found.values()])
    accepted = float(np.mean([one[1] for one in found.values()]))
    low, high = bootstrap(lambda drawn: float(rejected[drawn].mean()), len(rejected))
    figures = {"unknown_rejected": float(rejected.mean()), "known_accepted": accepted, "naive": 1.0 - accepted,
               "seeds": 1, "ci_low": low, "ci_high": high, "learner": chosen.learner,
               "rejected_by_fault": {kind: one[0] for kind, one in found.items()}}
    finish(Result("unknown", PROTOCOL, figures, {"unknown_rejected": "> naive"}), as_json=chosen.json)
    return 0


def without(kind: str, runs: Mapping[str, Matrix], kinds: list[str], learner: str) -> tuple[float, float]:
    """Share of the missing fault's ticks that are called unknown, and of the taught classes' ticks called known."""
    taught = [one for one in kinds if one != kind]
    fitted = train(Diagnose(), examples(runs, taught), execute, learner=learner)
    through = Replay(fitted.graph, execute)

    def known(run: str) -> NDArray[np.float32]:
        x = runs[f"d{run}_te"].astype(np.float32)
        return np.asarray(through(x, np.ones_like(x))["known"][ONSET + fitted.window:, 0])

    rejected = float((known(kind) < 0.5).mean())
    accepted = float(np.mean([(known(one) > 0.5).mean() for one in taught]))
    progress(f"without {kind}: {fitted.learner}, {rejected:.3f} of its ticks are unknown; {accepted:.3f} of the taught "
             "classes' are known")
    return rejected, accepted


if __name__ == "__main__":
    sys.exit(main())
