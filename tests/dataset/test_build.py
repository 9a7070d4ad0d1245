"""From a historian or from recordings to one dataset that names its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.core.dataset import ABNORMAL, NORMAL, UNLABELLED
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.quality import BAD, GOOD
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.series import Series
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.dataset import Recording, build, from_runs
from lineshaft.dataset.labels import with_feedback
from lineshaft.historian.memory import MemoryHistorian

NAN = float("nan")


class NotedHistorian(MemoryHistorian):
    """Notes which version each read asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.versions_read: list[str | None] = []

    def read(self, tags: Sequence[str], start: int, end: int, *, version: str | None = None) -> Mapping[str, Series]:
        self.versions_read.append(version)
        return super().read(tags, start, end, version=version)

    def as_of(self, tags: Sequence[str], time: int, *, version: str | None = None) -> Mapping[str, Sample]:
        self.versions_read.append(version)
        return super().as_of(tags, time, version=version)


@pytest.fixture
def historian() -> NotedHistorian:
    store = NotedHistorian()
    _: Historian = store
    return store


def fill(historian: NotedHistorian, rows: list[tuple[str, int, float]]) -> None:
    historian.append(Samples.of(Sample(tag, time, value) for tag, time, value in rows))


def test_a_dataset_can_be_built_again_exactly_after_more_history_came(historian: NotedHistorian) -> None:
    fill(historian, [("a", time, float(time)) for time in range(0, 100, 10)])
    first = build(historian, ["a"], 0, 100, 10)
    fill(historian, [("a", 60, -1.0)])
    again = build(historian, ["a"], 0, 100, 10, version=first.version)
    assert again.digest == first.digest
    assert build(historian, ["a"], 0, 100, 10).digest != first.digest


def test_every_read_names_the_same_version(historian: NotedHistorian) -> None:
    fill(historian, [("a", 0, 1.0), ("label", 0, 0.0)])
    build(historian, ["a"], 0, 10, 10, label_tag="label")
    assert set(historian.versions_read) == {historian.version()}


def test_what_held_before_the_start_counts_for_the_first_rows(historian: NotedHistorian) -> None:
    fill(historian, [("a", -30, 4.0), ("a", 25, 5.0)])
    data = build(historian, ["a"], 0, 40, 10)
    assert data.values[:, 0].tolist() == [4.0, 4.0, 4.0, 5.0]


def test_a_label_tag_labels_and_a_verdict_overrules_it(historian: NotedHistorian) -> None:
    fill(historian, [("a", 0, 1.0), ("label", 10, 0.0), ("label", 30, 1.0)])
    wrong = Feedback("cell", 30, 40, Verdict.BAD, alarm=True)
    data = build(historian, ["a"], 0, 50, 10, label_tag="label", labels=[wrong])
    assert data.labels.tolist() == [UNLABELLED, NORMAL, NORMAL, NORMAL, ABNORMAL]
    assert [tag.path for tag in data.tags] == ["a"]


def test_of_two_verdicts_on_one_stretch_the_later_given_wins() -> None:
    times = np.arange(3, dtype=np.int64)
    old = Feedback("cell", 0, 3, Verdict.GOOD, alarm=True, given=1)
    new = Feedback("cell", 1, 2, Verdict.BAD, alarm=True, given=2)
    labels = with_feedback(np.full(3, UNLABELLED, np.int8), times, [new, old])
    assert labels.tolist() == [ABNORMAL, NORMAL, ABNORMAL]


@pytest.mark.parametrize(("tags", "end", "message"), [
    (["b"], 10, "no history of b"), ([], 10, "at least one tag"), (["a", "a"], 10, "named twice: a"),
    (["a"], 0, "is empty"),
])
def test_what_can_not_be_built_is_said_in_one_sentence(historian: NotedHistorian, tags: list[str], end: int,
                                                       message: str) -> None:
    fill(historian, [("a", 0, 1.0)])
    with pytest.raises(UsageError, match=message):
        build(historian, tags, 0, end, 10)


def recording(times: list[int], values: list[list[float]], quality: list[list[int]] | None = None,
              label: list[float] | None = None) -> Recording:
    return Recording(np.array(times, np.int64), np.array(values, np.float64),
                     None if quality is None else np.array(quality, np.uint32),
                     None if label is None else np.array(label, np.float64))


def test_recordings_never_share_a_run_even_where_their_times_touch() -> None:
    one = recording([0, 10, 20], [[1.0], [2.0], [3.0]])
    data = from_runs([Tag("a")], [one, one], 10)
    assert data.run.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_gap_inside_a_recording_starts_a_run_and_leaves_no_rows() -> None:
    data = from_runs([Tag("a")], [recording([0, 10, 100], [[1.0], [2.0], [3.0]])], 10, gap_ns=20)
    assert data.times.tolist() == [0, 10, 20, 30, 100]
    assert data.run.tolist() == [0, 0, 0, 0, 1]


def test_an_empty_cell_is_masked_where_a_value_was_due() -> None:
    data = from_runs([Tag("a"), Tag("b")], [recording([0, 10], [[1.0, 5.0], [NAN, 6.0]])], 10)
    assert data.good.tolist() == [[True, True], [False, True]]


def test_an_empty_cell_holds_the_last_value_where_the_tag_was_silent() -> None:
    found = recording([0, 10, 20, 30], [[1.0, 5.0], [NAN, 6.0], [NAN, 7.0], [NAN, 8.0]])
    data = from_runs([Tag("a"), Tag("b")], [found], 10, empty="silent", stale_ns=20)
    assert data.values[:, 0].tolist() == [1.0] * 4
    assert data.good[:, 0].tolist() == [True, True, True, False]


def test_a_slower_tag_holds_between_its_samples_but_an_empty_sample_of_it_is_masked() -> None:
    found = Recording(np.array([0, 10, 20, 30], np.int64), np.array([[1.0], [NAN], [NAN], [NAN]]),
                      present=np.array([[True], [False], [True], [False]]))
    data = from_runs([Tag("a")], [found], 10)
    assert data.good[:, 0].tolist() == [True, True, False, False]
    assert len(found.series((Tag("a"),))["a"]) == 2


def test_a_bad_cell_is_masked_but_kept_and_labels_follow_the_rows() -> None:
    found = recording([10, 0], [[2.0], [1.0]], [[BAD], [GOOD]], [1.0, 0.0])
    data = from_runs([Tag("a")], [found], 10)
    assert data.values[:, 0].tolist() == [1.0, 2.0]
    assert data.good[:, 0].tolist() == [True, False]
    assert data.labels.tolist() == [NORMAL, ABNORMAL]


cells = st.lists(st.tuples(st.integers(0, 90), st.floats(-5, 5, width=16)), min_size=1, max_size=20)


@given(cells, st.one_of(st.none(), st.integers(1, 40)), st.one_of(st.none(), st.integers(1, 40)))
def test_a_table_and_a_historian_give_the_same_rows(found: list[tuple[int, float]], stale: int | None,
                                                    gap: int | None) -> None:
    historian = NotedHistorian()
    fill(historian, [("a", time, value) for time, value in found])
    table = recording([time for time, _ in found], [[value] for _, value in found])
    first, last = min(found)[0], max(found)[0]
    left = build(historian, ["a"], first, last + 1, 10, stale_ns=stale, gap_ns=gap)
    assert left.digest == from_runs(historian.tags(), [table], 10, stale_ns=stale, gap_ns=gap).digest


def test_one_time_stamp_with_a_wrong_year_does_not_fill_the_memory() -> None:
    wrong = recording([0, 10**9, 10**18], [[1.0], [2.0], [3.0]])
    assert len(from_runs([Tag("a")], [wrong], 10**9, gap_ns=5 * 10**9)) == 8
    with pytest.raises(UsageError, match="rows of 1 s are too many"):
        from_runs([Tag("a")], [wrong], 10**9)


def test_no_rows_at_all_are_refused() -> None:
    with pytest.raises(UsageError, match="no rows"):
        from_runs([Tag("a")], [Recording(np.empty(0, np.int64), np.empty((0, 1)))], 10)


def test_a_table_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(UsageError, match="do not have 2 rows"):
        recording([0, 1], [[1.0]])
