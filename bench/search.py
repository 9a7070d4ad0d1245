"""The default search: how long it takes on each data set, what it tries and what it recommends, and what racing loses.

    python bench/search.py --data ../shared/data --rows search.json --json
    python bench/search.py --data ../shared/data --sets cmapss --rows search.json --json

Each set goes through what ``lineshaft model train`` runs: one child process, ten minutes, target pc; a monitor tries
each of its learners once in the same time. On the smallest set with folds every candidate of the race, settings too, is
then judged on all folds: the loss of racing is how much more the recommended one loses there than the best of all. A
set that fails is a row with its reason. With ``--rows`` each row is in that file as soon as it is there; sets of an
earlier call that are in it are taken from it, unless ``--sets`` names them.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import searched
from harness import Result, arguments, data_folder, finish, progress
from lineshaft.app import flow
from lineshaft.app.recipe import Recipe
from lineshaft.app.searching import Searching, Wanted
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.search.board import Row
from lineshaft.model.search.job import Job
from lineshaft.model.search.judge import Judge
from lineshaft.model.search.limits import DEFAULT_S
from lineshaft.model.search.race import NAIVE

Given = tuple[Learning, Examples]
Watched = tuple[Dataset, NDArray[np.bool_]]
Line = dict[str, Any]
FAILED = "failed"
PROTOCOL = ("lineshaft model train's search with its defaults, one child process, measured on target pc; seconds from "
            "the examples to the measured model, without reading files and packing; figures are validation losses on "
            "folds of the training data (a monitor's: 1 less its merit on injected faults), no test data is read")


def main() -> int:
    chosen = _chosen()
    folder = data_folder(chosen.data)
    there = [one.name for one in pkgutil.iter_modules(searched.__path__) if (folder / one.name).is_dir()]
    wanted = [name for name in there if not chosen.sets or name in chosen.sets]
    if not wanted:
        sys.exit(f"{folder}: none of the sets of bench/searched is there")
    found = _kept(chosen.rows)
    for name in wanted:
        if chosen.sets or name not in found:
            found[name] = row_of(name, folder / name, chosen.seconds, chosen.learner)
            _keep(chosen.rows, found)
    racing = raced(found, folder, chosen.learner, chosen.racing)
    ended = [one["seconds"] for one in found.values() if "seconds" in one]
    figures = {"slowest_s": max(ended, default=None), "sets": len(found), "sets_failed": len(found) - len(ended),
               **found, **({"racing": racing} if racing else {}), "seeds": 1}
    finish(Result("search", PROTOCOL, figures, {"slowest_s": f"< {chosen.seconds:.0f}", "sets_failed": "0"}),
           as_json=chosen.json)
    return 0


def _chosen() -> Any:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder with one folder a data set")
    parser.add_argument("--sets", nargs="*", help="names of sets; all that are there unless said")
    parser.add_argument("--learner", default="auto", help="one learner instead of all")
    parser.add_argument("--seconds", type=float, default=DEFAULT_S, help="the time of each search")
    parser.add_argument("--rows", type=Path, help="a file that keeps the rows of the sets, over several calls")
    parser.add_argument("--racing", default="", metavar="SET",
                        help="the set on which racing is judged (the smallest of this call unless said), or none")
    return parser.parse_args()


def row_of(name: str, folder: Path, seconds: float, learner: str) -> Line:
    """What a search of the set took and found; one that fails says why, and the others go on."""
    begun = time.perf_counter()
    try:
        given = importlib.import_module(f"searched.{name}").given(folder)
        monitor = isinstance(given[0], Dataset)
        found = watched(name, given, seconds) if monitor else search(name, given, seconds, learner)
    except (Exception, SystemExit) as problem:  # noqa: BLE001  # whatever one set raises is its own row
        progress(f"{name}: {problem}")
        return {FAILED: f"{type(problem).__name__}: {problem}", "after_s": time.perf_counter() - begun}
    progress(f"{name}: {found['seconds']:.0f} s; {found['recommended']}")
    return found


def search(name: str, given: Given, seconds: float, learner: str) -> Line:
    """One search from nothing."""
    learning, examples = given
    recipe = Recipe(name, examples.dataset.period_ns, learner=learner, task=str(learning.task))
    measured = flow.measuring(examples.dataset, examples.known, recipe)
    with tempfile.TemporaryDirectory() as scratch:
        begun = time.perf_counter()
        searching = Searching(Path(scratch), name, Wanted(seconds))
        fitted = searching.choose(learning, examples, recipe, measured)
        spent = time.perf_counter() - begun
    rows, board = searching.board.rows, searching.board
    naive = min((row.loss for row in rows if row.name.startswith(NAIVE)), default=None)
    return {"seconds": spent, "task": str(learning.task), "rows": len(examples), "tags": len(examples.dataset.tags),
            "judgements": board.done, "judged_in_full": sum(len(row.losses) == board.folds for row in rows),
            "not_reached": sum(row.state == "waiting" for row in rows), "naive_loss": naive,
            **_of(rows, fitted.learner)}


def watched(name: str, given: Watched, seconds: float) -> Line:
    """A monitor of normal rows, each of its learners tried."""
    dataset, normal = given
    recipe = Recipe(name, dataset.period_ns)
    with tempfile.TemporaryDirectory() as scratch:
        begun = time.perf_counter()
        searching = Searching(Path(scratch), name, Wanted(seconds))
        monitor = flow.learn(dataset, normal, recipe, measure=flow.measuring(dataset, normal, recipe),
                             heard=searching.heard, left=searching.left)
        spent = time.perf_counter() - begun
    return {"seconds": spent, "task": "monitor", "rows": int(normal.sum()), "tags": len(dataset.tags),
            "naive_loss": None, **_of(searching.board.rows, monitor.learner)}


def _of(rows: tuple[Row, ...], recommended: str) -> Line:
    """What the rows of a leaderboard say."""
    own = next(row for row in rows if row.name == recommended)
    return {"candidates": len(rows), "failed_candidates": sum(row.state == "failed" for row in rows),
            "recommended": recommended, "loss": own.loss, "step_p99_ns": own.cost.p99_ns if own.cost else 0,
            "memory_bytes": own.cost.memory_bytes if own.cost else 0}


def raced(found: Mapping[str, Line], folder: Path, learner: str, told: str) -> Line | None:
    """All candidates of the smallest set (or the one that was named) on all folds, beside the one recommended."""
    able = [name for name, one in found.items() if "judgements" in one and (folder / name).is_dir()]
    if not able or told == "none":
        return None
    name = told or min(able, key=lambda name: found[name]["rows"] * found[name]["tags"])
    if name not in able:
        return {FAILED: f"{name} was not searched"}
    given = importlib.import_module(f"searched.{name}").given(folder / name)
    return racing(name, given, learner, str(found[name]["recommended"]))


def racing(name: str, given: Given, learner: str, recommended: str) -> Line:
    """Every candidate's mean loss over all folds."""
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


def _kept(path: Path | None) -> dict[str, Line]:
    return dict(json.loads(path.read_text("utf-8"))) if path is not None and path.exists() else {}


def _keep(path: Path | None, found: Mapping[str, Line]) -> None:
    if path is not None:
        part = path.with_name(f"{path.name}.part")
        part.write_text(json.dumps(found, default=float, indent=1), "utf-8")
        part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
