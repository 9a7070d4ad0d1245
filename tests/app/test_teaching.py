"""Decisions and verdicts in history: each once, and only what people call normal teaches."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.app import flow, judging, training
from lineshaft.app.project import Project, alone
from lineshaft.app.recipe import Recipe
from lineshaft.app.record import Recorder
from lineshaft.app.template import template
from lineshaft.core.clock import SECOND, format_time
from lineshaft.core.dataset import ABNORMAL, NORMAL
from lineshaft.core.decision import Cause, Decision
from lineshaft.core.decision_tags import decision_samples
from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.quality import BAD
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.feedback.decisions import decisions
from lineshaft.historian.memory import MemoryHistorian
from lineshaft.historian.store import EmbeddedHistorian
from lineshaft.node.buffer import Entry

START = 1_700_000_000 * SECOND
TAGS = [Tag(f"cell/{name}", address=name) for name in "abc"]
RECIPE = Recipe("cell", SECOND)


def entry(sequence: int, at: int | None = None, *, alarm: bool = False) -> Entry:
    time = START + (sequence if at is None else at) * SECOND
    return Entry(sequence, Decision("cell", "works", time, 1.0 + sequence, alarm, (Cause("cell/a", 0.5),)))


def kept(historian: MemoryHistorian) -> list[float]:
    return [one.score - 1 for one in decisions(historian, "cell", "works", 0, 2**62)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 5)), max_size=12))
def test_however_often_the_outbox_is_read_each_decision_is_kept_once(reads: list[tuple[int, int]]) -> None:
    historian, acknowledged, written = MemoryHistorian(), 0, 0
    for upto, count in reads:
        written = max(written, upto)
        batch = [entry(number) for number in range(acknowledged + 1, written + 1)][:count]
        newest = flow.deliver(batch, historian, "node1")
        if upto % 2 and batch:  # else the centre died between append and acknowledge
            acknowledged = newest
    assert kept(historian) == list(range(1, len(kept(historian)) + 1))
    assert len(kept(historian)) >= acknowledged


def test_a_node_whose_buffer_was_made_anew_loses_no_decision() -> None:
    historian = MemoryHistorian()
    flow.deliver([entry(number) for number in range(1, 6)], historian, "node1")
    flow.deliver([entry(1, at=20), entry(2, at=21)], historian, "node1")
    assert kept(historian) == [1, 2, 3, 4, 5, 1, 2]


def test_a_disk_replaced_in_a_node_whose_clock_is_behind_loses_no_decision() -> None:
    historian = MemoryHistorian()
    flow.deliver([replace(entry(number), outbox="a") for number in range(1, 6)], historian, "node1")
    flow.deliver([replace(entry(1, at=-20), outbox="b"), replace(entry(2, at=-19), outbox="b")], historian, "node1")
    assert kept(historian) == [1, 2, 1, 2, 3, 4, 5]


def test_an_answer_that_comes_twice_after_the_clock_was_set_back_is_kept_once() -> None:
    historian = MemoryHistorian()
    flow.deliver([entry(number) for number in range(1, 6)], historian, "node1")
    late = [entry(6, at=2), entry(7, at=3)]
    for _ in range(2):
        flow.deliver(late, historian, "node1")
    assert sorted(kept(historian)) == [1, 2, 3, 4, 5, 6, 7]


def test_nothing_to_deliver_is_nothing_to_acknowledge() -> None:
    assert flow.deliver([], MemoryHistorian(), "node1") == 0


@pytest.fixture
def historian() -> MemoryHistorian:
    """600 s of three tags."""
    found = MemoryHistorian()
    found.register(TAGS)
    random = np.random.default_rng(1)
    for second in range(600):
        found.append(Samples.row([tag.path for tag in TAGS], START + second * SECOND, random.normal(size=3)))
    return found


def said(start: int, end: int, verdict: Verdict, alarm: bool, given: int) -> Feedback:
    return Feedback("cell", START + start * SECOND, START + end * SECOND, verdict, alarm, "anna", "", given)


def test_faults_never_teach_false_alarms_do_and_what_nobody_judged_does_not(historian: MemoryHistorian) -> None:
    for one in (said(0, 200, Verdict.GOOD, False, 1), said(300, 340, Verdict.GOOD, True, 2),
                said(400, 420, Verdict.BAD, True, 3), said(150, 160, Verdict.BAD, False, 4)):
        flow.review(historian, one)
    dataset, normal = flow.teach(historian, TAGS, RECIPE)
    second = (dataset.times - START) // SECOND
    wanted = ((second >= 0) & (second < 150)) | ((second >= 160) & (second < 200)) | ((second >= 400) & (second < 420))
    assert (normal == wanted).all()
    faulty = ((second >= 300) & (second < 340)) | ((second >= 150) & (second < 160))
    assert ((dataset.labels == ABNORMAL) == faulty).all()
    assert second.max() < 420
    assert dataset.version == historian.version()


def test_of_every_judged_stretch_the_last_part_sets_the_limit(historian: MemoryHistorian) -> None:
    flow.review(historian, said(0, 200, Verdict.GOOD, False, 1))
    flow.review(historian, said(400, 420, Verdict.BAD, True, 2))
    dataset, normal = flow.teach(historian, TAGS, RECIPE)
    held = flow.last_share(dataset, normal, RECIPE)
    assert [int((held & (dataset.run == run)).sum()) for run in np.unique(dataset.run)] == [60, 6]
    assert (dataset.labels[held] == NORMAL).all()


def test_without_a_verdict_there_is_nothing_to_learn_from(historian: MemoryHistorian) -> None:
    with pytest.raises(UsageError, match="nobody has said yet what is normal"):
        flow.teach(historian, TAGS, RECIPE)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "lineshaft.toml").write_text(template(name="works", learn="100s"), "utf-8")
    return Project.open(tmp_path)


def test_the_newest_alarm_is_found_from_its_first_to_its_last_tick(project: Project) -> None:
    historian = MemoryHistorian()
    alarms = [False] * 5 + [True] * 3 + [False] * 4 + [True] * 2 + [False]
    historian.append(decision_samples(entry(number, alarm=alarm).decision for number, alarm in enumerate(alarms)))
    found = judging.verdict(project, historian, Verdict.BAD, "last-alarm", by="anna")
    assert (found.start - START, found.end - START) == (12 * SECOND, 14 * SECOND)
    assert found.alarm and not found.abnormal


def test_a_stretch_in_which_the_loop_said_both_needs_a_word_on_which(project: Project) -> None:
    historian = MemoryHistorian()
    historian.append(decision_samples(entry(number, alarm=number > 4).decision for number in range(9)))
    when = f"{format_time(START)}/{format_time(START + 9 * SECOND)}"
    with pytest.raises(UsageError, match="alarmed in 44% of this stretch"):
        judging.verdict(project, historian, Verdict.BAD, when)
    assert judging.verdict(project, historian, Verdict.BAD, when, said="silence").abnormal


def test_one_decision_is_judged_by_a_moment_in_which_it_held(project: Project) -> None:
    historian = MemoryHistorian()
    historian.append(decision_samples(entry(number, alarm=number == 3).decision for number in range(6)))
    found = judging.verdict(project, historian, Verdict.GOOD, format_time(START + 3 * SECOND + 400_000_000))
    assert found.alarm and found.start <= START + 3 * SECOND < found.end


def test_too_little_history_is_refused_with_how_much_there_is(project: Project, historian: MemoryHistorian
                                                             ) -> None:
    long = replace(project, config=msgspec.structs.replace(project.config, tasks={
        "cell": msgspec.structs.replace(project.task, learn="20min")}))
    with pytest.raises(UsageError, match=r"toml:\d+ tasks.cell.learn: 9.98 min of usable history where 20 min"):
        training.train(long, historian)


def test_only_one_may_run_a_project(project: Project) -> None:
    folder = project.folder
    with alone(folder), pytest.raises(EnvironmentFailed, match="another `lineshaft run`"), alone(folder):
        pass
    with alone(folder):
        pass


@pytest.mark.usefixtures("untimed")
def test_history_of_any_age_can_be_learnt_from(project: Project, historian: MemoryHistorian) -> None:
    recipe = replace(project.recipe, learner="zscore")
    sealed = training.train(replace(project, recipe=recipe), historian)
    assert sealed.manifest.version == 1 and project.decides() == sealed.packed.path
    assert sealed.manifest.lineage.feedback == 0
    again = training.train(replace(project, recipe=recipe), historian)
    assert again.manifest.version == 2 and again.manifest.lineage.parent == sealed.packed.digest


@pytest.mark.usefixtures("untimed")
def test_by_hand_nothing_is_taken_as_normal_and_nothing_decides_before_somebody_says_so(
        project: Project, historian: MemoryHistorian) -> None:
    config = msgspec.structs.replace(project.config, tasks={"cell": msgspec.structs.replace(project.task,
                                                                                            learn="by hand")})
    by_hand = replace(project, config=config, recipe=replace(project.recipe, learner="zscore"))
    with pytest.raises(UsageError, match="nobody has said yet what is normal"):
        training.train(by_hand, historian)
    start, end, _ = training.recorded(by_hand, historian)
    training.declare_normal(by_hand, historian, start, end, "anna", "")
    sealed = training.train(by_hand, historian)
    assert by_hand.decides() is None, "a bundle that lies there was not deployed"
    by_hand.note_decides(sealed.packed.digest)
    assert by_hand.decides() == sealed.packed.path


@pytest.mark.usefixtures("untimed")
def test_the_bundle_that_decided_last_starts_the_node_not_the_newest(project: Project, historian: MemoryHistorian
                                                                     ) -> None:
    recipe = replace(project.recipe, learner="zscore")
    first = training.train(replace(project, recipe=recipe), historian)
    project.note_decides(first.packed.digest)
    training.train(replace(project, recipe=recipe), historian)
    assert project.decides() == first.packed.path
    assert project.note_decides("sha256:unknown") is None


class FullDisk(EmbeddedHistorian):
    """Refuses the first appends."""

    refusals = 2

    def append(self, samples: Samples, *, key: str | None = None) -> bool:
        if self.refusals:
            self.refusals -= 1
            raise EnvironmentFailed("the disk is full", where=str(self.folder))
        return super().append(samples, key=key)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FullDisk]:
    found = FullDisk(tmp_path / "history")
    yield found
    found.close()


async def test_what_the_disk_refuses_waits_and_is_told(disk: FullDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.app.record.BATCH_S", 0.01)
    monkeypatch.setattr("lineshaft.app.record.BACK_OFF_S", (0.01, 0.02))
    told: list[str] = []
    recorder = Recorder(disk, told.append)

    async def stream() -> AsyncIterator[Samples]:
        for second in range(20):
            yield Samples.row(["cell/a"], START + second * SECOND, np.array([float(second)]))
            await asyncio.sleep(0)
        while recorder.stored < 20:  # noqa: ASYNC110 (the recorder has no event to wait for)
            await asyncio.sleep(0.01)

    await asyncio.wait_for(recorder.run(stream(), SECOND), 60)
    assert disk.read(["cell/a"], 0, 2**62)["cell/a"].value.tolist() == list(range(20))
    assert len(told) == 2 and "the disk is full" in told[0]
    assert recorder.lost == 0


class Counting(MemoryHistorian):
    """Counts appends, and knows when the first came."""

    def __init__(self) -> None:
        super().__init__()
        self.appends, self.first = 0, threading.Event()

    def append(self, samples: Samples, *, key: str | None = None) -> bool:
        self.appends += 1
        self.first.set()
        return super().append(samples, key=key)


async def test_a_sample_after_silence_does_not_wait_for_a_batch_and_what_follows_does(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.app.record.BATCH_S", 3600.0)
    history = Counting()
    recorder = Recorder(history, print)

    async def stream() -> AsyncIterator[Samples]:
        yield Samples.row(["cell/a"], START, np.array([1.0]))
        yield Samples.row(["cell/b"], START, np.array([1.0]))
        await asyncio.to_thread(history.first.wait, 60)
        for second in range(1, 20):
            yield Samples.row(["cell/a"], START + second * SECOND, np.array([float(second)]))
            await asyncio.sleep(0)

    running = asyncio.create_task(recorder.run(stream(), SECOND))
    await asyncio.to_thread(history.first.wait, 60)
    assert history.first.is_set() and len(history.read(["cell/b"], 0, 2**62)["cell/b"]) == 1, "one commit for both"
    while recorder.newest < START + 19 * SECOND:  # noqa: ASYNC110 (the recorder has no event to wait for)
        await asyncio.sleep(0.01)
    assert history.appends == 1
    running.cancel()


async def test_only_usable_values_that_follow_each_other_count_as_recorded_time(disk: FullDisk) -> None:
    disk.refusals = 0
    recorder = Recorder(disk, print)

    async def stream() -> AsyncIterator[Samples]:
        for second, quality in ((0, 0), (1, 0), (2, 0), (3, BAD), (100, 0), (101, 0)):
            yield Samples.row(["cell/a"], START + second * SECOND, np.array([1.0]), np.array([quality], np.uint32))

    await recorder.run(stream(), SECOND)
    assert recorder.moving_ns == 3 * SECOND
    assert recorder.stored == 6


@pytest.mark.parametrize(("times", "moving"), [
    ((0, 1, 2, 3600, *range(3, 13)), 2 + 9),  # one value an hour ahead
    ((3600, 3601, *range(13)), 1 + 12),  # the clock was set back
    ((100, 0, 101, 0, 102, 0, 103, 0, 104), 4),  # a slow tag that says an old time again and again
    ((100, 90, 101, 91, 102, 92, 103), 3)])  # history that is caught up beside what is new
async def test_what_lies_behind_counts_once_it_has_moved_on(times: tuple[int, ...], moving: int) -> None:
    recorder = Recorder(MemoryHistorian(), print)

    async def stream() -> AsyncIterator[Samples]:
        for second in times:
            yield Samples.row(["cell/a"], START + second * SECOND, np.array([1.0]))

    await recorder.run(stream(), SECOND)
    assert recorder.moving_ns == moving * SECOND
