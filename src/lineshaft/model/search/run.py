"""The search: race, measure, choose; every step is in the journal before the next one begins."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.search.board import Row, Watch, unwatched
from lineshaft.model.search.cost import Measure, Unmeasured
from lineshaft.model.search.course import FINALISTS, Course
from lineshaft.model.search.finale import Finale, Found
from lineshaft.model.search.hands import Hand, Inline
from lineshaft.model.search.job import Job
from lineshaft.model.search.journal import Journal
from lineshaft.model.search.judge import Judge
from lineshaft.model.search.limits import Limits
from lineshaft.model.search.race import NAIVE, Rung, ranked, rungs, survivors

WIDENED = 2
"""Learners whose other settings are tried."""

Hands = Callable[[bytes], Sequence[Hand]]
"""Makes hands from a pickle of what ``Judge`` takes."""


def search(learning: Learning, examples: Examples, execute: Executor, *, measure: Measure | None = None,
           limits: Limits | None = None, journal: Journal | None = None, hands: Hands | None = None,
           watch: Watch = unwatched, now: Callable[[], float] = time.monotonic) -> Found:
    """The best model of a task that keeps the budget ``measure`` stands for.

    Without ``hands`` all is done in this process. A ``journal`` that was begun before is gone on with, and ends as it
    would have ended then. It ends in the time of ``limits`` unless only then there is a model at all; in one process
    what takes longer than expected is waited for. ``now`` reads seconds. Raises ``UsageError`` where nothing can be
    learnt and ``Refused`` where nothing that can be learnt keeps the budget, each with every reason.
    """
    begun, limits = now(), limits or Limits()
    judge = Judge(learning, examples, execute)
    workers = hands(pickle.dumps((learning, examples, execute))) if hands else (Inline(judge),)
    try:
        measure = measure or Unmeasured()
        course = Course(judge, limits, journal or Journal(), workers, watch, now, begun,
                        certifies=not isinstance(measure, Unmeasured))
        _Race(course).run()
        return Finale(course, measure).run()
    finally:
        for worker in workers:
            worker.close()


@dataclass(slots=True, eq=False)
class _Race:
    course: Course

    def run(self) -> None:
        entrants = self._entrants()
        self._race(entrants, "judging candidates")
        self._race(self._variants(entrants), "judging settings of the best")

    # -- who

    def _entrants(self) -> list[str]:
        """Candidates whose first words are the learner asked for, the naive baselines among them."""
        judge, learner = self.course.judge, self.course.limits.learner
        own = [one.name for one in judge.entrants]
        wanted = [name for name in own if learner == "auto" or f"{name} ".startswith(f"{learner} ")]
        if not wanted:
            raise UsageError(f"no learner of {judge.learning.task} is called {learner!r}",
                             where="learner", do=f"use one of: {', '.join(dict.fromkeys(own))}")
        naive = [name for name in own if name.startswith(NAIVE) and name not in wanted]
        return self._admitted([*naive, *wanted])

    def _variants(self, entrants: Sequence[str]) -> list[str]:
        """Other settings of the best learners, in turns, with those they have to beat."""
        best = [name for name in ranked(entrants, self.course.losses()) if not name.startswith(NAIVE)][:WIDENED]
        lists = [[variant.name for variant in self.course.judge.candidates[name].variants()] for name in best]
        turns = [names[place] for place in range(max(map(len, lists), default=0)) for names in lists
                 if place < len(names)]
        admitted = self._admitted(turns)
        return [*best, *admitted] if admitted else []

    def _admitted(self, names: Sequence[str]) -> list[str]:
        most, rows = self.course.limits.trials, self.course.rows
        room = max(most - len(rows), 0) if most else len(names)
        rows.update({name: Row(name) for name in names[:room]})
        return list(names[:room])

    # -- the race

    def _race(self, names: Sequence[str], doing: str) -> None:
        course, standing, folds = self.course, list(names), self.course.judge.folds
        course.doing = doing
        rounds = rungs(len(folds), len(names), int(folds[0].fit.sum()))
        for place, rung in enumerate(rounds):
            course.ahead = _jobs_ahead(len(standing), len(rounds) - place - 1)
            course.judged([Job(name, rung.fold, rung.share) for name in standing])
            standing = self._still_in(standing, rung)

    def _still_in(self, names: Sequence[str], rung: Rung) -> list[str]:
        """Who goes on after a round; those that failed or were not reached in time do not."""
        course = self.course
        there = {name: course.journal.outcomes.get(Job(name, rung.fold, rung.share)) for name in names}
        for name, outcome in there.items():
            if outcome is not None and outcome.reason:
                course.set(name, state="failed", reason=outcome.reason)
        judged = {name: outcome for name, outcome in there.items() if outcome is not None and not outcome.reason}
        full = {name: course.rows[name].losses[:rung.fold + 1] for name in judged}
        losses = full if rung.share == 1.0 else {name: (outcome.loss,) for name, outcome in judged.items()}
        standing, out = survivors([name for name in names if name in judged], losses)
        for name, reason in out.items():
            course.set(name, state="out", reason=reason)
        return standing


def _jobs_ahead(standing: int, rounds: int) -> int:
    """Jobs of the rounds to come if each keeps the better half."""
    total = 0
    for _ in range(rounds):
        standing = min(standing, max(FINALISTS, -(-standing // 2)))
        total += standing
    return total
