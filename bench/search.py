"""The default search: how long it takes on each data set, what it tries and what it recommends, and what racing loses.

Each set goes through what ``lineshaft model train`` runs: one child process, ten minutes, target pc. On the smallest
set every candidate of the race, settings too, is then judged on all folds: the loss of racing is how much more the
recommended one loses there than the best of all.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tempfile
import time
from pathlib import Path

import searched
from harness import Result, arguments, data_folder, finish, progress
from lineshaft.app import flow
from lineshaft.app.recipe import Recipe
from lineshaft.app.searching import Searching, Wanted
from lineshaft.backend.onnxruntime import execute
from lineshaft.model.answer import Fitted
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.search.job import Job
from lineshaft.model.search.judge import Judge
from lineshaft.model.search.limits import DEFAULT_S
from lineshaft.model.search.race import NAIVE

Given = tuple[Learning, Examples]
PROTOCOL = ("lineshaft model train's search with its defaults, one child process, measured on target pc; figures are "
            "validation losses on folds of the training data, no test data is read")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder with one folder a data set")
    parser.add_argument("--sets", nargs="*", help="names of sets; all that are there unless said")
    parser.add_argument("--learner", default="auto", help="one learner instead of all")
    parser.add_argument("--seconds", type=float, default=DEFAULT_S, help="the time of each search")
    chosen = parser.parse_args()
    folder = data_folder(chosen.data)
    names = [one.name for one in pkgutil.iter_modules(searched.__path__)
             if (folder / one.name).is_dir() and (not chosen.sets or one.name in chosen.sets)]
    if not names:
        sys.exit(f"{folder}: none of the sets of bench/searched is there")
    taken: dict[str, Given] = {name: importlib.import_module(f"searched.{name}").given(folder / name)
                               for name in names}
    found = {name: search(name, taken[name], chosen.seconds, chosen.learner) for name in names}
    least = min(taken, key=lambda name: len(taken[name][1]))
    figures = {"slowest_s": max(float(str(one["seconds"])) for one in found.values()), **found,
               "racing": racing(least, taken[least], chosen.learner, str(found[least]["recommended"])), "seeds": 1}
    finish(Result("search", PROTOCOL, figures, {"slowest_s": "< 600"}), as_json=chosen.json)
    return 0


def search(name: str, given: Given, seconds: float, learner: str) -> dict[str, object]:
    """One search from nothing."""
    learning, examples = given
    with tempfile.TemporaryDirectory() as scratch:
        searching = Searching(Path(scratch), name, Wanted(seconds))
        recipe = Recipe(name, examples.dataset.period_ns, learner=learner, task=str(learning.task))
        measured = flow.measuring(examples.dataset, examples.known, recipe)
        begun = time.perf_counter()
        fitted: Fitted = searching.choose(learning, examples, recipe, measured)
        spent = time.perf_counter() - begun
    rows = searching.board.rows
    progress(f"{name}: {spent:.0f} s; {fitted.why}")
    naive = min((row.loss for row in rows if row.name.startswith(NAIVE)), default=float("nan"))
    best = rows[0].cost
    return {"seconds": spent, "rows": len(examples), "tags": len(examples.dataset.tags), "candidates": len(rows),
            "judgements": searching.board.done, "judged_in_full": sum(len(r.losses) == searching.board.folds
                                                                      for r in rows),
            "failed": sum(row.state == "failed" for row in rows), "recommended": fitted.learner, "loss": rows[0].loss,
            "naive_loss": naive if naive == naive else None, "step_p99_ns": best.p99_ns if best else 0,
            "memory_bytes": best.memory_bytes if best else 0}


def racing(name: str, given: Given, learner: str, recommended: str) -> dict[str, object]:
    """All candidates on all folds, beside the one that the race recommends."""
    judge, begun = Judge(*given, execute), time.perf_counter()
    names = [one for one in judge.candidates if learner in ("auto", one.partition(" ")[0])]
    means: dict[str, float] = {}
    for number, candidate in enumerate(names):
        progress(f"{name}: judging all, {number + 1} of {len(names)}: {candidate}")
        outcomes = [judge(Job(candidate, fold)) for fold in range(len(judge.folds))]
        if not any(one.reason for one in outcomes):
            means[candidate] = sum(one.loss for one in outcomes) / len(outcomes)
    best = min(means, key=lambda one: means[one])
    return {"set": name, "best_of_all": best, "best_loss": means[best], "recommended": recommended,
            "recommended_loss": means[recommended], "lost": means[recommended] - means[best],
            "seconds_all": time.perf_counter() - begun}


if __name__ == "__main__":
    sys.exit(main())
