"""Long answers: worked out once, told when they fail, and given up when the console ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lineshaft.app.console.works import MOST_KEPT, MOST_WAITING, Works
from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.progress import Progress


@pytest.fixture
def works() -> Iterator[Works]:
    found = Works()
    yield found
    found.close()


def failing(_: Progress) -> None:
    raise UsageError("there is nothing here")


def test_whoever_asks_gets_the_same_work_until_it_is_forgotten(works: Works) -> None:
    first = works.ask("a", lambda _: 1)
    assert first.ended.wait(60) and works.ask("a", lambda _: 2) is first and first.result == 1
    for key in range(MOST_KEPT + 1):
        assert works.ask(key, lambda _: 0).ended.wait(60)
    assert works.ask("a", lambda _: 2) is not first


def test_a_failure_is_told_once_and_the_next_who_asks_begins_anew(works: Works) -> None:
    assert works.ask("a", failing).ended.wait(60)
    told = works.ask("a", failing)
    assert told.state == "failed" and isinstance(told.error, UsageError)
    again = works.ask("a", lambda _: 3)
    assert again.ended.wait(60) and again.result == 3


def test_a_mistake_of_ours_ends_the_work_with_a_sentence(works: Works) -> None:
    work = works.ask("a", lambda _: 1 // 0)
    assert work.ended.wait(60) and work.state == "failed" and "this failed" in str(work.error)


def test_progress_is_seen_while_it_runs_and_too_much_at_once_is_refused(works: Works) -> None:
    going, seen = threading.Event(), threading.Event()

    def slow(progress: Progress) -> None:
        progress(1, 4, "looking")
        seen.set()
        going.wait(60)

    work = works.ask("slow", slow)
    assert seen.wait(60) and (work.state, work.done, work.total, work.what) == ("running", 1, 4, "looking")
    with pytest.raises(Refused, match="too much"):
        for key in range(MOST_WAITING):
            works.ask(key, slow)
    going.set()


def test_work_is_given_up_when_the_console_ends() -> None:
    works, there, closed = Works(), threading.Event(), threading.Event()

    def endless(progress: Progress) -> None:
        there.set()
        closed.wait(60)
        progress(1, 2, "")
        raise AssertionError("it went on")

    work = works.ask("a", endless)
    assert there.wait(60)
    works.close()
    closed.set()
    assert work.ended.wait(60) and work.state == "failed" and "ends" in str(work.error)
