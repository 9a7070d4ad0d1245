"""Hands that do jobs: this very process, child processes, or a cluster's; what comes out is the same."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from lineshaft.model.search.job import Job, Outcome
from lineshaft.model.search.judge import Judge

TRIES = 3


class Lost(Exception):
    """The process that did a job has ended."""


class Hand(Protocol):
    """Does one job after another."""

    def do(self, job: Job, limit_s: float) -> Outcome:
        """Raises ``Lost`` when what did it ended, ``TimeoutError`` when it takes longer than ``limit_s``."""

    def renew(self) -> None:
        """End what hangs or died, and start it anew."""

    def close(self) -> None:
        """End it."""


class Inline:
    """This process: nothing is started, and nothing can be stopped in the middle."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def do(self, job: Job, limit_s: float) -> Outcome:
        return self._judge(job)

    def renew(self) -> None:
        """Nothing to start."""

    def close(self) -> None:
        """Nothing to end."""


def spread(jobs: Sequence[Job], hands: Sequence[Hand], front: Callable[[Job], str], limit_s: float,
           late: Callable[[], bool]) -> Iterator[tuple[Job, Outcome]]:
    """Jobs as they are done, none begun once it is ``late``; a hand takes jobs of one ``front`` in turn.

    Fronts come in the order of their first jobs: what a task names first is judged first.
    """
    order = {name: place for place, name in enumerate(dict.fromkeys(map(front, jobs)))}
    waiting = sorted(jobs, key=lambda job: order[front(job)])
    if len(hands) == 1:
        for job in waiting:
            if late():
                return
            yield job, _done(job, hands[0], limit_s)
        return
    done: queue.Queue[tuple[Job, Outcome] | BaseException | None] = queue.Queue()
    shared = _Waiting(waiting, front, late)
    threads = [threading.Thread(target=_work, args=(shared, hand, limit_s, done), daemon=True) for hand in hands]
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
        shared.clear()


class _Waiting:
    """Jobs that nobody has begun; a hand goes on with the front it knows."""

    def __init__(self, jobs: list[Job], front: Callable[[Job], str], late: Callable[[], bool]) -> None:
        self._jobs, self._front, self._late, self._lock = jobs, front, late, threading.Lock()

    def next(self, known: str) -> Job | None:
        with self._lock:
            if not self._jobs or self._late():
                return None
            place = next((i for i, job in enumerate(self._jobs) if self._front(job) == known), 0)
            return self._jobs.pop(place)

    def front(self, job: Job) -> str:
        return self._front(job)

    def clear(self) -> None:
        with self._lock:
            self._jobs.clear()


def _work(waiting: _Waiting, hand: Hand, limit_s: float, done: queue.Queue[tuple[Job, Outcome] | BaseException | None]
          ) -> None:
    known = ""
    try:
        while (job := waiting.next(known)) is not None:
            known = waiting.front(job)
            done.put((job, _done(job, hand, limit_s)))
    except BaseException as problem:  # noqa: BLE001  # raised again by the thread that waits
        done.put(problem)
    finally:
        done.put(None)


def _done(job: Job, hand: Hand, limit_s: float) -> Outcome:
    """The outcome; a job whose process ends again and again has none."""
    for _ in range(TRIES):
        try:
            return hand.do(job, limit_s)
        except TimeoutError:
            hand.renew()
            return Outcome(seconds=limit_s, reason=f"took longer than its share of {limit_s:.0f} s")
        except Lost:
            hand.renew()
    return Outcome(reason=f"the process that learnt it ended {TRIES} times")
