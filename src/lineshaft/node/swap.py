"""Another bundle is made ready beside the running loop: golden replay, then the loop's own newest inputs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from lineshaft.core.background import Background, Threads
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, Refused
from lineshaft.core.manifest import Manifest
from lineshaft.core.step import Array, Engine, StepSignature
from lineshaft.node.history import InputHistory
from lineshaft.node.loop import Candidate, Loop
from lineshaft.node.seat import Loaded, Seat

_REST = 50  # pauses of 50 step times: the preparation takes 2 % of one core and of the interpreter's lock
_LONGEST_REST_S = 0.002
_LEAST_PERIODS = 20
_THREADS = Threads()


class PacedEngine:
    """An engine that pauses after each step, so that whoever replays through it leaves the loop alone."""

    def __init__(self, engine: Engine, rest: int = _REST, sleep: Callable[[float], None] = Threads.pause) -> None:
        self._engine, self._rest, self._sleep = engine, rest, sleep
        self.signature: StepSignature = engine.signature
        self.assets, self.x, self.quality = engine.assets, engine.x, engine.quality

    @property
    def out(self) -> Mapping[str, Array]:
        return self._engine.out

    def step(self) -> None:
        started = time.perf_counter_ns()
        self._engine.step()
        self._sleep(self._rest * (time.perf_counter_ns() - started) / 1e9)

    def state(self) -> dict[str, Array]:
        return self._engine.state()

    def restore(self, state: Mapping[str, Array]) -> None:
        self._engine.restore(state)

    def reset(self) -> None:
        self._engine.reset()


def prepare(loop: Loop, load: Callable[[], Loaded], *, shadow: bool = False,
            background: Background = _THREADS) -> Candidate:
    """A candidate for ``loop.offer``; raises ``Refused`` with the reason, and the loop is as it was.

    Belongs on a thread of its own. The state is not copied from the running engine, even where the signatures
    are the same: states hold values in the scales of the model that wrote them. The newest inputs are replayed
    instead, which is right for every graph whose memory is at most the history's length.
    """
    loaded = load()
    _fits(loaded.manifest, loop.bundle.manifest)
    seat = Seat(loaded, loop.table.tags)
    paced = PacedEngine(loaded.engine, sleep=background.pause)
    try:
        loaded.verify(paced)
        loaded.engine.reset()
        return Candidate(seat, catch_up(seat, loop.history, background), shadow)
    except LineshaftError:
        raise
    except Exception as error:
        raise Refused(f"its engine failed on the golden sequences or this loop's inputs: {type(error).__name__}: "
                      f"{error}", where=loop.name, do="the bundle that runs is still in place") from error


def exchange(loop: Loop, candidate: Candidate, timeout_s: float | None = None, *,
             background: Background = _THREADS) -> None:
    """Offer and wait until the loop took it; ``EnvironmentFailed`` when no tick came."""
    wait = timeout_s if timeout_s is not None else max(10.0, _LEAST_PERIODS * loop.period_ns / 1e9)
    loop.offer(candidate)
    if not background.wait(candidate.taken, wait) and loop.withdraw(candidate):
        raise EnvironmentFailed(f"no tick came within {wait:g} s", where=loop.name,
                                do="look at the node's health; the bundle that ran is still in place")
    if candidate.failed:
        raise Refused(candidate.failed, where=loop.name, do="the bundle that ran is still in place")


def catch_up(seat: Seat, history: InputHistory, background: Background = _THREADS) -> int:
    """Step through the newest inputs up to the present; gives the tick that comes next.

    A quarter of the history is left out, so that the loop does not overwrite what is being read. The loop itself
    does the rest after its decisions, a few ticks' worth each time, however fast it goes.
    """
    tick = history.start()
    while tick < history.count:
        row = history.row(tick)
        if row is None:  # overtaken by a loop that is faster than this: leave all of it to the loop
            seat.engine.reset()
            return history.start()
        started = time.perf_counter_ns()
        seat.warm(*row)
        tick += 1
        background.pause(min(_REST * (time.perf_counter_ns() - started) / 1e9, _LONGEST_REST_S))
    return tick


def _fits(new: Manifest, old: Manifest) -> None:
    for what, mine, theirs in (("loop", old.loop, new.loop), ("task", old.task, new.task),
                               ("period", old.period_ns, new.period_ns)):
        if mine != theirs:
            raise Refused(f"the bundle's {what} is {theirs!r}, the one running has {mine!r}", where=old.loop,
                          do="start a node of its own for it")
    if new.version < old.version:
        raise Refused(f"version {new.version} is older than {old.version}, which is running", where=old.loop,
                      do="roll back to the last good bundle, or pack this one again as a newer version")
