"""How long learning and deciding take beside the peers of each task, as ratios: ours over theirs, under 1 is faster.

    LINESHAFT_PEERS=/path/to/python python bench/speed.py --data ../shared/data --json

For each task made data (2,000 rows of 8 tags with a seed) and, where ``--data`` has it, one shared set. A learner of
ours stands beside a peer of its class with the peer's defaults. Ours and the peers learn and decide in turns, round
after round, one thread each; medians over the rounds, the first left out where there are more. A decision is one row,
as beside a machine: ours is a step of the whole graph (value, interval, cause, alarm) on ONNX Runtime, theirs the call
that takes the newest row. ``learn`` is the learner itself, ``whole`` with its tail and held-out figures (a monitor's
learning has both). scikit-learn runs in this process; what is not installed here runs in the interpreter that
``LINESHAFT_PEERS`` names, and says "not installed" where there is none.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from beside import speed as beside
from harness import Result, arguments, data_folder, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import LineshaftError, UsageError
from lineshaft.core.tag import Tag
from lineshaft.model.answer import WITH_VALUE
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning, learnt
from lineshaft.model.stream import STREAM
from lineshaft.model.supervised import fit
from lineshaft.model.tasks.diagnose import Diagnose
from lineshaft.model.tasks.forecast import Forecast
from lineshaft.model.tasks.infer import Infer
from lineshaft.model.tasks.segment import Segment
from lineshaft.model.train import train_monitor
from peers import Talking
from soft_sensor import step_seconds
from speed_data import Case, cases

TOTAL_S, MOST_ROUNDS, DECISIONS, LONGEST_S = 480.0, 7, 50, 120.0
HERE = "scikit-learn"
PAIRS: Mapping[str, Mapping[str, str]] = {
    "monitor": {"pyod PCA": "pca", "pyod IForest": "forest", "pyod KNN": "neighbours", "river HalfSpaceTrees": STREAM},
    "forecast": {"mlforecast Ridge": "ridge", "mlforecast LightGBM": "trees", "statsforecast AutoETS": "smoothing",
                 "statsforecast AutoARIMA": "arima"},
    "diagnose": {"scikit-learn RandomForest": "statistics 100 forest", "aeon MiniRocket": "convolution 100"},
    "infer": {"scikit-learn Ridge": "ridge now", "scikit-learn RandomForest": "forest now",
              "scikit-learn HistGradientBoosting": "trees now", "scikit-learn PLS": "pls now"},
    "segment": {"scikit-learn KMeans": "kmeans", "scikit-learn GaussianMixture": "mixture"}}
"""Of each task the peers, and the learner of ours that stands beside each."""
Line = dict[str, Any]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", help="the folder with one folder a data set; made data alone without it")
    parser.add_argument("--tasks", nargs="*", choices=list(PAIRS), default=list(PAIRS))
    parser.add_argument("--rows", type=int, default=2000, help="of the made data, and the most of a shared set")
    parser.add_argument("--seconds", type=float, default=TOTAL_S, help="for all, about")
    chosen = parser.parse_args()
    folder = data_folder(chosen.data) if chosen.data else None
    found = [case for task in chosen.tasks for case in cases(task, chosen.rows, folder)]
    figures: Line = {}
    for number, case in enumerate(found):
        each = max(chosen.seconds - sum(one["seconds"] for one in figures.values()), 0.0) / (len(found) - number)
        with threadpool_limits(1):
            figures[f"{case.task} {case.name}"] = compared(case, each)
    finish(Result("speed", f"{chosen.rows} made rows of 8 tags (seed 0), at most so many of a shared set; medians of "
                  "rounds in turns; ratios are ours over the peer's, of the same class of learner; ours decides with "
                  "interval, cause and alarm, theirs says a value", {**medians(figures), **figures, "seeds": 1},
                  {f"{task}_decide_ratio": "< 1" for task in chosen.tasks}), as_json=chosen.json)
    return 0


def compared(case: Case, seconds: float) -> Line:
    """All pairs of one case in ``seconds``, about."""
    begun = time.perf_counter()
    pairs = PAIRS[case.task]
    lines: Line = {}
    for number, (peer, own) in enumerate(pairs.items()):
        left = seconds - (time.perf_counter() - begun)
        lines[peer] = (pair(case, own, peer, left / (len(pairs) - number)) if left > 0.0
                       else {"ours": own, "why": "no time left"})
        progress(f"{case.task}, {case.name}: {own} beside {peer}: {lines[peer]}")
    return {"rows": len(case.x), "tags": case.x.shape[1], "pairs": lines, "seconds": time.perf_counter() - begun}


@dataclass
class Times:
    """Seconds of each round."""

    learn: list[float] = field(default_factory=list)
    decide: list[float] = field(default_factory=list)

    def told(self) -> tuple[float, float]:
        """Medians; the first round warms up where there are more."""
        return median(self.learn[1:] or self.learn), median(self.decide[1:] or self.decide)


def pair(case: Case, own: str, peer: str, seconds: float) -> Line:
    """Ours and the peer in turns, until the time is over."""
    begun = time.perf_counter()
    try:
        ours = OURS[case.task](case, own)
        graph = ours.whole()
    except LineshaftError as problem:
        return {"ours": own, "why": str(problem)}
    line: Line = {"ours": own, "whole_s": time.perf_counter() - begun}
    mine, theirs = Times(), Times()
    with _Party(case, peer) as party:
        while len(mine.learn) < MOST_ROUNDS and (not mine.learn or time.perf_counter() - begun < seconds):
            mine.learn.append(_seconds(ours.learn))
            mine.decide.append(step_seconds(graph, ours.following, DECISIONS))
            if "why" not in line:
                line |= _asked(party, peer, theirs)
    line["learn_s"], line["decide_us"] = mine.told()[0], 1e6 * mine.told()[1]
    if "why" not in line:
        learn_s, decide_s = theirs.told()
        line |= {"peer_learn_s": learn_s, "peer_decide_us": 1e6 * decide_s, "learn_ratio": line["learn_s"] / learn_s,
                 "whole_ratio": line["whole_s"] / learn_s, "decide_ratio": line["decide_us"] / (1e6 * decide_s)}
    return {**line, "rounds": len(mine.learn)}


def _asked(party: _Party, peer: str, times: Times) -> Line:
    """One round of the peer; why there is none."""
    for question, kept in (("learn", times.learn), ("decide", times.decide)):
        told = party.ask({"do": question, "name": peer, "count": DECISIONS})
        if "why" in told:
            return {"why": told["why"]}
        kept.append(told["seconds"] if question == "learn" else median(told["seconds"]))
    return {}


class _Party:
    """A peer that lives here, or one in an interpreter of its own."""

    def __init__(self, case: Case, peer: str) -> None:
        self._here = beside.Party(case.task, case.arrays()) if peer.startswith(HERE) else None
        script = (Path(beside.__file__).read_text("utf-8")) + "\nserve(given)\n"
        self._away = None if self._here else Talking(script, {"task": np.array(case.task), **case.arrays()})

    def __enter__(self) -> _Party:
        return self

    def __exit__(self, *_: object) -> None:
        if self._away is not None:
            self._away.__exit__()

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        if self._here is not None:
            return self._here.answer(question)
        assert self._away is not None
        return self._away.ask(question, LONGEST_S)


@dataclass(frozen=True)
class Ours:
    """One learner: ``learn`` is what it learns itself, ``whole`` gives its graph with all that a node says."""

    learn: Callable[[], object]
    whole: Callable[[], bytes]
    following: Dataset


def _by_candidate(learning: Learning, examples: Examples, case: Case, name: str, columns: int) -> Ours:
    candidate = next((one for one in learning.candidates(examples) if one.name == name), None)
    if candidate is None:
        raise UsageError(f"{name} is no candidate for these data", where=str(learning.task))
    held_out = learning.held_out(examples) & examples.known
    rows = examples.known & ~held_out

    def whole() -> bytes:
        own = learnt(learning, candidate, examples, held_out, execute)
        learning.figures(own, examples, held_out, execute)
        return own.graph(WITH_VALUE)

    return Ours(partial(fit, candidate, examples, rows, execute), whole, _dataset(case.next_x[:, :columns]))


def _monitor(case: Case, name: str) -> Ours:
    dataset, normal = _dataset(case.x), np.ones(len(case.x), np.bool_)

    def whole() -> bytes:
        return train_monitor(dataset, normal, execute, learner=name).graph

    return Ours(whole, whole, _dataset(case.next_x))


def _forecast(case: Case, name: str) -> Ours:
    task = Forecast(ahead=(beside.LEAD,))
    series = _dataset(case.y[:, None])
    found = _by_candidate(task, task.examples(series), case, name, 1)
    return Ours(found.learn, found.whole, _dataset(case.next_y[:, None]))


def _infer(case: Case, name: str) -> Ours:
    task = Infer(("y",))
    whole = np.column_stack([case.x, case.y])
    tags = (*(Tag(f"t{i}") for i in range(case.x.shape[1])), Tag("y"))
    return _by_candidate(task, task.examples(Dataset.of(whole, tags)), case, name, case.x.shape[1])


def _diagnose(case: Case, name: str) -> Ours:
    kinds = [f"class {kind}" for kind in range(int(case.y.max()) + 1)]
    examples = Examples(_dataset(case.x), case.y[:, None], case.group, tuple(kinds))
    return _by_candidate(Diagnose(), examples, case, name, case.x.shape[1])


def _segment(case: Case, name: str) -> Ours:
    task = Segment(modes=3)
    return _by_candidate(task, task.examples(_dataset(case.x)), case, name, case.x.shape[1])


OURS: Mapping[str, Callable[[Case, str], Ours]] = {"monitor": _monitor, "forecast": _forecast, "infer": _infer,
                                                  "diagnose": _diagnose, "segment": _segment}


def _dataset(values: np.ndarray[Any, np.dtype[np.float64]]) -> Dataset:
    return Dataset.of(values, tuple(Tag(f"t{i}") for i in range(values.shape[1])))


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def medians(figures: Mapping[str, Line]) -> Line:
    """Of each task the median ratio over its pairs that ran."""
    found: Line = {}
    for task in dict.fromkeys(name.partition(" ")[0] for name in figures):
        lines = [one for name, case in figures.items() if name.partition(" ")[0] == task
                 for one in case["pairs"].values() if "why" not in one]
        found |= {f"{task}_{what}_ratio": median(one[f"{what}_ratio"] for one in lines) if lines else None
                  for what in ("learn", "whole", "decide")}
    return found


if __name__ == "__main__":
    sys.exit(main())
