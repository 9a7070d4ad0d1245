"""The end of a search: the best candidates are learnt whole and measured, and one of them is recommended."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from lineshaft.core.errors import LineshaftError, Refused, UsageError
from lineshaft.model.answer import Fitted
from lineshaft.model.learning import described
from lineshaft.model.search.board import DONE, Board, in_order, trial
from lineshaft.model.search.choose import Finalist, chosen, mean, why
from lineshaft.model.search.cost import Cost, Measure
from lineshaft.model.search.course import FINALISTS, LEAST_S, Course
from lineshaft.model.search.hands import Lost, asked
from lineshaft.model.search.job import Job
from lineshaft.model.search.journal import Measured
from lineshaft.model.search.judge import Judge, Whole
from lineshaft.model.search.limits import NO_TIME
from lineshaft.model.search.plan import SURE, in_turns, learning_left
from lineshaft.model.search.race import NAIVE


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The recommended model and the table it comes from."""

    fitted: Fitted
    board: Board
    cost: Cost


@dataclass(slots=True, eq=False)
class Finale:
    """Learns, measures and chooses in the time that a race left.

    ``waiting`` are candidates whose turn comes, ``later`` says of those that were put off why.
    """

    course: Course
    measure: Measure
    found: list[Finalist] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    later: dict[str, str] = field(default_factory=dict)
    wholes: dict[str, Whole] = field(default_factory=dict)

    def run(self) -> Found:
        self.course.doing, self.course.ahead = "measuring the best on the target", 0
        self._finalists()
        self.waiting.clear()
        while self.found:
            best, reason = _chosen(self.found)
            self.found.remove(best)
            self.course.doing = f"learning {best.name} from all rows"
            if whole := self._whole(best.name, last=not self.found):
                return self._recommended(best, whole, reason)
        raise self._nothing()

    def _recommended(self, best: Finalist, whole: Whole, reason: str) -> Found:
        course, judge = self.course, self.course.judge
        course.set(best.name, state="recommended", reason="")
        course.tell(after=0.0)
        cost = self._as_measured(best.name, whole.graph)
        rows = in_order(list(course.rows.values()))
        late = sum(row.reason == NO_TIME for row in rows)
        told = [why(best, list(course.rows.values()), reason),
                f"there was no time to judge {late} of {len(rows)} candidates in full" if late else ""]
        fitted = described(judge.learning, judge.candidates[best.name], whole.graph, judge.examples, whole.held_out,
                           "; ".join(filter(None, told)), [trial(row) for row in rows])
        course.doing = DONE
        course.tell(after=0.0)
        return Found(fitted, course.board(), cost)

    # -- who is measured

    def _finalists(self) -> None:
        """Down the ranking until ``FINALISTS`` keep the budget, or one does and the time is over.

        One that looks too large, or for which there is hardly time, is left to the end, when it is measured if nothing
        else keeps the budget.
        """
        course, order = self.course, self._in_line()
        expected = {name: course.pace.end(name) for name in order}
        self.waiting = in_turns(order, expected, course.left(), FINALISTS)
        while self.waiting and not self._enough(self.waiting[0]):
            course.tell(after=sum(expected[name] for name in self.waiting[:FINALISTS - len(self.found)]))
            name = self._next(expected)
            if name not in course.journal.measures:
                self._try(name)
            if name in course.journal.measures and self._keeps(name) and self._judged_in_full(name):
                self.found.append(Finalist(name, course.rows[name].losses, course.journal.measures[name].graph_bytes))
        for name in self.waiting:
            if name in self.later:
                course.set(name, state="out", reason=f"not measured: {self.later[name]}")

    def _next(self, expected: Mapping[str, float]) -> str:
        """The first who waits; the quickest where all were put off and nothing is there."""
        put_off = not self.found and all(name in self.later for name in self.waiting)
        name = min(self.waiting, key=lambda name: expected[name]) if put_off else self.waiting[0]
        self.waiting.remove(name)
        return name

    def _in_line(self) -> list[str]:
        """Candidates by their losses; a naive one that is not the best is only for want of others."""
        order = self.course.best()
        return sorted(order, key=lambda name: name.startswith(NAIVE) and name != order[0])

    def _enough(self, coming: str) -> bool:
        """Whether the next one need not be measured: those that left the race are for want of others."""
        left_the_race = len(self.course.rows[coming].losses) < len(self.course.judge.folds) or coming.startswith(NAIVE)
        return len(self.found) == FINALISTS or (bool(self.found) and (left_the_race or self.course.left() <= 0.0))

    def _try(self, name: str) -> None:
        """Learn and measure a candidate, or put it off."""
        last = name in self.later and not self.found
        if not last and (late := self._no_time(name)):
            return self._put_off(name, late)
        whole = self._whole(name, last=last)
        if whole is None:
            return None
        if name not in self.later and (large := self.measure.too_large(whole.graph)):
            return self._put_off(name, large)
        if not last and (late := self._no_time(name)):
            return self._put_off(name, late)
        return self._measure(name, whole.graph)

    def _put_off(self, name: str, reason: str) -> None:
        if name in self.later:
            self.course.set(name, state="out", reason=f"not measured: {reason}")
        else:
            self.waiting.append(name)
        self.later[name] = reason

    def _no_time(self, name: str) -> str:
        """Why there is hardly time to learn and measure a candidate; nothing where there is."""
        pace, left = self.course.pace, self._learning_left(name)
        learning = 0.0 if name in self.wholes else pace.whole(name) or 0.0
        learning *= 1.0 if self.course.hands[0].stoppable else SURE
        if learning + pace.measuring(name) <= left:
            return ""
        return (f"learning and certifying it takes about {learning + pace.measuring(name):.0f} s, and "
                f"{max(left, 0.0):.0f} s are left for it")

    def _learning_left(self, name: str) -> float:
        """Seconds that learning and measuring one more may take; where one is found, it is all that is left."""
        pace = self.course.pace
        others = [] if self.found else [pace.end(one) for one in self.waiting if one not in self.later]
        return learning_left(self.course.left(), pace.end(name), others)

    # -- learning and measuring one

    def _whole(self, name: str, *, last: bool) -> Whole | None:
        """The candidate learnt from all rows, what was learnt once being kept; None where it could not be in time."""
        if name not in self.wholes:
            left = self._learning_left(name) - self.course.pace.measuring(name)
            limit = max(self.course.left(), LEAST_S) if last else max(left, 1.0)
            try:
                whole = asked(self.course.hands[0], partial(Judge.whole, name=name), limit)
            except TimeoutError:
                whole = Whole(reason=f"learning it from all rows did not end in the {limit:.0f} s that were left")
            except Lost as lost:
                whole = Whole(reason=str(lost))
            self.wholes[name] = whole
            if whole.graph:
                self.course.pace.wholes[name] = whole.seconds
            else:
                self.course.pace.ended[name] = limit
                self.course.set(name, state="failed", reason=whole.reason)
        return self.wholes[name] if self.wholes[name].graph else None

    def _measure(self, name: str, graph: bytes) -> None:
        course, begun = self.course, self.course.now()
        digest, window = hashlib.sha256(graph).hexdigest(), course.judge.learning.window(course.judge.candidates[name])
        try:
            cost, reason = self.measure(graph, window), ""
        except Refused as refused:
            cost, reason = None, str(refused)
        course.journal.measured(name, Measured(digest, len(graph), cost, reason, course.now() - begun), course.spent())

    def _keeps(self, name: str) -> bool:
        found = self.course.journal.measures[name]
        self.course.set(name, state="measured" if found.cost else "over budget", cost=found.cost, reason=found.reason)
        return found.cost is not None

    def _as_measured(self, name: str, graph: bytes) -> Cost:
        """The cost of this very graph; one that came out otherwise than when it was measured is measured again."""
        if self.course.journal.measures[name].graph != hashlib.sha256(graph).hexdigest():
            self._measure(name, graph)
        found = self.course.journal.measures[name]
        if found.cost is None:
            raise Refused(found.reason, where=name)
        return found.cost

    def _judged_in_full(self, name: str) -> bool:
        """Whether the candidate has a loss on every fold, judged now where it had left the race and there is time."""
        rows = self.course.rows
        missing = range(len(rows[name].losses), len(self.course.judge.folds))
        if missing:
            self.course.judged([Job(name, fold) for fold in missing], racing=False)
        return bool(rows[name].losses)

    def _nothing(self) -> LineshaftError:
        rows = self.course.rows.values()
        told = "; ".join(f"{row.name}: {row.reason}" for row in rows if row.reason)
        if any(row.state == "over budget" for row in rows):
            return Refused(f"no candidate keeps the budget: {told}", where=str(self.course.judge.learning.task),
                           do="choose another target, a larger budget, or fewer tags")
        return UsageError(told or "no candidate could be judged in time", where="learner",
                          do="look at the data, or give more time")


def _chosen(found: Sequence[Finalist]) -> tuple[Finalist, str]:
    """By the folds that all of them were judged on: losses on others say nothing beside them."""
    common = min(len(one.losses) for one in found)
    best, reason = chosen(sorted((replace(one, losses=one.losses[:common]) for one in found), key=mean))
    return next(one for one in found if one.name == best.name), reason
