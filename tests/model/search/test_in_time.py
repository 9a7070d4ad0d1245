"""A search ends in its time with a model, by a clock that candidates of made seconds turn by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.search.small import Small, examples

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import Refused
from lineshaft.model.search.board import Board
from lineshaft.model.search.cost import Cost
from lineshaft.model.search.course import LEAST_S
from lineshaft.model.search.finale import Found
from lineshaft.model.search.hands import Inline
from lineshaft.model.search.job import Job, Outcome
from lineshaft.model.search.journal import Journal
from lineshaft.model.search.judge import Judge, Whole
from lineshaft.model.search.limits import NO_TIME, Limits
from lineshaft.model.search.plan import in_turns, learning_left, race_left
from lineshaft.model.search.run import search

TASK = Small(learners=("ridge", "trees", "neighbours"))
GIVEN = examples()


@cache
def judge() -> Judge:
    return Judge(TASK, GIVEN, execute)


@cache
def judged(job: Job) -> Outcome:
    return judge()(job)


@cache
def whole(name: str) -> Whole:
    return judge().whole(name)


NAMES = tuple(judge().candidates)


@dataclass
class Slow:
    """A hand and a target in which everything takes made seconds of one clock.

    ``folds`` and ``wholes`` are seconds by name; a graph takes ``measuring``.
    """

    folds: dict[str, float] = field(default_factory=dict)
    wholes: dict[str, float] = field(default_factory=dict)
    measuring: float = 3.0
    renewing: float = 0.0
    at: float = 0.0
    begun: list[str] = field(default_factory=list)
    refuses: str = ""
    stoppable: ClassVar[bool] = True

    def do(self, work: Callable[[Judge], Any], limit_s: float) -> Any:
        assert isinstance(work, partial) and limit_s > 0.0
        if work.func is Judge.__call__:
            job = work.keywords["job"]
            seconds = self.folds.get(job.name, 1.0)
            self._passes(job.name, seconds, limit_s)
            return Outcome.of(judged(job).loss, seconds, said_seconds=0.01 * seconds)
        name = work.keywords["name"]
        seconds = self.wholes.get(name, 5.0)
        self._passes(f"whole {name}", seconds, limit_s)
        return Whole(whole(name).graph, whole(name).held_out, seconds)

    def renew(self) -> None:
        self.at += self.renewing

    def close(self) -> None:
        """Nothing to end."""

    def __call__(self, graph: bytes, window: int) -> Cost:
        self.at += self.measuring
        if self.refuses and graph == whole(self.refuses).graph:
            raise Refused("it holds too much")
        return Cost("c", flash_bytes=len(graph))

    def too_large(self, graph: bytes) -> str:
        return ""

    def _passes(self, what: str, seconds: float, limit_s: float) -> None:
        self.begun.append(what)
        self.at += min(seconds, limit_s)
        if seconds > limit_s:
            raise TimeoutError


def found(slow: Slow, seconds: float = 600.0, **more: Any) -> Found:
    limits = Limits(seconds, **more.pop("limits", {}))
    return search(TASK, GIVEN, execute, measure=slow, limits=limits, hands=lambda _: [slow], now=lambda: slow.at,
                  **more)


@settings(max_examples=8, deadline=None)
@given(folds=st.fixed_dictionaries({name: st.floats(0.1, 400.0) for name in NAMES if name != "naive mean"}),
       wholes=st.fixed_dictionaries({name: st.floats(0.5, 4000.0) for name in NAMES if name != "naive mean"}),
       measuring=st.floats(0.1, 6.0), before=st.floats(0.0, 60.0))
def test_whatever_candidates_take_a_search_ends_in_its_time_with_a_model(
        folds: dict[str, float], wholes: dict[str, float], measuring: float, before: float) -> None:
    slow = Slow({"naive mean": 1.0, **folds}, {"naive mean": 2.0, **wholes}, measuring, renewing=0.5)
    one = found(slow, limits={"before_s": before, "after_s": 5.0})
    assert one.fitted.learner in NAMES
    assert before + slow.at <= 600.0


def test_nothing_that_ends_in_time_changes_what_is_recommended() -> None:
    quick = Slow()
    one, plain = found(quick), search(TASK, GIVEN, execute, measure=Slow())
    assert one.fitted.graph == plain.fitted.graph and one.fitted.why == plain.fitted.why
    assert NO_TIME not in {row.reason for row in one.board.rows}


def test_the_best_that_never_ends_is_ended_and_the_next_best_is_recommended() -> None:
    best = found(Slow()).fitted.learner
    slow = Slow(wholes={best: 1e6})
    one = found(slow)
    assert one.fitted.learner not in (best, "naive mean") and slow.at <= 600.0
    assert re.search("did not end in the .* s that were left",
                     next(row.reason for row in one.board.rows if row.name == best))


def test_even_when_nothing_but_the_naive_one_ends_there_is_a_model() -> None:
    slow = Slow(dict.fromkeys(NAMES[1:], 1000000.0), dict.fromkeys(NAMES[1:], 1000000.0))
    one = found(slow, seconds=60.0)
    assert one.fitted.learner == "naive mean" and slow.at <= 60.0


def test_a_second_is_too_little_and_the_first_candidate_is_learnt_all_the_same() -> None:
    slow = Slow({"naive mean": 4.0}, {"naive mean": 9.0})
    one = found(slow, seconds=1.0)
    assert one.fitted.learner == "naive mean" and slow.at <= 2 * LEAST_S
    assert "there was no time to judge" in one.fitted.why


def test_where_the_naive_one_breaks_the_budget_another_one_is_measured_whatever_the_time() -> None:
    slow = Slow(dict.fromkeys(NAMES, 10.0), dict.fromkeys(NAMES, 20.0), 40.0, refuses="naive mean")
    assert found(slow, seconds=100.0).fitted.learner != "naive mean"


def test_quick_candidates_are_judged_before_slow_ones_once_that_is_known() -> None:
    names = [one.name for one in judge().entrants]
    slow = Slow({name: 20.0 - place for place, name in enumerate(names)})
    found(slow)
    second = [name for name in slow.begun[len(names):] if name in names]
    first_round = second[:second.index(second[-1]) + 1][:4]
    fronts = [judge().candidates[name].front_name for name in first_round]
    for front in set(fronts):
        own = [slow.folds[name] for name in first_round if judge().candidates[name].front_name == front]
        assert own == sorted(own)


def test_a_slow_one_that_nobody_knows_lets_those_behind_it_pass_and_is_judged_after_them() -> None:
    first = judge().entrants[1].name
    slow = Slow({first: 70.0})
    found(slow, seconds=200.0, limits={"share": 1.0})
    again = [place for place, name in enumerate(slow.begun) if name == first]
    assert len(again) >= 2 and set(slow.begun[again[0]:again[1]]) >= {one.name for one in judge().entrants[2:4]}


def test_in_one_process_what_surely_does_not_end_is_not_begun() -> None:
    class Waits(Slow, Inline):
        stoppable: ClassVar[bool] = False

        def _passes(self, what: str, seconds: float, limit_s: float) -> None:
            self.begun.append(what)
            self.at += seconds

    dear = {name: 30.0 for name in NAMES if "trees" in name}
    slow = Waits(dear, dict.fromkeys(dear, 30.0 * 40))
    one = found(slow, seconds=200.0)
    assert not any(what.startswith("whole trees") for what in slow.begun)
    assert slow.at <= 200.0 and one.fitted.learner not in dear


def test_a_search_cut_short_and_gone_on_with_more_time_ends_as_one_that_had_it_from_the_start() -> None:
    journal = Journal()
    found(Slow(dict.fromkeys(NAMES, 12.0)), seconds=60.0, journal=journal)
    after = found(Slow(dict.fromkeys(NAMES, 12.0)), seconds=6000.0, journal=journal)
    assert after.fitted.graph == found(Slow(), seconds=6000.0).fitted.graph


def test_a_race_cut_in_the_middle_of_a_fold_compares_candidates_on_the_folds_they_share() -> None:
    best = found(Slow()).fitted.learner
    slow = Slow({name: 30.0 if name == best else 10.0 for name in NAMES})
    one = found(slow, seconds=150.0)
    assert any(0 < len(row.losses) < one.board.folds for row in one.board.rows if row.reason == NO_TIME)
    assert one.fitted.learner.partition(" ")[2].startswith("three")


def test_the_bar_never_says_more_than_what_is_left_and_says_none_at_the_end() -> None:
    boards: list[tuple[float, Board]] = []
    slow = Slow(dict.fromkeys(NAMES, 12.0), dict.fromkeys(NAMES, 30.0))
    found(slow, watch=lambda board: boards.append((slow.at, board)))
    for at, board in boards[:-1]:
        assert 0.0 <= board.left_s <= board.most_s == pytest.approx(600.0 - at)
    assert boards[-1][1].left_s == boards[-1][1].most_s == 0.0
    rather_late = [(at, board) for at, board in boards if at > slow.at / 2]
    assert all(board.left_s <= 3 * (slow.at - at) + 60.0 for at, board in rather_late)


@given(seconds=st.floats(1.0, 1e4), spent=st.floats(0.0, 1e4), left=st.floats(-10.0, 1e4),
       after=st.lists(st.floats(0.0, 1e5)))
def test_a_race_leaves_time_for_what_comes_after_it(seconds: float, spent: float, left: float, after: list[float]
                                                    ) -> None:
    race = race_left(seconds, spent, left, after)
    assert race <= left - min(sum(after), 0.6 * seconds) + 1e-9 and race <= 0.7 * seconds - spent + 1e-9


@given(costs=st.lists(st.floats(0.1, 500.0), min_size=1, max_size=9), left=st.floats(0.0, 1000.0))
def test_one_that_surely_ends_goes_first_where_not_all_do(costs: list[float], left: float) -> None:
    line = [str(place) for place in range(len(costs))]
    turns = in_turns(line, dict(zip(line, costs, strict=True)), left, 3)
    assert sorted(turns) == sorted(line)
    sure = [cost for cost in costs if 2 * cost <= left]
    assert costs[int(turns[0])] == (sure[0] if sure else min(costs)) or turns == line


@given(left=st.floats(0.0, 1000.0), own=st.floats(0.0, 2000.0), others=st.lists(st.floats(0.0, 2000.0)))
def test_time_for_another_one_is_kept_but_no_more_than_half(left: float, own: float, others: list[float]) -> None:
    found = learning_left(left, own, others)
    assert left / 2 <= found <= left and (2 * own > left or found >= 2 * own)
