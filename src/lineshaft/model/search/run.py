"""The search: race, measure, choose; every step is in the journal before the next one begins."""

from __future__ import annotations

import hashlib
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.step import Executor
from lineshaft.model.answer import WITH_VALUE, Fitted, Trial
from lineshaft.model.evaluate.interval import over_seeds
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning, described, learnt
from lineshaft.model.pipeline import Pipeline
from lineshaft.model.search.board import DONE, Board, Row, Watch, in_order, unwatched
from lineshaft.model.search.choose import Finalist, chosen, mean, why
from lineshaft.model.search.cost import Cost, Measure, Unmeasured
from lineshaft.model.search.hands import Hand, Inline, spread
from lineshaft.model.search.job import Job, Outcome
from lineshaft.model.search.journal import Journal, Measured
from lineshaft.model.search.judge import Judge
from lineshaft.model.search.race import NAIVE, Rung, ranked, rungs, survivors

DEFAULT_S = 600.0
RACING = 0.6
"""Share of the time in which candidates race; the rest completes and measures the best of them."""
CERTIFYING = 10.0
"""Seconds that learning a graph whole and certifying it take for each MiB, about; what takes longer is put last."""
FINALISTS = 3
WIDENED = 2
"""Learners whose other settings are tried."""

Hands = Callable[[bytes], Sequence[Hand]]
"""Makes hands from a pickle of what ``Judge`` takes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` for the whole search, at most so many ``trials`` (candidates; 0: all), one ``learner`` or "auto".

    ``share`` of the time is the most that one job may take, where what does it can be stopped.
    """

    seconds: float = DEFAULT_S
    trials: int = 0
    learner: str = "auto"
    share: float = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The recommended model and the table it comes from."""

    fitted: Fitted
    board: Board
    cost: Cost


def search(learning: Learning, examples: Examples, execute: Executor, *, measure: Measure | None = None,
           limits: Limits | None = None, journal: Journal | None = None, hands: Hands | None = None,
           watch: Watch = unwatched) -> Found:
    """The best model of a task that keeps the budget ``measure`` stands for.

    Without ``hands`` all is done in this process. A ``journal`` that was begun before is gone on with, and ends as it
    would have ended then. Raises ``UsageError`` where nothing can be learnt and ``Refused`` where nothing that can be
    learnt keeps the budget, each with every reason.
    """
    judge = Judge(learning, examples, execute)
    workers = hands(pickle.dumps((learning, examples, execute))) if hands else (Inline(judge),)
    try:
        return _Search(judge, limits or Limits(), journal or Journal(), workers, watch, measure or Unmeasured()).run()
    finally:
        for worker in workers:
            worker.close()


@dataclass(slots=True, eq=False)
class _Search:
    judge: Judge
    limits: Limits
    journal: Journal
    hands: Sequence[Hand]
    watch: Watch
    measure: Measure
    rows: dict[str, Row] = field(default_factory=dict)
    wholes: dict[str, Pipeline] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)
    before_s: float = 0.0
    doing: str = ""
    ahead: int = 0

    def run(self) -> Found:
        self.before_s = self.journal.spent_s
        entrants = self._entrants()
        self._race(entrants, "judging candidates")
        self._race(self._variants(entrants), "judging settings of the best")
        return self._finished()

    # -- who

    def _entrants(self) -> list[str]:
        """Candidates of the learner asked for, the naive baselines among them."""
        own = [one.name for one in self.judge.entrants]
        wanted = [name for name in own if self.limits.learner in ("auto", name.partition(" ")[0])]
        if not wanted:
            raise UsageError(f"no learner of {self.judge.learning.task} is called {self.limits.learner!r}",
                             where="learner", do=f"use one of: {', '.join(dict.fromkeys(own))}")
        naive = [name for name in own if name.startswith(NAIVE) and name not in wanted]
        return self._admitted([*naive, *wanted])

    def _variants(self, entrants: Sequence[str]) -> list[str]:
        """Other settings of the best learners, in turns, with those they have to beat."""
        best = [name for name in ranked(entrants, self._losses()) if not name.startswith(NAIVE)][:WIDENED]
        lists = [[variant.name for variant in self.judge.candidates[name].variants()] for name in best]
        turns = [names[place] for place in range(max(map(len, lists), default=0)) for names in lists
                 if place < len(names)]
        admitted = self._admitted(turns)
        return [*best, *admitted] if admitted else []

    def _admitted(self, names: Sequence[str]) -> list[str]:
        room = max(self.limits.trials - len(self.rows), 0) if self.limits.trials else len(names)
        for name in names[:room]:
            self.rows[name] = Row(name)
        return list(names[:room])

    # -- the race

    def _race(self, names: Sequence[str], doing: str) -> None:
        self.doing, standing = doing, list(names)
        folds = self.judge.folds
        rounds = rungs(len(folds), len(names), int(folds[0].fit.sum()))
        for place, rung in enumerate(rounds):
            self.ahead = _jobs_ahead(len(standing), len(rounds) - place - 1)
            self._judge([Job(name, rung.fold, rung.share) for name in standing])
            standing = self._still_in(standing, rung)

    def _still_in(self, names: Sequence[str], rung: Rung) -> list[str]:
        """Who goes on after a round; those that failed or were not reached in time do not."""
        there = {name: self.journal.outcomes.get(Job(name, rung.fold, rung.share)) for name in names}
        for name, outcome in there.items():
            if outcome is not None and outcome.reason:
                self._set(name, state="failed", reason=outcome.reason)
        judged = {name: outcome for name, outcome in there.items() if outcome is not None and not outcome.reason}
        full = {name: self.rows[name].losses[:rung.fold + 1] for name in judged}
        losses = full if rung.share == 1.0 else {name: (outcome.loss,) for name, outcome in judged.items()}
        standing, out = survivors([name for name in names if name in judged], losses)
        for name, reason in out.items():
            self._set(name, state="out", reason=reason)
        return standing

    def _judge(self, jobs: Sequence[Job], *, whatever_the_time: bool = False) -> None:
        """Outcomes of the jobs into the rows, from the journal where it has them."""
        known = self.journal.outcomes
        new = [job for job in jobs if job not in known
               and self.limits.seconds > self.journal.cut.get(job, 0.0)]
        for job in jobs:
            if job in known:
                self._take(job, known[job])
        left, limit = len(new), max(self.limits.seconds * self.limits.share, 1.0)
        self._tell(left)
        late = (lambda: False) if whatever_the_time else self._out_of_time
        for job, outcome in spread(new, self.hands, lambda job: self.judge.candidates[job.name].front_name, limit,
                                   late):
            self.journal.judged(job, outcome, self._spent())
            self._take(job, outcome)
            left -= 1
            self._tell(left)
        cut = [job for job in jobs if job not in known]
        if any(self.journal.cut.get(job) != self.limits.seconds for job in cut):
            self.journal.passed_over(cut, self.limits.seconds, self._spent())
        for job in cut:
            row = self.rows[job.name]
            self._set(job.name, reason=row.reason or "there was no time left for it")

    def _take(self, job: Job, outcome: Outcome) -> None:
        row = self.rows[job.name]
        if job.share < 1.0 or outcome.reason:
            self._set(job.name, seconds=row.seconds + outcome.seconds)
        elif len(row.losses) == job.fold:
            self._set(job.name, losses=(*row.losses, outcome.loss), seconds=row.seconds + outcome.seconds,
                      state="in the race")

    # -- the end

    def _finished(self) -> Found:
        self.doing, self.ahead = "measuring the best on the target", 0
        finalists = self._finalists()
        if not finalists:
            self._give_up()
        best, reason = chosen(sorted(finalists, key=mean))
        self._set(best.name, state="recommended", reason="")
        self.doing = f"learning {best.name} from all rows"
        self._tell(0)
        whole, judge = self._whole(best.name), self.judge
        cost = self._as_measured(best.name, whole.graph(WITH_VALUE))
        fitted = described(judge.learning, judge.candidates[best.name], whole, judge.examples, judge.held_out,
                           judge.execute, why(best, list(self.rows.values()), reason), self._trials())
        self.doing = DONE
        self._tell(0)
        return Found(fitted, self._board(0), cost)

    def _finalists(self) -> list[Finalist]:
        """Down the ranking until ``FINALISTS`` keep the budget, or one does and the time is over.

        One that looks too large is left to the end, when it is measured if nothing else keeps the budget.
        """
        found: list[Finalist] = []
        waiting = [(name, "") for name in self._in_line()]
        while waiting and not self._enough(found, waiting[0][0]):
            name, large = waiting.pop(0)
            self._tell(FINALISTS - len(found))
            if name not in self.journal.measures:
                if not large and (large := self._too_long(name)):
                    waiting.append((name, large))
                    continue
                graph = self._whole(name).graph(WITH_VALUE)
                if not large and (large := self.measure.too_large(graph)):
                    waiting.append((name, large))
                    continue
                self._measure(name, graph)
            if self._keeps(name) and self._judged_in_full(name):
                found.append(Finalist(name, self.rows[name].losses, self.journal.measures[name].graph_bytes))
        for name, large in waiting:
            if large:
                self._set(name, state="out", reason=f"not measured: {large}")
        return found

    def _in_line(self) -> list[str]:
        """Candidates by their losses; a naive one that is not the best is only for want of others."""
        order = [name for name in ranked(list(self.rows), self._losses()) if self.rows[name].state != "failed"]
        return sorted(order, key=lambda name: name.startswith(NAIVE) and name != order[0])

    def _enough(self, found: Sequence[Finalist], coming: str) -> bool:
        """Whether the next one need not be measured: those that left the race are for want of others."""
        left_the_race = len(self.rows[coming].losses) < len(self.judge.folds) or coming.startswith(NAIVE)
        return len(found) == FINALISTS or (bool(found) and (left_the_race or self._spent() >= self.limits.seconds))

    def _too_long(self, name: str) -> str:
        """Why there is hardly time to measure a candidate, by the size of its head; nothing where there is."""
        sizes = [outcome.head_bytes for job, outcome in self.journal.outcomes.items() if job.name == name]
        mebibytes, left = max(sizes, default=0) / 2**20, self.limits.seconds - self._spent()
        if CERTIFYING * mebibytes <= max(left, CERTIFYING):
            return ""
        return f"a graph of {mebibytes:.0f} MiB takes longer to certify than the {max(left, 0.0):.0f} s that are left"

    def _measure(self, name: str, graph: bytes) -> None:
        digest, window = hashlib.sha256(graph).hexdigest(), self.judge.learning.window(self.judge.candidates[name])
        try:
            found = Measured(digest, len(graph), self.measure(graph, window))
        except Refused as refused:
            found = Measured(digest, len(graph), reason=str(refused))
        self.journal.measured(name, found, self._spent())

    def _keeps(self, name: str) -> bool:
        found = self.journal.measures[name]
        self._set(name, state="measured" if found.cost else "over budget", cost=found.cost, reason=found.reason)
        return found.cost is not None

    def _as_measured(self, name: str, graph: bytes) -> Cost:
        """The cost of this very graph; one that came out otherwise than when it was measured is measured again."""
        if self.journal.measures[name].graph != hashlib.sha256(graph).hexdigest():
            self._measure(name, graph)
        found = self.journal.measures[name]
        if found.cost is None:
            raise Refused(found.reason, where=name)
        return found.cost

    def _judged_in_full(self, name: str) -> bool:
        """Whether the candidate has a loss on every fold, judged now where it had left the race."""
        missing = range(len(self.rows[name].losses), len(self.judge.folds))
        if missing:
            self._judge([Job(name, fold) for fold in missing], whatever_the_time=not self._out_of_time())
        return bool(self.rows[name].losses)

    def _whole(self, name: str) -> Pipeline:
        """The candidate learnt from all rows, with its tail; what was learnt once is kept."""
        if name not in self.wholes:
            judge = self.judge
            self.wholes[name] = learnt(judge.learning, judge.candidates[name], judge.examples, judge.held_out,
                                       judge.execute)
        return self.wholes[name]

    def _give_up(self) -> None:
        told = "; ".join(f"{row.name}: {row.reason}" for row in self.rows.values() if row.reason)
        if any(row.state == "over budget" for row in self.rows.values()):
            raise Refused(f"no candidate keeps the budget: {told}", where=str(self.judge.learning.task),
                          do="choose another target, a larger budget, or fewer tags")
        raise UsageError(told or "no candidate could be judged in time", where="learner",
                         do="look at the data, or give more time")

    def _trials(self) -> list[Trial]:
        return [trial(row) for row in in_order(list(self.rows.values()))]

    # -- what is told

    def _set(self, name: str, **values: object) -> None:
        self.rows[name] = replace(self.rows[name], **values)  # type: ignore[arg-type]

    def _losses(self) -> dict[str, tuple[float, ...]]:
        return {name: row.losses for name, row in self.rows.items()}

    def _spent(self) -> float:
        return self.before_s + time.monotonic() - self.begun

    def _out_of_time(self) -> bool:
        return self._spent() >= RACING * self.limits.seconds

    def _tell(self, left: int) -> None:
        self.watch(self._board(left))

    def _board(self, left: int) -> Board:
        times = [outcome.seconds for outcome in self.journal.outcomes.values()]
        each = sum(times) / len(times) if times else 0.0
        rest = (left + self.ahead) * each / len(self.hands) + 2 * FINALISTS * each
        spent = self._spent()
        left_s = 0.0 if self.doing == DONE else min(rest, max(self.limits.seconds - spent, 0.0))
        return Board(in_order(list(self.rows.values())), len(self.judge.folds), spent, left_s, left + self.ahead,
                     self.doing)


def trial(row: Row) -> Trial:
    """A row as a model's card lists it."""
    low, high = over_seeds(row.losses) if row.losses else (float("inf"), float("inf"))
    return Trial(row.name, row.loss, low, high, row.losses, row.seconds, row.reason)


def _jobs_ahead(standing: int, rounds: int) -> int:
    """Jobs of the rounds to come if each keeps the better half."""
    total = 0
    for _ in range(rounds):
        standing = min(standing, max(FINALISTS, -(-standing // 2)))
        total += standing
    return total
