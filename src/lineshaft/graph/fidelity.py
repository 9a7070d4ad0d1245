"""How faithful a changed graph is: the task's own metric, the tail of the score, and verdicts that flipped.

A changed graph is judged on runs that neither taught nor chose it. The tail is what counts where a threshold lives: a
compression may keep the metric and move the highest scores of normal operation over the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array, Executor
from lineshaft.graph.check import signature
from lineshaft.graph.replay import scan_model

NORMAL, ABNORMAL = 0, 1
TAIL = (0.99, 0.999)
MOST_VALUES = 2**24  # values of inputs and outputs that one call of the executor may hold


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One unbroken sequence: ``x`` [T, C] of any number type, ``quality`` [T, C], ``labels`` [T].

    A label is 0 for normal, 1 for abnormal and -1 for a row that does not count (such as a start-up).
    """

    x: NDArray[np.generic]
    quality: Array
    labels: NDArray[np.int8]


Said = dict[str, Array]


def say(graph: bytes, runs: Sequence[Run], execute: Executor, outputs: Sequence[str] = ()) -> list[Said]:
    """Outputs [T, ...] by name for each run, each from zero state; all outputs unless some are named."""
    return [{name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            for parts in (list(pieces(graph, run, execute, outputs)) for run in runs)]


def pieces(graph: bytes, run: Run, execute: Executor, outputs: Sequence[str] = ()) -> Iterator[Said]:
    """What ``say`` gives of one run, piece by piece in order, so that long runs of large outputs fit in memory."""
    found = signature(graph)
    names = tuple(outputs) or tuple(port.name for port in found.outputs)
    values = 2 * found.channels + sum(int(np.prod(p.shape)) for p in found.outputs if p.name in names)
    length = max(1, MOST_VALUES // max(values, 1))
    model = _only(scan_model(graph), names)
    state: dict[str, NDArray[np.generic]] = {s.name: np.zeros((1, *s.shape), np.float32) for s in found.states}
    for start in range(0, len(run.x), length):
        rows = slice(start, start + length)
        feeds: dict[str, NDArray[np.generic]] = {f"{name}_0": value for name, value in state.items()}
        feeds["xs"] = np.ascontiguousarray(run.x[rows], np.float32)[:, None]
        feeds["qualities"] = np.ascontiguousarray(run.quality[rows], np.float32)[:, None]
        got = execute(model, feeds)
        state = {name: got[f"{name}_T"] for name in state}
        yield {name: np.asarray(got[f"{name}_all"][:, 0], np.float32) for name in names}


def _only(model: bytes, names: Sequence[str]) -> bytes:
    """A replay that gives the states and these outputs alone."""
    found = onnx.load_from_string(model)
    kept = [o for o in found.graph.output if not o.name.endswith("_all") or o.name.removesuffix("_all") in names]
    if len(kept) == len(found.graph.output):
        return model
    del found.graph.output[:]
    found.graph.output.extend(kept)
    return bytes(found.SerializeToString(deterministic=True))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a graph says of labelled runs, all of them pooled.

    ``metric`` is the task's own, between 0 and 1: for a score of one value the chance that an abnormal row scores
    higher than a normal one (AUC), for one score a class the share of rows whose largest score is their class's; NaN
    without abnormal rows. ``balanced`` is the mean of the shares of normal rows without and of abnormal rows with an
    alarm, and ``false_alarms`` the share of normal rows with one (NaN where there is no alarm). ``tail`` is the
    strangeness of normal rows at p99 and p99.9, ``centre`` its median: the score itself, or how much the second class
    is below the first, as a negative number.
    """

    metric: float
    balanced: float
    false_alarms: float
    centre: float
    tail: tuple[float, float]


def judge(said: Sequence[Said], runs: Sequence[Run]) -> Judgement:
    """The judgement on ``score`` [T, K] and, with K = 1, ``alarm`` [T, 1].

    Raises ``UsageError`` where there is no score, or where no row counts as normal.
    """
    labels = np.concatenate([run.labels for run in runs])
    scores, classes = _scores(said), _scores(said).shape[1] > 1
    normal = labels >= 0 if classes else labels == NORMAL
    if not normal.any():
        raise UsageError("no row is normal", where="runs to judge by", do="give some rows of normal operation")
    strange = _strangeness(scores)
    tail = np.quantile(strange[normal], TAIL)
    centre, ends = float(np.median(strange[normal])), (float(tail[0]), float(tail[1]))
    if classes:
        right = scores[normal].argmax(axis=1) == labels[normal]
        return Judgement(float(right.mean()), float("nan"), float("nan"), centre, ends)
    abnormal, alarm = labels == ABNORMAL, verdicts(said)
    false = float(alarm[normal].mean())
    found = float(alarm[abnormal].mean()) if abnormal.any() else float("nan")
    return Judgement(_auc(strange[normal], strange[abnormal]), (1.0 - false + found) / 2.0, false, centre, ends)


def verdicts(said: Sequence[Said]) -> NDArray[np.int64]:
    """What is decided on each row: the class of the largest score, or whether there is an alarm (``alarm``, or a
    positive score where that is no output).
    """
    scores = _scores(said)
    if scores.shape[1] > 1:
        return np.asarray(scores.argmax(axis=1), np.int64)
    if "alarm" in said[0]:
        alarm = np.concatenate([one["alarm"].reshape(len(one["alarm"]), -1)[:, 0] for one in said])
        return np.asarray(alarm > 0.5, np.int64)
    return np.asarray(scores[:, 0] > 0.0, np.int64)


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a changed graph is from the one before, on the same runs.

    ``flips`` is the share of rows with another verdict. ``tail`` holds the changes of the normal score at p99 and
    p99.9 over its distance from the median: 0.1 is a tenth of the way from the middle of normal operation to there.
    ``drop`` is how much of the metric was lost (negative: gained), NaN without abnormal rows.
    """

    flips: float
    tail: tuple[float, float]
    drop: float


def gap(before: Sequence[Said], after: Sequence[Said], runs: Sequence[Run]) -> Gap:
    """The gap between what two graphs say of the same runs."""
    old, new = judge(before, runs), judge(after, runs)
    counts = np.concatenate([run.labels for run in runs]) >= 0
    reach = [max(abs(t - old.centre), 1e-12) for t in old.tail]
    moved = [(n - o) / r for n, o, r in zip(new.tail, old.tail, reach, strict=True)]
    flips = (verdicts(before) != verdicts(after))[counts]
    return Gap(float(flips.mean()), (moved[0], moved[1]), old.metric - new.metric)


def measured(before: Sequence[Said], after: Sequence[Said], runs: Sequence[Run]) -> Mapping[str, tuple[float, float]]:
    """Before and after of each figure by name, for ``rewrite.Change``; what can't be told is left out."""
    old, new = judge(before, runs), judge(after, runs)
    found = {"metric": (old.metric, new.metric), "balanced": (old.balanced, new.balanced),
             "false_alarms": (old.false_alarms, new.false_alarms), "score_p99": (old.tail[0], new.tail[0]),
             "score_p999": (old.tail[1], new.tail[1]), "flips": (0.0, gap(before, after, runs).flips)}
    return {name: both for name, both in found.items() if not np.isnan(both).any()}


def _scores(said: Sequence[Said]) -> Array:
    if not said or "score" not in said[0]:
        raise UsageError("no output is called score", where="the graph to judge", do="name its result score")
    return np.concatenate([one["score"].reshape(len(one["score"]), -1) for one in said])


def _strangeness(scores: Array) -> Array:
    """[T]: the score of one value, or how far the second-best class is behind the best (negative)."""
    if scores.shape[1] == 1:
        return scores[:, 0]
    best = np.sort(scores, axis=1)
    return np.asarray(best[:, -2] - best[:, -1], np.float32)


def _auc(normal: Array, abnormal: Array) -> float:
    """Area under the ROC curve by ranks (Mann and Whitney), ties counted half."""
    if not len(abnormal):
        return float("nan")
    both = np.concatenate([normal, abnormal]).astype(np.float64)
    _, place, count = np.unique(both, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2.0)[place]
    above = rank[len(normal):].sum() - len(abnormal) * (len(abnormal) + 1) / 2.0
    return float(above / (len(normal) * len(abnormal)))
