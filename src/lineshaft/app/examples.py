"""dataset -> examples: what each row teaches a task, out of tags and of what people said.

The tags that only say what is to be learnt (the target, a group, an event) are left out of what the model reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.goal import MONITOR, Goal, Place
from lineshaft.core.dataset import ABNORMAL, Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback
from lineshaft.core.task import Task
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning

Matrix = NDArray[np.float64]
Groups = NDArray[np.int32]
NORMAL_CLASS = "normal"
MOST_CLASSES = 200


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Everything that says what is to be learnt.

    ``dataset`` has the inputs and the tags that ``goal`` names; ``groups`` [N] are those of the source (runs of a file,
    assets), ``feedback`` what people said of stretches.
    """

    dataset: Dataset
    goal: Goal
    groups: Groups | None = None
    feedback: Sequence[Feedback] = ()

    def column(self, path: str, key: str) -> Matrix:
        """The tag's values [N], NaN where it was not usable."""
        paths = [tag.path for tag in self.dataset.tags]
        if path not in paths:
            raise UsageError(f"no tag is called {path!r}", where=key, do="name a tag of the history")
        place = paths.index(path)
        return np.where(self.dataset.good[:, place], self.dataset.values[:, place], np.nan)

    @property
    def group(self) -> Groups:
        """The group [N] of every row: by the tag that says it, by the source, else all of them one; each life apart."""
        found = np.zeros(len(self.dataset), np.int64) if self.groups is None else self.groups.astype(np.int64)
        if self.goal.group:
            found = _numbered(_held(self.column(self.goal.group, "group"), self.dataset.run))
        if self.goal.end_of_life:
            begins = np.concatenate([[False], np.diff(self.ends.astype(np.int8), prepend=0)[:-1] == 1])
            found = _numbered(np.column_stack([found, np.cumsum(begins)]))
        return found.astype(np.int32)

    @property
    def ends(self) -> NDArray[np.bool_]:
        """Rows [N] at which a life is over."""
        return np.asarray(np.nan_to_num(self.column(self.goal.end_of_life, "end-of-life")) > 0)

    @property
    def ordinary(self) -> NDArray[np.bool_]:
        """Rows [N] that nobody called abnormal."""
        return np.asarray(self.dataset.labels != ABNORMAL)


def numbers(told: Told) -> tuple[Matrix, tuple[str, ...]]:
    """The predicted tags' own values, where they were read and nobody called the row abnormal."""
    target = np.column_stack([told.column(path, "predict") for path in told.goal.predict])
    return np.where(told.ordinary[:, None], target, np.nan), told.goal.predict


@dataclass(frozen=True, slots=True)
class Way:
    """How one task comes by its targets: the keys that it takes, those it can't do without, and the function, which a
    task that makes its own examples doesn't need."""

    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    targets: Callable[[Told], tuple[Matrix, tuple[str, ...]]] = numbers


def classes(told: Told) -> tuple[Matrix, tuple[str, ...]]:
    """Classes from a tag's values, else from what people called the stretches that they judged."""
    if not told.goal.predict:
        return _said(told)
    code = told.column(told.goal.predict[0], "predict")
    there = np.unique(code[np.isfinite(code)])
    named = {float(value): name for value, name in told.goal.classes.items()}
    if len(there) < 2 or len(there) > MOST_CLASSES:
        raise UsageError(f"{told.goal.predict[0]} has {len(there)} different values", where="predict",
                         do=f"name a tag whose value says which fault it is: 2 to {MOST_CLASSES} of them")
    kept = [value for value in (sorted(named) if named else there.tolist()) if value in there]
    target = np.full((len(code), 1), np.nan)
    for number, value in enumerate(kept):
        target[code == value] = number
    return target, tuple(named.get(value, f"{value:g}") for value in kept)


def lives(told: Told) -> tuple[Matrix, tuple[str, ...]]:
    """Periods until the end of life: from a tag that says it, an event that ends it, or the end of each group."""
    if told.goal.predict:
        return told.column(told.goal.predict[0], "predict")[:, None], ("remaining life",)
    group, ends, times = told.group, bool(told.goal.end_of_life), told.dataset.times
    if not ends and len(np.unique(group)) < 2:
        raise UsageError("nothing says when a life ended", where="end-of-life",
                         do="name a tag that is above 0 when a life ends, or one that tells machines apart as group")
    life = np.full((len(group), 1), np.nan)
    for number in np.unique(group):
        rows = np.flatnonzero(group == number)
        if not ends or told.ends[rows[-1]]:
            life[rows, 0] = (times[rows[-1]] - times[rows]) / told.dataset.period_ns
    return life, ("remaining life",)


_NUMBERS, _GROUP = frozenset({"predict"}), frozenset({"group"})
WAYS: Mapping[str, Way] = {
    MONITOR: Way(),
    Task.INFER.value: Way(_NUMBERS | _GROUP, _NUMBERS),
    Task.FORECAST.value: Way(_NUMBERS | _GROUP),
    Task.DIAGNOSE.value: Way(_NUMBERS | _GROUP | {"classes"}, targets=classes),
    Task.PROGNOSE.value: Way(_NUMBERS | _GROUP | {"end-of-life"}, targets=lives),
    Task.SEGMENT.value: Way(_GROUP),
}


def check(task: str, given: Mapping[str, object], place: Place) -> None:
    """That a task is told what it needs and nothing that it has no use for; ``given`` are the keys with a value."""
    way = WAYS.get(task, Way(_NUMBERS | _GROUP))
    for key in given:
        if given[key] and key not in way.takes:
            raise UsageError(f"task {task} has no use for {key!r}", where=place(key), do="take that line out")
    for key in sorted(way.needs):
        if not given.get(key):
            raise UsageError(f"task {task} must be told what to {key}", where=place("task"),
                             do=f'write {key} = "path/of/a/tag" below it')


def examples_of(task: str, told: Told, learning: Learning) -> Examples:
    """The examples of one task; a task that knows how to make them from a dataset makes them itself.

    Raises ``UsageError`` where no row has a target.
    """
    own = getattr(learning, "examples", None)
    if own is not None:
        found: Examples = own(without(told.dataset, told.goal.read))
        found = replace(found, target=np.where(told.ordinary[:, None], found.target, np.nan), group=told.group)
    else:
        target, names = WAYS[task].targets(told)
        found = Examples(without(told.dataset, (*told.goal.predict, *told.goal.read)), target, told.group, names)
    apart = _numbered(np.column_stack([found.dataset.run, found.group])).astype(np.int32)
    # Nothing of one asset or life reaches into another.
    found = replace(found, dataset=replace(found.dataset, run=apart))
    if not found.known.any():
        raise UsageError(f"none of the {len(found)} rows says what {task} is to learn", where=task,
                         do="record the predicted tag with the others, or say what happened with `lineshaft feedback`")
    return found


def without(dataset: Dataset, paths: Sequence[str]) -> Dataset:
    """The same rows without these tags."""
    keep = [place for place, tag in enumerate(dataset.tags) if tag.path not in paths]
    if not keep:
        raise UsageError("no tag is left to learn from", where="tags", do="name more tags than those to predict")
    if len(keep) == len(dataset.tags):
        return dataset
    return replace(dataset, tags=tuple(dataset.tags[place] for place in keep), values=dataset.values[:, keep],
                   good=dataset.good[:, keep])


def _said(told: Told) -> tuple[Matrix, tuple[str, ...]]:
    """A stretch that somebody called normal, and each fault by the name that they gave it; the last word counts."""
    called = np.full(len(told.dataset), -1, np.int64)
    names = [NORMAL_CLASS]
    for one in sorted(told.feedback, key=lambda verdict: verdict.given):
        rows = (told.dataset.times >= one.start) & (told.dataset.times < one.end)
        name = one.label if one.abnormal else NORMAL_CLASS
        if name and name not in names:
            names.append(name)
        called[rows] = names.index(name) if name else -1
    there = [number for number in range(len(names)) if (called == number).any()]
    if len(there) < 2:
        raise UsageError(f"people named {len(there)} kinds of operation, and a diagnosis tells at least two apart",
                         where="predict", do="name faults with `lineshaft feedback ... --label NAME`, or a tag that "
                         "says which fault it is as `predict`")
    target = np.full((len(called), 1), np.nan)
    for place, number in enumerate(there):
        target[called == number] = place
    return target, tuple(names[number] for number in there)


def _numbered(keys: NDArray[Any]) -> NDArray[np.int64]:
    """Equal keys [N] or rows of keys [N, K] have equal numbers, from 0."""
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _held(values: Matrix, run: NDArray[np.int32]) -> Matrix:
    """Each value until the next one of its run; -1 before the first."""
    place = np.where(np.isfinite(values), np.arange(len(values)), -1)
    last = np.maximum.accumulate(place)
    there = (last >= 0) & (run[np.maximum(last, 0)] == run)
    return np.where(there, values[np.maximum(last, 0)], -1.0)
