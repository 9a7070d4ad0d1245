"""From a dataset and what the file says to examples: targets, groups, and what the model must not read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lineshaft.app.examples import Told, check, examples_of
from lineshaft.app.goal import Goal
from lineshaft.core.dataset import ABNORMAL, Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.tag import Tag
from lineshaft.model.examples import Examples

NONE = object()


def dataset(**columns: list[float]) -> Dataset:
    return Dataset.of(np.column_stack([np.array(column, np.float64) for column in columns.values()]),
                      tuple(Tag(name) for name in columns), period_ns=10)


def made(task: str, data: Dataset, goal: Goal, groups: NDArray[np.int32] | None = None,
         feedback: tuple[Feedback, ...] = ()) -> Examples:
    return examples_of(task, Told(data, goal, groups, feedback), NONE)  # type: ignore[arg-type]


def test_the_predicted_tag_is_the_target_and_no_input() -> None:
    found = made("infer", dataset(a=[1, 2, 3], b=[4, np.nan, 6]), Goal(("b",)))
    assert [tag.path for tag in found.dataset.tags] == ["a"] and found.names == ("b",)
    assert found.target[:, 0].tolist()[::2] == [4.0, 6.0] and found.known.tolist() == [True, False, True]


def test_rows_that_people_called_abnormal_teach_nothing() -> None:
    data = dataset(a=[1, 2, 3], b=[4, 5, 6])
    data.labels[1] = ABNORMAL
    assert made("infer", data, Goal(("b",))).known.tolist() == [True, False, True]


def test_classes_are_a_tags_values_by_the_names_that_the_file_gives() -> None:
    data = dataset(a=[1, 2, 3, 4], code=[0, 7, 7, 3])
    assert made("diagnose", data, Goal(("code",))).names == ("0", "3", "7")
    found = made("diagnose", data, Goal(("code",), {"7": "leak", "0": "good"}))
    assert found.names == ("good", "leak")
    assert found.target[:3, 0].tolist() == [0, 1, 1] and not found.known[3]


def test_classes_are_what_people_called_the_stretches() -> None:
    data = dataset(a=[1, 2, 3, 4, 5])
    said = (Feedback("cell", 0, 20, Verdict.GOOD, False, given=1),
            Feedback("cell", 20, 40, Verdict.GOOD, True, given=2),
            Feedback("cell", 30, 50, Verdict.GOOD, True, given=3, label="leak"))
    found = made("diagnose", data, Goal(), feedback=said)
    assert found.names == ("normal", "leak")
    assert np.nan_to_num(found.target[:, 0], nan=-1).tolist() == [0, 0, -1, 1, 1]


def test_life_ends_with_each_group_or_at_an_event() -> None:
    data = dataset(a=[1, 2, 3, 4, 5], unit=[1, 1, 2, 2, 2])
    found = made("prognose", data, Goal(group="unit"))
    assert found.target[:, 0].tolist() == [1, 0, 2, 1, 0] and found.group.tolist() == [0, 0, 1, 1, 1]
    assert [tag.path for tag in found.dataset.tags] == ["a"]
    at_event = made("prognose", dataset(a=[1, 2, 3, 4, 5], broken=[0, 1, 0, 0, 0]), Goal(end_of_life="broken"))
    assert at_event.target[:2, 0].tolist() == [1, 0] and not at_event.known[2:].any()
    assert at_event.dataset.run.tolist() == [0, 0, 1, 1, 1] == at_event.group.tolist()


def test_runs_of_a_file_are_groups() -> None:
    groups = np.array([0, 0, 1], np.int32)
    assert made("infer", dataset(a=[1, 2, 3], b=[4, 5, 6]), Goal(("b",)), groups).group.tolist() == [0, 0, 1]


@pytest.mark.parametrize(("task", "goal", "says"), [
    ("infer", Goal(("c",)), "no tag is called 'c'"), ("infer", Goal(("a", "b")), "no tag is left to learn from"),
    ("diagnose", Goal(), "people named 0 kinds of operation"), ("prognose", Goal(), "nothing says when a life ended"),
    ("diagnose", Goal(("b",)), "b has 1 different values")])
def test_what_says_nothing_is_told(task: str, goal: Goal, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        made(task, dataset(a=[1, 2, 3], b=[5, 5, 5]), goal)


def test_a_target_that_was_never_read_is_told() -> None:
    with pytest.raises(UsageError, match="none of the 2 rows says what infer is to learn"):
        made("infer", dataset(a=[1, 2], b=[np.nan, np.nan]), Goal(("b",)))


@pytest.mark.parametrize(("task", "given", "says"), [
    ("monitor", {"predict": ("a",)}, "task monitor has no use for 'predict'"),
    ("infer", {"classes": {"0": "good"}}, "task infer has no use for 'classes'"),
    ("infer", {}, "task infer must be told what to predict")])
def test_a_task_takes_its_own_keys_only(task: str, given: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check(task, given, lambda *keys: ".".join(keys))
