"""Task ``infer``: a soft sensor reads a tag that is measured rarely, late or no longer, from tags that are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.answer import Answer
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.core.tag import Tag
from lineshaft.core.task import Task
from lineshaft.model.equations import Equations, read
from lineshaft.model.evaluate.splits import Fold, Rows, by_time
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Pipeline, replay, run_spans
from lineshaft.model.soft import Plan, soft_sensors
from lineshaft.model.supervised import Candidate, Matrix
from lineshaft.model.tail import finish

HELD_OUT = 0.1
FOLDS, FIRST = 2, 0.5


@dataclass(frozen=True, slots=True)
class Infer:
    """Settings of one soft sensor.

    ``targets`` is one tag of the dataset. With ``adapt`` its good samples come through x while the model runs, each
    ``delay`` ticks after the moment that it describes, and learners that correct themselves by them are tried; without
    it the model never reads the tag. ``equations`` are first principles over the other tags, ``constants`` their names'
    values (``model/equations.py``). ``lags`` and ``windows`` [ticks] are pasts of the inputs worth trying.
    """

    targets: tuple[str, ...] = ()
    adapt: bool = False
    delay: int = 0
    equations: str = ""
    constants: Mapping[str, float] = field(default_factory=dict)
    lags: tuple[int, ...] = (1, 3)
    windows: tuple[int, ...] = (12,)
    coverage: float = 0.9
    seed: int = 0

    task: ClassVar[Task] = Task.INFER

    def __post_init__(self) -> None:
        if len(self.targets) != 1:
            raise UsageError(f"{len(self.targets)} tags are named, and a soft sensor reads one", where="target",
                             do="name the tag that is measured rarely, late or no longer; one task for each")
        if self.delay < 0:
            raise UsageError(f"a delay of {self.delay} ticks is in the future", where="delay",
                             do="give how many ticks after its moment a sample comes")

    @property
    def target(self) -> str:
        """The tag that is read."""
        return self.targets[0]

    def examples(self, dataset: Dataset) -> Examples:
        """The dataset with what is to be learnt: the target's new good values, each at the row it describes.

        Its tags are those that the model reads. Raises ``UsageError`` where the target is no tag or was never measured.
        """
        column = _column(self.target, dataset.tags)
        target = np.full(len(dataset), np.nan)
        for start, stop in run_spans(dataset.run):
            told = _fresh(np.where(dataset.good[start:stop, column], dataset.values[start:stop, column], np.nan))
            target[start:max(stop - self.delay, start)] = told[self.delay:]
        if not np.isfinite(target).any():
            raise UsageError("it has no good value, so there is nothing to learn from", where=self.target,
                             do="give history in which it was measured")
        kept = dataset if self.adapt else _without(dataset, column)
        return Examples(kept, target[:, None], np.zeros(len(dataset), np.int32), (dataset.tags[column].path,))

    def candidates(self, examples: Examples) -> Sequence[Candidate]:
        plan = self.plan(examples.dataset)
        order = sorted(soft_sensors().values(), key=lambda learner: learner.turn)
        return [one for learner in order for one in learner.candidates(plan)]

    def plan(self, dataset: Dataset) -> Plan:
        """What its learners are told."""
        column = _column(self.target, dataset.tags) if self.adapt else None
        inputs = tuple(place for place in range(len(dataset.tags)) if place != column)
        if not inputs:
            raise UsageError("there is no tag but the target", where=self.target, do="give tags to infer it from")
        return Plan(inputs, column, self.delay, self.lags, self.windows,
                    self._law(dataset.tags), _timed(dataset.run), self.seed)

    def held_out(self, examples: Examples) -> Rows:
        """The last tenth of the rows with a known target; of a table of independent rows a random one."""
        places = np.flatnonzero(examples.known)
        if not _timed(examples.dataset.run):
            places = np.random.default_rng(self.seed).permutation(places)
        held = np.zeros(len(examples), np.bool_)
        held[places[len(places) - max(round(HELD_OUT * len(places)), 1):]] = True
        return held

    def folds(self, examples: Examples) -> Sequence[Fold]:
        """Growing history over what is not held out; of a table of independent rows random parts."""
        left = replace(examples, target=np.where(self.held_out(examples)[:, None], np.nan, examples.target))
        if _timed(examples.dataset.run):
            return by_time(left, FOLDS, FIRST, gap=self.delay)
        part = np.random.default_rng(self.seed).integers(0, FOLDS, len(left))
        return [Fold(left.known & (part != k), left.known & (part == k)) for k in range(FOLDS)]

    def loss(self, target: Matrix, value: Matrix) -> float:
        """Root mean square error, in the target's unit."""
        return float(np.sqrt(((target - value) ** 2).mean()))

    def answers(self, examples: Examples) -> tuple[Answer, ...]:
        units = {tag.path: tag.unit for tag in examples.dataset.tags}
        return tuple(Answer(name, units.get(name, "")) for name in examples.names)

    def refits(self, examples: Examples) -> bool:
        """Where samples correct it, the early rows alone say how far to trust them, so there it stays as calibrated."""
        return not self.adapt

    def window(self, candidate: Candidate) -> int:
        return max((self.delay + 1, *((*self.lags, *self.windows) if "history" in candidate.front_name else ())))

    def finish(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> Pipeline:
        return finish(pipeline, examples, held_out, execute, kind="number", coverage=self.coverage)

    def figures(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> dict[str, float]:
        seen = replay(pipeline, examples.dataset, ("value", "low", "high"), execute).rows(held_out)
        return errors(examples.target[held_out, 0], *(np.asarray(seen[n][:, 0], np.float64) for n in seen.wires))

    def _law(self, tags: Sequence[Tag]) -> Equations | None:
        if not self.equations.strip():
            return None
        law = read(self.equations, [tag.path for tag in tags], self.constants)
        own = [name for name, column in law.tags.items() if self.target in (tags[column].path, tags[column].name)]
        if own:
            raise UsageError(f"the equations use {own[0]}, which is what they are to tell", where="equations",
                             do="write them over the other tags")
        return law


def errors(target: NDArray[np.float64], value: NDArray[np.float64], low: NDArray[np.float64] | None = None,
           high: NDArray[np.float64] | None = None) -> dict[str, float]:
    """``rmse``, ``mae`` and ``r2`` of values [N], and ``coverage`` of their interval."""
    gap = target - value
    found = {"rmse": float(np.sqrt((gap**2).mean())), "mae": float(np.abs(gap).mean()),
             "r2": 1.0 - float((gap**2).mean()) / max(float(target.var()), 1e-30)}
    if low is not None and high is not None:
        found["coverage"] = float(((target >= low) & (target <= high)).mean())
    return found


def _fresh(told: NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples [N] without repeats: the grid holds a value until the next one comes, which then isn't about now."""
    repeated = np.append(False, told[1:] == told[:-1])
    return np.where(repeated, np.nan, told)


def _column(name: str, tags: Sequence[Tag]) -> int:
    """The target's place: by its whole path, or by its last level where that is the only one."""
    whole = [place for place, tag in enumerate(tags) if tag.path == name]
    found = whole or [place for place, tag in enumerate(tags) if tag.name == name]
    if len(found) != 1:
        raise UsageError(f"{name!r} is {'no tag' if not found else 'the name of several tags'} of the dataset",
                         where="target", do=f"use one of: {', '.join(tag.path for tag in tags)}")
    return found[0]


def _without(dataset: Dataset, column: int) -> Dataset:
    tags = (*dataset.tags[:column], *dataset.tags[column + 1:])
    return replace(dataset, tags=tags, values=np.delete(dataset.values, column, axis=1),
                   good=np.delete(dataset.good, column, axis=1))


def _timed(run: NDArray[np.int32]) -> bool:
    """Whether rows follow one another, and are no table of independent ones."""
    return bool((np.diff(run) == 0).any())


TASK = Infer
