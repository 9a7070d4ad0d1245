"""Where a search stands: what is known of each candidate, how much time is left, and what a person is told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from lineshaft.model.pipeline import abreast
from lineshaft.model.search.board import DONE, Board, Row, Watch, in_order
from lineshaft.model.search.hands import Hand, Turn, spread
from lineshaft.model.search.job import Job, Outcome
from lineshaft.model.search.journal import Journal
from lineshaft.model.search.judge import Judge
from lineshaft.model.search.limits import NO_TIME, Limits
from lineshaft.model.search.pace import Pace, Size
from lineshaft.model.search.plan import pass_after, race_left
from lineshaft.model.search.race import ranked

FINALISTS = 3
LEAST_S = 30.0
"""What the first job and the last resort may take whatever the time: a search ends with a model."""


@dataclass(slots=True, eq=False)
class Course:
    """A search under way, ``begun`` at a moment of ``now``, which reads seconds that only grow.

    ``certifies`` says whether graphs are measured on a target, which takes its time.
    """

    judge: Judge
    limits: Limits
    journal: Journal
    hands: Sequence[Hand]
    watch: Watch
    now: Callable[[], float]
    begun: float
    certifies: bool
    rows: dict[str, Row] = field(default_factory=dict)
    doing: str = ""
    ahead: int = 0
    _before_s: float = field(init=False)
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self._before_s = self.journal.spent_s
        judge, size = self.judge, self.judge.examples.known & ~self.judge.held_out
        self.pace = Pace(self.journal.outcomes, self.journal.measures, self.front, partial(_size, judge),
                         Size(int(size.sum()), len(judge.examples)), abreast(judge.examples.dataset.run),
                         self.certifies)

    def spent(self) -> float:
        """Seconds of this search, those before it was cut off too."""
        return self._before_s + self.now() - self.begun

    def left(self) -> float:
        """Seconds until the model is to be there."""
        limits = self.limits
        return limits.seconds - limits.before_s - limits.after_s - (self.now() - self.begun)

    def front(self, name: str) -> str:
        """The front that a candidate shares with others."""
        return self.judge.candidates[name].front_name

    # -- judging

    def judged(self, jobs: Sequence[Job], *, racing: bool = True) -> None:
        """Outcomes of the jobs into the rows, from the journal where it has them; quick ones are done first.

        The race's end bounds what begins, and how long it may take; the end of all, where it is not ``racing``.
        """
        known, limit = self.journal.outcomes, self.limits.seconds
        for job in jobs:
            if job in known:
                self._take(job, known[job])
        cut = self.journal.cut if racing else {}
        waiting = sorted((job for job in jobs if job not in known and limit > cut.get(job, 0.0)), key=self.pace.turn)
        self.tell(waiting)
        for passing in (True, False):
            self._spread(waiting, self._race_left if racing else self.left, passing)
        self._cut([job for job in jobs if job not in known])

    def _spread(self, waiting: list[Job], time_left: Callable[[], float], passing: bool) -> None:
        """Do what waits; where ``passing``, one that turns out slow is left for when the others were done."""
        allot = partial(self._turn, time_left=time_left, passing=passing and len(waiting) > 1)
        for job, outcome in spread(list(waiting), self.hands, lambda job: self.front(job.name), allot):
            self.journal.judged(job, outcome, self.spent())
            self._take(job, outcome)
            waiting.remove(job)
            self.tell(waiting)

    def _turn(self, job: Job, time_left: Callable[[], float], passing: bool) -> Turn | None:
        share = max(self.limits.seconds * self.limits.share, 1.0)
        if not any(not one.reason for one in self.journal.outcomes.values()):
            return Turn(max(share, LEAST_S))
        left, expected = time_left(), self.pace.job(job)
        if left <= 0.0 or (expected or 0.0) > left:
            return None
        if expected is None and passing:
            left = pass_after(left, self.pace.mean_job())
        return Turn(share) if share <= left else Turn(left, share=False)

    def _race_left(self) -> float:
        return race_left(self.limits.seconds, self.spent(), self.left(), self._ends())

    def _cut(self, jobs: Sequence[Job]) -> None:
        if any(self.journal.cut.get(job) != self.limits.seconds for job in jobs):
            self.journal.passed_over(list(jobs), self.limits.seconds, self.spent())
        for job in jobs:
            self.set(job.name, reason=self.rows[job.name].reason or NO_TIME)

    def _take(self, job: Job, outcome: Outcome) -> None:
        row = self.rows[job.name]
        if job.share < 1.0 or outcome.reason:
            self.set(job.name, seconds=row.seconds + outcome.seconds)
        elif len(row.losses) == job.fold:
            self.set(job.name, losses=(*row.losses, outcome.loss), seconds=row.seconds + outcome.seconds,
                     state="in the race")

    # -- what is known and told

    def losses(self) -> dict[str, tuple[float, ...]]:
        """Of each candidate, fold by fold."""
        return {name: row.losses for name, row in self.rows.items()}

    def best(self) -> list[str]:
        """Candidates by their losses so far, without those that failed.

        Where the time cut the race short, by the losses on those folds that were judged of all whom it cut.
        """
        losses = {name: row.losses for name, row in self.rows.items() if row.losses and row.state != "failed"}
        common = min((len(own) for name, own in losses.items() if self.rows[name].reason == NO_TIME), default=None)
        return ranked(list(losses), {name: own[:common] for name, own in losses.items()})

    def ends(self) -> float:
        """Seconds that measuring and learning the best so far will take."""
        return sum(self._ends())

    def _ends(self) -> list[float]:
        return [self.pace.end(name) for name in self.best()[:FINALISTS]]

    def set(self, name: str, **values: object) -> None:
        """Fields of a row."""
        self.rows[name] = replace(self.rows[name], **values)  # type: ignore[arg-type]

    def tell(self, coming: Sequence[Job] = (), after: float | None = None) -> None:
        """Tell who watches: jobs that are ``coming``, and seconds ``after`` them (those of the best unless said)."""
        self.watch(self.board(coming, self.ends() if after is None else after))

    def board(self, coming: Sequence[Job] = (), after: float = 0.0) -> Board:
        """All rows and how far it is."""
        done = self.doing == DONE
        most = 0.0 if done else max(self.left() + self.limits.after_s, 0.0)
        racing = (self.pace.jobs(coming) + self.ahead * self.pace.mean_job()) / len(self.hands)
        left = min(min(racing, max(self._race_left(), 0.0)) + after + self.limits.after_s, most)
        return Board(in_order(list(self.rows.values())), len(self.judge.folds), self.spent(), 0.0 if done else left,
                     len(coming) + self.ahead, self.doing, most)


def _size(judge: Judge, job: Job) -> Size:
    fold = judge.folds[job.fold]
    return Size(round(int(fold.fit.sum()) * job.share), int(fold.judge.sum()))
