"""Tennessee Eastman (Braatz set): which of 22 classes it is, by what ``model train`` picks for ``diagnose``.

Learnt from dNN (normal operation and 21 faults), tested on dNN_te. The test run passes from its first sample, as at a
plant; judged are the ticks whose whole window lies after the onset, and the same ticks of the normal run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness import Result, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.examples import Examples
from lineshaft.model.search.board import Board, Watch
from lineshaft.model.search.limits import Limits
from lineshaft.model.search.run import search
from lineshaft.model.supervised import fit
from lineshaft.model.tasks.diagnose import Diagnose
from monitor_files import Matrix

Hits = NDArray[np.bool_]
PROTOCOL = ("learnt from dNN, chosen by blocks of time inside them, tested on dNN_te: ticks whose whole window "
            "lies after the onset, of fixed length; nothing is accumulated beyond the window")
ONSET = 160
HARD = ("03", "09", "15")
PERIOD_NS = 180_000_000_000
SEARCH_S = 240.0
PUBLISHED = {"ExtraTrees on window statistics": {"recall_mean": 0.767, "recall_mean_without_3_9_15": 0.855},
             "LDA of single samples": {"recall_mean": 0.43}}


def diagnose(runs: Mapping[str, Matrix], learner: str, as_json: bool) -> int:
    """The whole benchmark; ``runs`` by name as the files are called."""
    kinds = [kind for kind in sorted(name[1:] for name in runs if len(name) == 3) if f"d{kind}_te" in runs]
    if len(kinds) < 2:
        sys.exit("fewer than two classes have both a training and a test run (dNN.dat, dNN_te.dat)")
    given, learning = examples(runs, kinds), Diagnose()
    found = search(learning, given, execute, limits=Limits(seconds=SEARCH_S, learner=learner), watch=told())
    fitted = found.fitted
    progress(fitted.why)
    hits = right(fitted.graph, runs, kinds, fitted.window)
    low, high = interval(hits, fitted.window)
    figures = {"recall_mean": mean(hits), "recall_mean_without_3_9_15": mean(hits, HARD), "seeds": 1,
               "ci_low": low, "ci_high": high, "naive": 1.0 / len(kinds), "learner": fitted.learner,
               "window": fitted.window, "recall_by_class": {k: float(h.mean()) for k, h in hits.items()},
               "recall_by_window": by_window(learning, given, runs, kinds)}
    finish(Result("tep --task diagnose", PROTOCOL, figures, {"recall_mean": "> 0.85"}, PUBLISHED), as_json=as_json)
    return 0


def examples(runs: Mapping[str, Matrix], kinds: Sequence[str]) -> Examples:
    """The training runs one after another, each of one class and one group."""
    parts = [runs[f"d{kind}"] for kind in kinds]
    number = np.repeat(np.arange(len(kinds), dtype=np.int32), [len(part) for part in parts])
    tags = tuple(Tag(f"v{i + 1:02d}") for i in range(parts[0].shape[1]))
    dataset = Dataset.of(np.vstack(parts), tags, period_ns=PERIOD_NS, run=number)
    return Examples(dataset, number[:, None].astype(np.float64), number, tuple(f"fault {kind}" for kind in kinds))


def right(graph: bytes, runs: Mapping[str, Matrix], kinds: Sequence[str], window: int) -> dict[str, Hits]:
    """Of each class, whether the ticks whose whole window lies after the onset are given it; all ticks are judged."""
    through = Replay(graph, execute)
    found = {}
    for number, kind in enumerate(kinds):
        x = runs[f"d{kind}_te"].astype(np.float32)
        found[kind] = through(x, np.ones_like(x))["value"][ONSET + window:].argmax(axis=1) == number
    return found


def by_window(learning: Diagnose, given: Examples, runs: Mapping[str, Matrix], kinds: Sequence[str]
              ) -> dict[str, float]:
    """The learner of dynamics at each of its windows: what a later answer is worth."""
    rows = given.known & ~learning.held_out(given)
    candidates = [c for c in learning.candidates(given) if c.name.startswith("dynamics")]
    return {c.name: mean(right(fit(c, given, rows, execute).graph(("value",)), runs, kinds, learning.window(c)))
            for c in candidates}


def mean(hits: Mapping[str, Hits], without: Sequence[str] = ()) -> float:
    return float(np.mean([h.mean() for kind, h in hits.items() if kind not in without]))


def interval(hits: Mapping[str, Hits], window: int) -> tuple[float, float]:
    """By drawing blocks of as many ticks as a window has, since neighbouring answers are nearly the same."""
    blocks = [np.array_split(h.astype(np.float64), max(len(h) // window, 1)) for h in hits.values()]
    count = min(len(parts) for parts in blocks)
    shares = np.array([[part.mean() for part in parts[:count]] for parts in blocks])
    return bootstrap(lambda places: float(shares[:, places].mean()), count)


def told() -> Watch:
    """What the search does, one line whenever that changes."""
    before = [""]

    def watch(board: Board) -> None:
        if board.doing != before[0]:
            before[0] = board.doing
            progress(board.doing)

    return watch
