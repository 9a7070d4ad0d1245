"""Hands that do jobs: this very process, child processes, or a cluster's; what comes out is the same."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol, TypeVar

from lineshaft.model.search.job import Job, Outcome
from lineshaft.model.search.judge import Judge

TRIES = 3
Done = TypeVar("Done")


class Lost(Exception):
    """The process that did a job has ended."""


class Hand(Protocol):
    """Does one thing after another with a judge of its own."""

    stoppable: ClassVar[bool]
    """Whether what it does can be ended before it is done."""

    def do(self, work: Callable[[Judge], Done], limit_s: float) -> Done:
        """Raises ``Lost`` when what did it ended, ``TimeoutError`` when it takes longer than ``limit_s``.

        ``work`` is pickled where the judge is in another process.
        """

    def renew(self) -> None:
        """End what hangs or died, and start it anew."""

    def close(self) -> None:
        """End it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How long a job may take. One that takes longer than its ``share`` is out; another one has only no time left."""

    seconds: float
    share: bool = True


Allot = Callable[[Job], Turn | None]
"""The turn of a job that is about to begin; None where it is not to begin."""


class Inline:
    """This process: nothing is started, and nothing can be stopped in the middle."""

    stoppable: ClassVar[bool] = False

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def do(self, work: Callable[[Judge], Done], limit_s: float) -> Done:
        return work(self._judge)

    def renew(self) -> None:
        """Nothing to start."""

    def close(self) -> None:
        """Nothing to end."""


def spread(jobs: Sequence[Job], hands: Sequence[Hand], front: Callable[[Job], str], allot: Allot
           ) -> Iterator[tuple[Job, Outcome]]:
    """Outcomes as they are there, of the jobs that were given a turn; a hand takes jobs of one ``front`` in turn.

    Fronts come in the order of their first jobs: what is named first is judged first.
    """
    order = {name: place for place, name in enumerate(dict.fromkeys(map(front, jobs)))}
    waiting = _Waiting(sorted(jobs, key=lambda job: order[front(job)]), front, allot)
    if len(hands) == 1:
        yield from _one_by_one(waiting, hands[0])
        return
    done: queue.Queue[tuple[Job, Outcome] | BaseException | None] = queue.Queue()
    threads = [threading.Thread(target=_work, args=(waiting, hand, done), daemon=True) for hand in hands]
    for thread in threads:
        thread.start()
    try:
        at_work = len(threads)
        while at_work:
            found = done.get()
            if isinstance(found, BaseException):
                raise found
            if found is None:
                at_work -= 1
            else:
                yield found
    finally:
        waiting.clear()


class _Waiting:
    """Jobs that nobody has begun; a hand goes on with the front it knows."""

    def __init__(self, jobs: list[Job], front: Callable[[Job], str], allot: Allot) -> None:
        self._jobs, self._front, self._allot, self._lock = jobs, front, allot, threading.Lock()

    def next(self, known: str) -> tuple[Job, Turn] | None:
        """The next job that is given a turn; those that are not are passed over."""
        with self._lock:
            while self._jobs:
                place = next((i for i, job in enumerate(self._jobs) if self._front(job) == known), 0)
                job = self._jobs.pop(place)
                turn = self._allot(job)
                if turn is not None:
                    return job, turn
            return None

    def front(self, job: Job) -> str:
        return self._front(job)

    def clear(self) -> None:
        with self._lock:
            self._jobs.clear()


def _one_by_one(waiting: _Waiting, hand: Hand) -> Iterator[tuple[Job, Outcome]]:
    known = ""
    while (taken := waiting.next(known)) is not None:
        known = waiting.front(taken[0])
        outcome = _done(*taken, hand)
        if outcome is not None:
            yield taken[0], outcome


def _work(waiting: _Waiting, hand: Hand, done: queue.Queue[tuple[Job, Outcome] | BaseException | None]) -> None:
    try:
        for found in _one_by_one(waiting, hand):
            done.put(found)
    except BaseException as problem:  # noqa: BLE001  # raised again by the thread that waits
        done.put(problem)
    finally:
        done.put(None)


def _done(job: Job, turn: Turn, hand: Hand) -> Outcome | None:
    """The outcome; a job whose process ends again and again has none, and one that the end of the time cut is None."""
    try:
        return asked(hand, partial(Judge.__call__, job=job), turn.seconds)
    except TimeoutError:
        share = f"took longer than its share of {turn.seconds:.0f} s"
        return Outcome(seconds=turn.seconds, reason=share) if turn.share else None
    except Lost as lost:
        return Outcome(reason=str(lost))


def asked(hand: Hand, work: Callable[[Judge], Done], limit_s: float) -> Done:
    """What comes out, tried again where a process ended; the hand can be asked again whatever is raised."""
    for _ in range(TRIES):
        try:
            return hand.do(work, limit_s)
        except TimeoutError:
            hand.renew()
            raise
        except Lost:
            hand.renew()
    raise Lost(f"the process that learnt it ended {TRIES} times")
