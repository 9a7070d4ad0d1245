"""Verdicts go into any historian and come out as labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.core.dataset import ABNORMAL, NORMAL, UNLABELLED
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict, labels
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.store import Historian
from lineshaft.feedback.retrain import retrain_due, standing
from lineshaft.feedback.verdicts import record, verdicts
from lineshaft.historian.memory import MemoryHistorian
from lineshaft.historian.store import open_historian

KINDS: dict[str, Callable[[Path], Historian]] = {
    "memory": lambda folder: MemoryHistorian(),
    "embedded": lambda folder: open_historian(folder),
}
FALSE_ALARM = Feedback("cell", 100, 200, Verdict.BAD, alarm=True, by="Li", comment="Reinigung 清洗", given=1_000)
MISSED = Feedback("cell", 300, 400, Verdict.BAD, alarm=False, given=1_001)
RIGHT = Feedback("cell", 500, 600, Verdict.GOOD, alarm=True, given=1_002)

TIMES = np.arange(-1, 22, dtype=np.int64)
FEEDBACK = st.lists(st.builds(
    lambda start, length, verdict, alarm, given: Feedback("cell", start, start + length, verdict, alarm, given=given),
    st.integers(0, 15), st.integers(1, 6), st.sampled_from(Verdict), st.booleans(), st.integers(0, 4)), max_size=8)


@pytest.fixture(params=KINDS)
def historian(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Historian]:
    opened = KINDS[request.param](tmp_path)
    yield opened
    opened.close()


def test_a_verdict_is_read_back_whole(historian: Historian) -> None:
    assert record(historian, FALSE_ALARM)
    historian.compact()
    assert verdicts(historian, "cell") == [FALSE_ALARM]
    assert verdicts(historian, "other") == []


def test_the_same_verdict_is_stored_once(historian: Historian) -> None:
    assert record(historian, FALSE_ALARM)
    assert not record(historian, FALSE_ALARM)
    assert record(historian, replace(FALSE_ALARM, given=2_000))
    assert len(verdicts(historian, "cell")) == 2


def test_verdicts_come_in_the_order_they_were_given(historian: Historian) -> None:
    for one in (RIGHT, FALSE_ALARM, MISSED):
        record(historian, one)
    assert verdicts(historian, "cell") == [FALSE_ALARM, MISSED, RIGHT]


def test_verdicts_of_a_version_do_not_change(historian: Historian) -> None:
    record(historian, FALSE_ALARM)
    version = historian.version()
    record(historian, MISSED)
    assert verdicts(historian, "cell", version) == [FALSE_ALARM]


def test_bad_verdicts_can_be_trended_as_numbers(historian: Historian) -> None:
    for one in (FALSE_ALARM, MISSED, RIGHT):
        record(historian, one)
    assert historian.read(["feedback/cell/bad"], 0, 10_000)["feedback/cell/bad"].value.tolist() == [1, 1, 0]
    assert {tag.path for tag in historian.tags()} == {"feedback/cell", "feedback/cell/bad"}


def test_an_empty_stretch_or_a_loop_with_a_slash_is_refused(historian: Historian) -> None:
    with pytest.raises(UsageError, match=r"100\.\.100 is empty"):
        record(historian, replace(FALSE_ALARM, end=100))
    with pytest.raises(UsageError, match="cannot name a loop"):
        record(historian, replace(FALSE_ALARM, loop="a/b"))
    assert historian.tags() == ()


@pytest.mark.parametrize("text", [None, "", "{}", "not json", '{"verdict": "good"}', '{"verdict": "perhaps"}', "[]"])
def test_a_text_that_is_no_verdict_is_named(historian: Historian, text: str | None) -> None:
    historian.append(Samples.of([Sample("feedback/cell", 7, np.nan, text=text)]))
    with pytest.raises(UsageError, match="feedback/cell: the text at 7 is not a verdict"):
        verdicts(historian, "cell")


@pytest.mark.parametrize(("verdict", "alarm", "label"), [
    (Verdict.GOOD, True, ABNORMAL), (Verdict.BAD, True, NORMAL),
    (Verdict.GOOD, False, NORMAL), (Verdict.BAD, False, ABNORMAL)])
def test_what_each_verdict_says_of_its_stretch(verdict: Verdict, alarm: bool, label: int) -> None:
    found = labels([Feedback("cell", 10, 20, verdict, alarm)], np.array([9, 10, 19, 20]))
    assert found.tolist() == [UNLABELLED, label, label, UNLABELLED]
    assert found.dtype == np.int8


@given(FEEDBACK)
def test_each_moment_has_the_label_of_the_last_verdict_over_it(feedback: list[Feedback]) -> None:
    for time, label in zip(TIMES.tolist(), labels(feedback, TIMES).tolist(), strict=True):
        over = [one for one in feedback if one.start <= time < one.end]
        latest = [one for one in over if one.given == max(two.given for two in over)]
        assert label == (UNLABELLED if not over else ABNORMAL if latest[-1].abnormal else NORMAL)


@given(FEEDBACK, FEEDBACK)
def test_earlier_labels_show_only_where_no_verdict_is(first: list[Feedback], then: list[Feedback]) -> None:
    before = labels(first, TIMES)
    kept = before.copy()
    after = labels(then, TIMES, before)
    silent = labels(then, TIMES) == UNLABELLED
    assert (after[silent] == before[silent]).all()
    assert (after[~silent] == labels(then, TIMES)[~silent]).all()
    assert (before == kept).all()


@given(FEEDBACK)
def test_the_standing_verdicts_are_those_that_decide_some_moment(feedback: list[Feedback]) -> None:
    in_order = sorted(feedback, key=lambda one: one.given)
    over = [[at for at, one in enumerate(in_order) if one.start <= time < one.end] for time in TIMES]
    deciding = sorted({places[-1] for places in over if places})
    assert standing(feedback) == [in_order[at] for at in deciding]


def test_retraining_is_due_after_enough_new_bad_verdicts(historian: Historian) -> None:
    record(historian, FALSE_ALARM)
    trained_on = historian.version()
    record(historian, MISSED)
    record(historian, RIGHT)
    not_yet = retrain_due(historian, "cell", trained_on, bad_needed=2)
    assert (not_yet.due, not_yet.false_alarms, not_yet.missed_faults, not_yet.confirmed) == (False, 0, 1, 1)
    assert not_yet.reason == ("since loop cell was trained, people marked 0 false alarms and 1 missed fault; "
                              "2 together would call for retraining")
    record(historian, replace(FALSE_ALARM, start=700, end=800, given=2_000))
    now = retrain_due(historian, "cell", trained_on, bad_needed=2)
    assert (now.due, now.false_alarms, now.missed_faults) == (True, 1, 1)
    assert "1 false alarm and 1 missed fault; 2 together call for" in now.reason


def test_a_verdict_taken_back_does_not_call_for_retraining(historian: Historian) -> None:
    trained_on = historian.version()
    record(historian, FALSE_ALARM)
    record(historian, replace(FALSE_ALARM, verdict=Verdict.GOOD, given=2_000))
    assert not retrain_due(historian, "cell", trained_on, bad_needed=1).due


def test_a_threshold_of_none_is_refused(historian: Historian) -> None:
    with pytest.raises(UsageError, match="one or more"):
        retrain_due(historian, "cell", historian.version(), bad_needed=0)
