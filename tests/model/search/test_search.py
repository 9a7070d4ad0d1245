"""The search: what it recommends, what it refuses, and that neither crashes nor workers change it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.model.search.small import Small, examples

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import Refused, UsageError
from lineshaft.model.learning import train
from lineshaft.model.search.board import Board
from lineshaft.model.search.cost import Cost
from lineshaft.model.search.finale import Found
from lineshaft.model.search.job import Job
from lineshaft.model.search.journal import Journal
from lineshaft.model.search.judge import Judge
from lineshaft.model.search.limits import Limits
from lineshaft.model.search.processes import Process
from lineshaft.model.search.run import search

BAD = ("raises", "nan")


def found(learning: Small | None = None, **given: object) -> Found:
    return search(learning or Small(), examples(), execute, **given)  # type: ignore[arg-type]


def same(one: Found, other: Found) -> bool:
    """The same model, reasons and losses; times are nobody's promise."""
    table = [[(row.name, row.losses, row.state, row.reason) for row in each.board.rows] for each in (one, other)]
    return one.fitted.graph == other.fitted.graph and one.fitted.why == other.fitted.why and table[0] == table[1]


class Limit:
    """A target on which a graph over ``most`` bytes is refused; a graph over ``guess`` looks too large."""

    def __init__(self, most: int, guess: int = 10**9) -> None:
        self.most, self.guess, self.seen = most, guess, list[int]()

    def __call__(self, graph: bytes, window: int) -> Cost:
        self.seen.append(len(graph))
        if len(graph) > self.most:
            raise Refused(f"it needs {len(graph)} bytes of flash, more than the {self.most} there are")
        return Cost("c", flash_bytes=len(graph))

    def too_large(self, graph: bytes) -> str:
        return f"{len(graph)} bytes look like too much" if len(graph) > self.guess else ""


def test_the_learner_that_fits_the_data_is_recommended_beside_the_naive_baseline_and_the_next_best() -> None:
    one = found()
    assert one.fitted.learner.startswith("ridge three")
    assert "the naive baseline naive mean" in one.fitted.why and "the next best" in one.fitted.why
    assert one.board.rows[0].state == "recommended" and one.board.rows[0].name == one.fitted.learner
    assert one.fitted.figures["wires"] == 8


def test_a_front_shared_by_candidates_gives_the_losses_of_the_whole_graphs() -> None:
    judge = Judge(Small(learners=("ridge", "trees")), examples(), execute)
    whole = {trial.name: trial.folds for trial in train(judge.learning, examples(), execute).trials}
    for name, losses in whole.items():
        shared = [judge(Job(name, fold)).loss for fold in range(len(judge.folds))]
        np.testing.assert_allclose(shared, losses, rtol=1e-4)


def test_racing_recommends_what_judging_everything_would() -> None:
    everything = train(Small(), examples(), execute)
    assert found(limits=Limits(trials=3)).fitted.learner == everything.learner


def test_a_candidate_that_raises_or_says_nan_is_left_out_with_its_reason_and_changes_nothing_else() -> None:
    plain, one = found(), found(Small(bad=BAD))
    reasons = {row.name: row.reason for row in one.board.rows if row.state == "failed"}
    assert "ArithmeticError: a division that nobody thought of" in reasons["bad raises"]
    assert reasons["bad nan"] == "its loss is not a number"
    assert one.fitted.graph == plain.fitted.graph


def test_a_graph_over_the_budget_is_passed_over_with_figure_and_limit() -> None:
    free = found(measure=Limit(10**9))
    sizes = sorted({row.cost.flash_bytes for row in free.board.rows if row.cost})
    tight = Limit(sizes[0])
    one = found(measure=tight)
    assert one.fitted.learner != free.fitted.learner or len(sizes) == 1
    for row in one.board.rows:
        if row.state == "over budget":
            assert f"more than the {sizes[0]} there are" in row.reason and row.name in one.fitted.why


def test_when_nothing_keeps_the_budget_every_candidate_was_measured_and_says_why() -> None:
    with pytest.raises(Refused, match=r"naive mean: it needs \d+ bytes of flash, more than the 10 there are"):
        found(measure=Limit(10, guess=0))


def test_what_looks_too_large_is_measured_when_nothing_else_keeps_the_budget() -> None:
    guessed = Limit(10**9, guess=0)
    one = found(measure=guessed)
    assert guessed.seen and one.cost.flash_bytes in guessed.seen


def test_a_learner_that_is_asked_for_is_judged_beside_the_naive_baseline_alone() -> None:
    one = found(limits=Limits(learner="ridge"))
    assert {row.name.partition(" ")[0] for row in one.board.rows} == {"ridge", "naive"}
    with pytest.raises(UsageError, match="no learner of infer is called 'oracle'") as refused:
        found(limits=Limits(learner="oracle"))
    offered = str(refused.value).partition("use one of: ")[2].split(", ")
    assert len(offered) > 1
    for name in offered:
        assert name in {row.name for row in found(limits=Limits(learner=name)).board.rows}


def test_a_search_without_time_still_ends_with_a_model_or_says_that_there_was_none() -> None:
    with pytest.raises(UsageError, match="there was no time left for it"):
        found(limits=Limits(seconds=0.0))
    short = found(Small(slow_s=0.02), limits=Limits(seconds=0.5))
    assert short.fitted.learner


def test_the_board_is_told_after_every_job_and_ends_done() -> None:
    boards: list[Board] = []
    found(watch=boards.append)
    assert boards[-1].doing == "done" and boards[-1].left_s == 0.0
    judged = [sum(len(row.losses) for row in board.rows) for board in boards]
    assert judged == sorted(judged)


def test_a_small_graph_is_preferred_only_where_the_folds_do_not_tell_the_two_apart() -> None:
    from lineshaft.model.search.choose import Finalist, chosen

    large, small = Finalist("trees", (1.0, 1.2, 0.9), 90_000), Finalist("ridge", (1.1, 1.1, 0.95), 2_000)
    assert chosen((large, small))[0] is small and "45.0 times as large" in chosen((large, small))[1]
    worse = Finalist("ridge", (1.3, 1.4, 1.2), 2_000)
    assert chosen((large, worse)) == (large, "")
    assert chosen((large, Finalist("ridge", (1.1, 1.1, 0.95), 80_000))) == (large, "")


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(workers=st.integers(1, 4), seed=st.integers(0, 3))
def test_the_result_does_not_depend_on_the_number_of_hands(workers: int, seed: int) -> None:
    from lineshaft.model.search.hands import Inline

    given_ = examples(seed=seed)
    alone = search(Small(bad=BAD), given_, execute)
    together = search(Small(bad=BAD), given_, execute,
                      hands=lambda _: [Inline(Judge(Small(bad=BAD), given_, execute)) for _ in range(workers)])
    assert same(alone, together)


def test_child_processes_give_the_result_of_one_process_even_when_candidates_hang_or_kill_them(tmp_path: Path) -> None:
    bad = Small(bad=("dies once", "hangs", "dies"), note=str(tmp_path / "note"))
    plain = found(limits=Limits(learner="ridge"))
    one = search(bad, examples(), execute, limits=Limits(seconds=200.0, share=0.015),
                 hands=lambda payload: [Process(payload), Process(payload)])
    reasons = {row.name: row.reason for row in one.board.rows if row.state == "failed"}
    assert reasons["bad hangs"] == "took longer than its share of 3 s"
    assert reasons["bad dies"] == "the process that learnt it ended 3 times"
    assert "bad dies once" not in reasons
    assert one.fitted.graph == plain.fitted.graph


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Found]:
    """The journal of a search that ended, and what it found."""
    path = tmp_path_factory.mktemp("search") / "journal"
    one = found(Small(bad=BAD), journal=Journal(path, "k"))
    return path.read_bytes(), one


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.floats(0.0, 1.0), garbage=st.binary(max_size=20))
def test_a_journal_cut_anywhere_is_gone_on_with_and_ends_the_same(whole: tuple[bytes, Found], tmp_path: Path,
                                                                    part: float, garbage: bytes) -> None:
    content, before = whole
    path = tmp_path / "journal"
    path.write_bytes(content[:round(part * len(content))] + garbage)
    journal = Journal(path, "k")
    known = len(journal.outcomes)
    after = found(Small(bad=BAD), journal=journal)
    assert same(before, after)
    assert known <= len(journal.outcomes)
    assert len(Journal(path, "k").outcomes) == len(journal.outcomes)


def test_what_the_journal_knows_is_not_judged_again(whole: tuple[bytes, Found], tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    path.write_bytes(whole[0])
    monkeypatch.setattr(Judge, "__call__", lambda self, job: pytest.fail("judged again"))
    assert same(whole[1], found(Small(bad=BAD), journal=Journal(path, "k")))


def test_the_journal_of_other_data_is_begun_anew(whole: tuple[bytes, Found], tmp_path: Path) -> None:
    path = tmp_path / "journal"
    for key, fresh in (("other", False), ("k", True)):
        path.write_bytes(whole[0])
        assert not Journal(path, key, fresh=fresh).outcomes


def test_a_search_with_more_time_goes_on_where_a_shorter_one_stopped(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with pytest.raises(UsageError):
        found(limits=Limits(seconds=0.0), journal=Journal(path, "k"))
    assert same(found(), found(journal=Journal(path, "k")))
