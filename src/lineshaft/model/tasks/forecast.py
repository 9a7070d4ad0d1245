"""The task ``forecast``: what tags will read a number of periods ahead, each lead with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from lineshaft.core.answer import HIGH, LOW, VALUE, Answer
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.core.task import Task
from lineshaft.model.blocks.bridge import Bridge
from lineshaft.model.blocks.effects import Effects
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.harmonics import Harmonics
from lineshaft.model.blocks.look import Look
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.blocks.surprise import Surprise, SurpriseLimit
from lineshaft.model.evaluate.splits import Fold, Rows
from lineshaft.model.examples import Examples
from lineshaft.model.forecaster import Forecaster, Plan, forecasters
from lineshaft.model.future import future
from lineshaft.model.given import YEAR
from lineshaft.model.head import Settings
from lineshaft.model.pipeline import Block, Pipeline, replay
from lineshaft.model.season import DAY_NS, season
from lineshaft.model.supervised import Candidate, Matrix
from lineshaft.model.tail import finish

FEWEST = 30
YEAR_NS = 365 * DAY_NS
ASKED_FOR = 5  # the cost from which on a learner is tried only where it is named
TAUGHT_FIRST = 0.6  # of the rows, before the first judged part: a candidate that needs much history should get it


@dataclass(frozen=True, slots=True)
class Forecast:
    """Settings of one forecasting task.

    ``ahead`` are leads in periods; ``targets`` paths of the tags to forecast (all but the given ones where none is
    named); ``given`` paths of tags whose rows hold their value ``max(ahead)`` periods later; ``cycle`` the length of
    the main cycle in periods (0: found in the data); ``calibration`` the last share of the history, which sets
    intervals and limits and nothing else; ``parts`` in time by which candidates are judged; ``rate`` the chance that
    a value of normal operation surprises; ``also`` learners that are tried besides the usual ones.
    """

    ahead: tuple[int, ...] = (1,)
    targets: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    cycle: int = 0
    coverage: float = 0.9
    calibration: float = 0.25
    parts: int = 2
    rate: float = 0.01
    also: tuple[str, ...] = ()
    seed: int = 0

    task: ClassVar[Task] = Task.FORECAST

    def examples(self, dataset: Dataset) -> Examples:
        """Every row with what follows it at the leads; short gaps of that are bridged in a straight line."""
        columns = self._columns(dataset, self.targets) or tuple(
            c for c in range(len(dataset.tags)) if dataset.tags[c].path not in self.given)
        named = tuple(f"{dataset.tags[c].path} +{lead}" for lead in sorted(self.ahead) for c in columns)
        target = future(dataset, columns, tuple(sorted(self.ahead)))
        return Examples(dataset, target, np.zeros(len(dataset), np.int32), named)

    def plan(self, examples: Examples) -> Plan:
        """The task on this dataset; the cycle is looked for in rows that are not held out."""
        dataset = examples.dataset
        given = self._columns(dataset, self.given)
        columns = self._columns(dataset, self.targets) or tuple(c for c in range(len(dataset.tags)) if c not in given)
        cycle = self.cycle or season(dataset, columns, examples.known & ~self.held_out(examples))
        return Plan(len(dataset.tags), tuple(sorted(self.ahead)), columns, cycle, given, self._year(dataset))

    def candidates(self, examples: Examples) -> Sequence[Candidate]:
        """Baselines first, then what learns, the quickest first."""
        plan, found = self.plan(examples), forecasters()
        unknown = set(self.also) - set(found)
        if unknown:
            raise UsageError(f"no forecaster is called {', '.join(sorted(unknown))}", where="also",
                             do=f"use some of: {', '.join(sorted(found))}")
        order = sorted(found, key=lambda name: (found[name].cost, name))
        return [one for name in order if found[name].cost < ASKED_FOR or name in self.also
                for one in self._of(found[name], plan)]

    def held_out(self, examples: Examples) -> Rows:
        """The last share of the rows with a known future, a year of them at most: it has had every season."""
        rows = np.flatnonzero(examples.known)
        year = YEAR_NS // examples.dataset.period_ns
        held = np.zeros(len(examples), np.bool_)
        held[rows[len(rows) - min(round(len(rows) * self.calibration), max(year, FEWEST)):]] = True
        return held

    def folds(self, examples: Examples) -> Sequence[Fold]:
        """Growing history; a row judges only where its whole future lies before the held-out rows."""
        reach, rows = max(self.ahead), np.flatnonzero(examples.known & ~self.held_out(examples))
        edges = np.linspace(TAUGHT_FIRST, 1.0, self.parts + 1) * len(rows)
        found = []
        for start, stop in zip(edges[:-1].astype(int), edges[1:].astype(int), strict=True):
            fit, judge = np.zeros(len(examples), np.bool_), np.zeros(len(examples), np.bool_)
            fit[rows[:start]] = True
            judge[rows[start:min(stop, max(len(rows) - reach, 0))]] = True
            if fit.any() and judge.any():
                found.append(Fold(fit, judge))
        if not found or len(rows) < FEWEST:
            raise UsageError(f"{len(rows)} rows with a known future are too few to judge forecasts {reach} periods "
                             "ahead", where="history", do=f"give a longer history than {4 * reach + 4 * FEWEST} rows")
        return found

    def loss(self, target: Matrix, value: Matrix) -> float:
        """Mean squared error in units of the variance among these targets, geometric mean over the tags.

        1 is no better than the mean. No unit or scale of a tag can change which of two candidates is better.
        """
        leads = len(self.ahead)
        wanted, said = (part.reshape(len(part), leads, -1) for part in (target, value))
        error = ((wanted - said) ** 2).mean(axis=(0, 1))
        return float(np.exp(np.log(error / np.maximum(wanted.var(axis=(0, 1)), 1e-12) + 1e-12).mean()))

    def answers(self, examples: Examples) -> tuple[Answer, ...]:
        """One a lead and tag, the tags of the first lead first."""
        plan, tags = self.plan(examples), examples.dataset.tags
        return tuple(Answer(tags[c].path, tags[c].unit, lead) for lead in plan.ahead for c in plan.targets)

    def window(self, candidate: Candidate) -> int:
        """Ticks until its windows are full."""
        return int(candidate.settings["memory"])

    def finish(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> Pipeline:
        """Conformal intervals a lead, and a score of how far the newest values are from what was forecast of them."""
        judges: Sequence[Block] = (Surprise(self.plan(examples)), SurpriseLimit(self.rate))
        return finish(pipeline, examples, held_out, execute, kind="number", coverage=self.coverage, rate=self.rate,
                      judges=judges)

    def figures(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> dict[str, float]:
        """Relative squared error, mean absolute error of the first and last lead in tag units, and coverage."""
        said = replay(pipeline, examples.dataset, (VALUE, LOW, HIGH), execute).rows(held_out)
        target = examples.target[held_out]
        inside = (target >= said[LOW]) & (target <= said[HIGH])
        error, tags = np.abs(target - said[VALUE]), target.shape[1] // len(self.ahead)
        return {"relative_mse": self.loss(target, np.asarray(said[VALUE], np.float64)),
                "mae_first": float(error[:, :tags].mean()), "mae_last": float(error[:, -tags:].mean()),
                "coverage": float(inside.mean()), "held_out_rows": float(held_out.sum())}

    def _of(self, kind: type[Forecaster], plan: Plan) -> list[Candidate]:
        """The default first; the baseline and whatever is cheap shows all of its settings."""
        made = [self._candidate(kind, plan, settings) for settings in kind.choices(plan)]
        return made if kind.cost == 0 else made[:1]

    def _candidate(self, kind: type[Forecaster], plan: Plan, settings: Settings) -> Candidate:
        told = ", ".join(f"{key} {value}" for key, value in settings.items())
        memory = kind(plan, settings).memory
        variants = partial(self._variants, kind, plan) if settings == kind.choices(plan)[0] else tuple
        return Candidate(f"{kind.name} {told}".strip(), f"past {memory}", partial(front, plan, memory),
                         partial(kind, plan, settings, self.seed), {**settings, "memory": memory}, variants)

    def _variants(self, kind: type[Forecaster], plan: Plan) -> list[Candidate]:
        return [self._candidate(kind, plan, settings) for settings in kind.choices(plan)[1:]] if kind.cost else []

    def _year(self, dataset: Dataset) -> tuple[int, int] | None:
        """Columns of the place in the year, where both are known ahead."""
        if not set(YEAR) <= set(self.given):
            return None
        sine, cosine = self._columns(dataset, YEAR)
        return sine, cosine

    def _columns(self, dataset: Dataset, paths: Sequence[str]) -> tuple[int, ...]:
        there = [tag.path for tag in dataset.tags]
        unknown = [path for path in paths if path not in there]
        if unknown:
            raise UsageError(f"no tag is called {', '.join(unknown)}", where="forecast", do="name tags of the dataset")
        return tuple(there.index(path) for path in paths)


def front(plan: Plan, memory: int) -> Sequence[Block]:
    """Blocks from the raw tags to ``series`` and ``past``."""
    waves: tuple[Block, ...] = (Harmonics(plan.year),) if plan.year else ()
    effects: tuple[Block, ...] = (*waves, Effects(plan)) if plan.given else ()
    return (Guard(), Modes(()), Standardise(plan.channels), *effects, Bridge(plan.targets, plan.season), Look(memory))


TASK = Forecast
