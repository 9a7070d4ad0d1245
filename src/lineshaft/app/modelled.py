"""A task with an answer in Python: learnt from a recorded plant, and what it would have said, through a node's loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lineshaft.app import examples, flow
from lineshaft.app.backtest import backtest
from lineshaft.app.goal import MONITOR, Goal, learning, tasks
from lineshaft.app.locate import near
from lineshaft.app.recipe import Recipe
from lineshaft.app.recorded import Recorded, laid_out_as
from lineshaft.app.sealable import Sealable
from lineshaft.app.values import values
from lineshaft.core.dataset import ABNORMAL, Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.progress import Progress, silent
from lineshaft.model.answer import Fitted, Trial
from lineshaft.model.examples import Examples
from lineshaft.model.search.cost import Unmeasured

if TYPE_CHECKING:
    import pandas

KEYS = {"predict": "target"}  # what a key of lineshaft.toml is called in Python


@dataclass(frozen=True, eq=False)
class Model(Sealable):
    """What was learnt, from which examples of which plant."""

    plant: Recorded
    examples: Examples
    recipe: Recipe
    learnt: Fitted

    def __repr__(self) -> str:
        return (f"<{self.recipe.task} of {self.plant.name}: {self.learnt.learner}, learnt from "
                f"{int(self.examples.known.sum()):,} rows>")

    @property
    def figures(self) -> Mapping[str, float]:
        """On rows that neither taught the model nor helped to choose it."""
        return self.learnt.figures

    @property
    def trials(self) -> Sequence[Trial]:
        """Every candidate and how it did in validation."""
        return self.learnt.trials

    @property
    def sealed_with(self) -> tuple[Dataset, flow.Rows]:
        normal = self.examples.dataset.labels != ABNORMAL
        return self.examples.dataset, normal if normal.any() else ~normal

    def predict(self, plant: Recorded | None = None) -> pandas.DataFrame:
        """What a node would have said, through its very loop: one row a tick, in time.

        A column for each value with its ends (``NOX``, ``NOX low``, ``NOX high``), then ``known``, ``score``, ``alarm``
        and ``cause``. A value is NaN where none was given; without ``plant`` over the one it was learnt from.
        """
        import pandas as pd

        manifest = self.loaded.manifest
        other = laid_out_as(plant or self.plant, manifest.tags, manifest.period_ns, manifest.stale_ns)
        found = backtest(self.loaded, other.recordings)
        labels = [one.label for one in manifest.answers]
        said = values(found, manifest.answers)
        columns = {f"{label}{ending}": numbers[:, place]
                   for ending, numbers in (("", said.value), (" low", said.low), (" high", said.high))
                   for place, label in enumerate(labels)}
        return pd.DataFrame(
            {**columns, "known": said.known, "score": found.score, "alarm": found.alarm,
             "cause": [one[0][0] if one else "" for one in found.causes], "run": found.run},
            index=pd.to_datetime(found.time, utc=True).rename("time"))


def fit_task(plant: Recorded, task: str, goal: Goal, learner: str = "auto", progress: Progress = silent,
             choose: flow.Choose = flow.judged) -> Model:
    """Learn a task with an answer from all of a plant's past; runs of the file are groups that no split parts."""
    if task not in tasks():
        raise UsageError(f"no task is called {task!r}", where="task",
                         do=near(task, tasks()) or f"use one of: {', '.join(tasks())}")
    examples.check(task, {"predict": goal.predict, "classes": goal.classes, "group": goal.group,
                          "end-of-life": goal.end_of_life}, _place)
    if task == MONITOR:
        raise UsageError("a monitor has no target", where="task", do="leave task out, and name what is normal")
    made = learning(task, goal, _place)
    told = told_by(plant, goal)
    found = examples.examples_of(task, told, made)
    recipe = Recipe(plant.name, plant.dataset.period_ns, plant.stale_ns, learner=learner, task=task, goal=goal)
    return Model(plant, found, recipe, choose(made, found, recipe, Unmeasured(), progress))


def told_by(plant: Recorded, goal: Goal) -> examples.Told:
    """A recorded plant with the goal; each run of the file is a group."""
    groups = plant.source[plant.dataset.run].astype(np.int32) if len(plant.table.runs) > 1 else None
    return examples.Told(plant.dataset, goal, groups)


def _place(*keys: str) -> str:
    return KEYS.get(keys[-1], keys[-1].replace("-", "_"))
