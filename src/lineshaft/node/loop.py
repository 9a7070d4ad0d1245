"""One tick: align, step, guard, emit."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from lineshaft.core.clock import Clock
from lineshaft.core.decision import Decision, Source
from lineshaft.core.sample import Samples
from lineshaft.node.align import LatestValues
from lineshaft.node.fallback import BUNDLE, Fallback, FallbackPolicy
from lineshaft.node.histogram import LatencyHistogram
from lineshaft.node.history import InputHistory
from lineshaft.node.record import SOURCES, Record, decision
from lineshaft.node.seat import Loaded, Seat
from lineshaft.node.shadow import Shadow

_WARM_A_TICK = 4


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """``explain_from`` is the score from which causes are worked out, ``causes`` how many at most;
    ``history`` ticks of inputs are kept to warm up another engine, ``recent`` decisions to be read."""

    explain_from: float = 0.5
    causes: int = 5
    history: int = 512
    recent: int = 2048
    fallback: FallbackPolicy = field(default_factory=FallbackPolicy)


@dataclass(slots=True, eq=False)
class Candidate:
    """A seat that has seen all inputs before tick ``position`` (None: all of them).

    ``taken`` is set once it decides or shadows, or when ``failed`` says why it does not.
    """

    seat: Seat
    position: int | None = None
    shadow: bool = False
    taken: Event = field(default_factory=Event)
    failed: str = ""


def _ignore(_: Record) -> None:
    return


class Loop:
    """The real-time loop of one bundle on one asset; ``feed`` and ``tick`` belong to one thread.

    ``emit`` takes every record right after it was decided; ``on_alarm`` those whose alarm differs from the one
    before, and the first. What is not the decision (shadow, the last good bundle, a swap) runs after ``emit``.
    """

    def __init__(self, loaded: Loaded, *, clock: Clock, asset: str = "", settings: LoopSettings | None = None,
                 emit: Callable[[Record], None] = _ignore, on_alarm: Callable[[Record], None] = _ignore) -> None:
        manifest = loaded.manifest
        loaded.engine.reset()  # a golden replay may have left its state there
        self.settings = settings or LoopSettings()
        self.name, self.asset, self.period_ns = manifest.loop, asset, manifest.period_ns
        self.table = LatestValues([tag.path for tag in manifest.tags], manifest.stale_ns)
        self.history = InputHistory(self.settings.history, len(manifest.tags))
        self.fallback = Fallback(Seat(loaded, self.table.tags), self.settings.fallback)
        self.shadow: Shadow | None = None
        self.latency = LatencyHistogram()
        self.recent: deque[Record] = deque(maxlen=self.settings.recent)
        self.ticks = self.misses = self.swaps = 0
        self.masked_names: tuple[str, ...] = ()
        self._mask_version = -1
        self._emit, self._on_alarm = emit, on_alarm
        self._alarm: bool | None = None  # so the first decision after a restart tells its alarm
        self._clock, self._monotonic = clock, clock.monotonic
        self._deadline = manifest.budget.deadline_ns
        self._candidate: Candidate | None = None
        self._busy = False

    @property
    def bundle(self) -> Seat:
        """The bundle that is meant to decide."""
        return self.fallback.bundle

    @property
    def source(self) -> Source:
        """Who decided last."""
        return SOURCES[self.fallback.level]

    @property
    def latest(self) -> Decision | None:
        """The newest decision in words."""
        return decision(self.recent[-1], self.name, self.asset) if self.recent else None

    def feed(self, samples: Samples, coming: int) -> None:
        """Samples as they arrive; ``coming`` is the grid time of the next tick."""
        self.table.feed(samples, horizon=coming, now=self._clock.now())

    def tick(self, time: int) -> Record:
        """Decide as of ``time`` and emit."""
        started = self._monotonic()
        table, fallback = self.table, self.fallback
        table.align(time)
        self.history.push(table)
        score, alarm, confidence = fallback.decide(table)
        if self._mask_version != table.mask_version:
            self.masked_names = tuple(masked.tag for masked in table.masked)
            self._mask_version = table.mask_version
        causes = self._causes() if alarm or score >= self.settings.explain_from else ()
        level = fallback.level
        seat = fallback.bundle if level == BUNDLE else fallback.seat
        said = seat.said() if seat is not None and seat.answers else None
        latency = self._monotonic() - started
        missed = latency > self._deadline
        record: Record = (time, score, alarm, confidence, latency, missed, level, self.masked_names, causes,
                          seat.digest if seat is not None else "", said)
        self.recent.append(record)
        self._emit(record)
        if alarm is not self._alarm:
            self._alarm = alarm
            self._on_alarm(record)
        self.ticks += 1
        self.latency.add(latency)
        if missed:
            self.misses += 1
        fallback.timed(missed)
        if self._busy or level != BUNDLE or self._candidate is not None:
            self._beside(record)
        return record

    def offer(self, candidate: Candidate) -> None:
        """Take this seat after the tick that is running or the next one; from any thread."""
        self._candidate = candidate

    def withdraw(self, candidate: Candidate) -> bool:
        """Take an offer back; False when it was taken already."""
        if self._candidate is not candidate:
            return False
        self._candidate = None
        return True

    def end_shadow(self) -> None:
        """Run it no longer."""
        self.shadow = None

    def _causes(self) -> tuple[tuple[str, float], ...]:
        seat = self.fallback.seat
        return seat.causes(self.settings.causes) if seat is not None else self.fallback.causes

    def _beside(self, record: Record) -> None:
        self.fallback.beside(self.table, self._monotonic)
        shadow, candidate = self.shadow, self._candidate
        if shadow is not None:
            shadow.step(self.table, record)
        if candidate is not None:
            self._take(candidate)
        self._busy = self.fallback.busy or self.shadow is not None

    def _take(self, candidate: Candidate) -> None:
        if candidate.position is None and not self._warm(candidate.seat):
            candidate.failed = "it failed before it could take over"
            self._candidate = None
            candidate.taken.set()
            return
        try:
            if not self._caught_up(candidate):
                return
        except Exception as error:  # noqa: BLE001 (an engine may raise anything; it is told as a reason)
            candidate.failed = f"its engine failed on this loop's inputs: {type(error).__name__}: {error}"
        else:
            self._seat(candidate)
        self._candidate = None
        candidate.taken.set()

    def _warm(self, seat: Seat) -> bool:
        """Whether a seat has seen every tick and failed at none: the last good one, or the shadow."""
        shadow = self.shadow
        return seat is self.fallback.last_good or (shadow is not None and shadow.seat is seat and not shadow.failed)

    def _caught_up(self, candidate: Candidate) -> bool:
        """Warm the candidate by a few of the ticks it has not seen; true when none is left."""
        if candidate.position is None:
            return True
        for _ in range(_WARM_A_TICK):
            if candidate.position >= self.history.count:
                return True
            row = self.history.row(candidate.position)
            if row is None:
                candidate.seat.engine.reset()
                candidate.position = self.history.start()
                continue
            candidate.seat.warm(*row)
            candidate.position += 1
        return candidate.position >= self.history.count

    def _seat(self, candidate: Candidate) -> None:
        if candidate.shadow:
            self.shadow = Shadow(candidate.seat, self.settings.recent)
            return
        if self.shadow is not None and self.shadow.seat is candidate.seat:
            self.shadow = None
        self._deadline = candidate.seat.manifest.budget.deadline_ns
        self.table.stale_after(candidate.seat.manifest.stale_ns)
        self.fallback.exchange(candidate.seat)
        self.swaps += 1
