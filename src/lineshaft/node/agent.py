"""The node: loop, time grid, alarms, disk buffer and control server as one thing that starts and stops."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.alarm import Alarm
from lineshaft.core.background import Background, Threads
from lineshaft.core.clock import Clock, SystemClock, format_duration
from lineshaft.core.decision import Decision
from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.sample import Samples
from lineshaft.node.alarms import AlarmBook, Transition
from lineshaft.node.align import NEVER
from lineshaft.node.buffer import BufferLimits, DiskBuffer, Entry
from lineshaft.node.control import ControlServer
from lineshaft.node.disk import OpenDisk, open_disk
from lineshaft.node.glance import Glance, beside, glance, newest
from lineshaft.node.grid import Jump, TickGrid
from lineshaft.node.health import Facts, HealthReport, judge
from lineshaft.node.loop import Candidate, Loop, LoopSettings
from lineshaft.node.metrics import exposition
from lineshaft.node.record import Record, answered, decision
from lineshaft.node.seat import Loaded
from lineshaft.node.swap import exchange, prepare
from lineshaft.node.watch import Watch

_TELL_JUMP_NS = 60_000_000_000


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """``grace_ns`` (default a tenth of the period, 50 ms at most) is how long a tick waits for late samples.

    ``control_port`` None means no control server, 0 a free port.
    """

    loop: LoopSettings = field(default_factory=LoopSettings)
    buffer: BufferLimits = field(default_factory=BufferLimits)
    grace_ns: int | None = None
    control_port: int | None = 0


def _no_bundles(reference: str) -> Loaded:
    raise UsageError("this node was started without a way to open bundles", where=reference,
                     do="start it through lineshaft node run")


class Node:
    """One loop on one asset beside its machine.

    ``feed`` and ``poll`` belong to one thread (``run`` uses the event loop's); everything else may be called
    from any. ``on_decision`` is called on the loop's thread right after each decision and must be quick;
    ``on_alarm`` and ``on_health`` on a thread of their own. ``open_bundle`` verifies and loads a bundle that a
    swap names; it runs beside the loop. ``background`` and ``opened`` are what the node has of the machine besides
    ``clock``: where its jobs run, and its disk.
    """

    def __init__(self, loaded: Loaded, folder: Path, *, name: str = "node", asset: str = "",
                 clock: Clock | None = None, settings: NodeSettings | None = None,
                 open_bundle: Callable[[str], Loaded] = _no_bundles, background: Background | None = None,
                 opened: OpenDisk = open_disk) -> None:
        self.name, self.folder, self.clock = name, folder, clock or SystemClock()
        self.settings = settings or NodeSettings()
        self._open_bundle = open_bundle
        self._background = background or Threads()
        self.buffer = DiskBuffer(folder, loop=loaded.manifest.loop, asset=asset, limits=self.settings.buffer,
                                 background=self._background, opened=opened)
        self.alarms = AlarmBook(self.buffer.alarms(), keep=self.buffer.keep_alarm)
        self.alarms.declare(loaded.manifest.loop)
        self.watch = Watch(self.alarms, loaded.manifest.loop, self.clock, self.health, self._background)
        self.loop = Loop(loaded, clock=self.clock, asset=asset, settings=self.settings.loop,
                         emit=self._emit, on_alarm=self.watch.heed)
        self.grid = TickGrid(loaded.manifest.period_ns, self.clock.now(), self.clock.monotonic(),
                             grace_ns=self.settings.grace_ns)
        self.control: ControlServer | None = None
        self.on_decision: list[Callable[[Decision], None]] = []
        self.on_alarm, self.on_health = self.watch.on_alarm, self.watch.on_health
        self._expected, self._early = _trigger(loaded)
        self._ticked, self._started = NEVER, False
        self._stopped: str | None = None
        self._fault = ""
        self._swapping = threading.Lock()
        self._wake: Callable[[], None] | None = None

    # -- life

    def start(self) -> None:
        """Open the control server and be ready for samples."""
        if self._started:
            raise Refused("the node is started already", where=self.name, do="make a new one after a stop")
        if self.settings.control_port is not None:
            self.control = ControlServer(self, self.folder, port=self.settings.control_port)
        self._started = True
        self.watch.start()

    def stop(self, why: str = "") -> None:
        """Decide no more; ``close`` (or the end of ``run``) releases the rest. From any thread."""
        if self._stopped is None:
            self._stopped = why
        if self._wake is not None:
            self._wake()

    def close(self) -> None:
        """Stop, write what waits, release files and ports; safe to call twice."""
        self.stop()
        self.watch.stop()
        if self.control is not None:
            self.control.close()
            self.control = None
        self.buffer.close()

    # -- the loop's thread

    def feed(self, samples: Samples) -> None:
        """Samples as they arrive; ticks at once when every tag has reported in the coming slot, or it is due."""
        now, grid, table = self._time(), self.grid, self.loop.table
        if table.arrived == NEVER:
            grid.restart(now)
        elif now > grid.due:
            grid.catch_up(now)
        table.feed(samples, horizon=grid.coming, now=now)
        while self._complete() or now >= grid.due:
            self._tick(now)

    def poll(self) -> int:
        """Tick if it is due; nanoseconds until the next tick is due. Nothing is decided before any value came."""
        now = self._time()
        if self.loop.table.arrived == NEVER:
            self.grid.restart(now + 1)
        elif now >= self.grid.due:
            self.grid.catch_up(now)
            self._tick(now)
            while self._complete():
                self._tick(now)
        return max(0, self.grid.due - now)

    async def run(self, stream: AsyncIterator[Samples]) -> None:
        """Feed from the stream and tick on time until it ends or ``stop``; then close."""
        if not self._started:
            self.start()
        stopping, events = asyncio.Event(), asyncio.get_running_loop()
        self._wake = partial(_set_from_anywhere, events, stopping)
        tasks = [asyncio.create_task(work) for work in (self._pump(stream), self._keep_time(), stopping.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            self.stop("the input ended")
        finally:
            self._wake = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(self.close)

    async def _pump(self, stream: AsyncIterator[Samples]) -> None:
        async for samples in stream:
            if self._stopped is not None:
                return
            self.feed(samples)

    async def _keep_time(self) -> None:
        while self._stopped is None:  # noqa: ASYNC110 (it waits for a time, not for an event)
            await asyncio.sleep(self.poll() / 1e9)

    def _time(self) -> int:
        now = self.clock.now()
        jump = self.grid.stepped(now, self.clock.monotonic())
        if jump is not None:
            self._follow(jump, now)
        return now

    def _follow(self, jump: Jump, now: int) -> None:
        """What happened so long ago did so also by the clock as it is set now."""
        table = self.loop.table
        table.arrived, self._ticked = (time if time == NEVER else time + jump.by_ns
                                       for time in (table.arrived, self._ticked))
        if jump.by_ns < 0:
            table.clock_stepped_back(now, self.grid.coming)

    def _complete(self) -> bool:
        return self._early and self.loop.table.reported_since(self.grid.floor, self._expected)

    def _tick(self, now: int) -> None:
        self.loop.tick(self.grid.take())
        self._ticked = now
        if self.loop.table.waiting:
            self.loop.table.release(self.grid.coming)

    def _emit(self, record: Record) -> None:
        self.buffer.put(record)
        if self.on_decision:
            self._publish(record)

    def _publish(self, record: Record) -> None:
        word, fault = decision(record, self.loop.name, self.loop.asset), ""
        for publish in self.on_decision:
            try:
                publish(word)
            except Exception as error:  # noqa: BLE001 (who listens must not stop the loop; health says it)
                fault = f"a publisher of decisions failed: {type(error).__name__}: {error}"
        self._fault = fault

    # -- for everybody

    def health(self) -> HealthReport:
        """As it is now."""
        loop, now = self.loop, self.grid.wall(self.clock.monotonic())
        return judge(Facts(
            now, loop.period_ns, self.grid.grace_ns, self._started, self._stopped, loop.table.tags,
            loop.table.arrived, self._ticked, loop.table.masked, loop.source, loop.fallback.reason,
            bool(loop.recent) and loop.recent[-1][5], (*self._clock_faults(now), *self._other_faults())))

    def status(self) -> dict[str, object]:
        """What runs, and how it compares with a shadow."""
        loop, shadow = self.loop, self.loop.shadow
        last_good = loop.fallback.last_good
        return {"node": self.name, "loop": loop.name, "asset": loop.asset, "bundle": loop.bundle.digest,
                "version": loop.bundle.manifest.version, "source": loop.source, "ticks": loop.ticks,
                "misses": loop.misses, "missed_slots": self.grid.missed, "buffer": self.buffer.depth,
                "dropped": self.buffer.dropped, "last_good": last_good.digest if last_good else None,
                "engine": asdict(loop.bundle.fit) if loop.bundle.fit else None,
                "answer": answered(loop.latest),
                "shadow": shadow.comparison() if shadow else None}

    def metrics(self) -> bytes:
        """Prometheus text."""
        return exposition(self)

    def decisions(self, after: int = -1, limit: int = 1000) -> list[Decision]:
        """The newest decisions with a grid time after ``after`` (UTC ns), oldest first."""
        return list(newest(self.loop, after, limit))

    def shadow_decisions(self, after: int = -1, limit: int = 1000) -> list[Decision]:
        """What the shadow said at the same ticks; nothing where there is none."""
        return list(beside(self.loop, after, limit))

    def glance(self, after: int = -1, limit: int = 100, outbox: int = 0) -> Glance:
        """All of it in one: the newest ``limit`` decisions after ``after``, and ``outbox`` entries on disk."""
        return glance(self, after, limit, outbox)

    def alarm_list(self) -> tuple[Alarm, ...]:
        """Every alarm as it stands."""
        return self.alarms.all()

    def journal(self, limit: int = 1000) -> list[Transition]:
        """The newest alarm transitions, oldest first."""
        return self.buffer.journal(limit)

    def act_on_alarm(self, name: str, action: str, *, by: str, reason: str = "", until: int | None = None) -> Alarm:
        """An operator's action by its name: acknowledge, shelve, unshelve, suppress, unsuppress."""
        book, now = self.alarms, self.clock.now()
        actions: dict[str, Callable[[], Alarm]] = {
            "acknowledge": lambda: book.acknowledge(name, by=by, now=now),
            "shelve": lambda: book.shelve(name, until=until or 0, reason=reason, by=by, now=now),
            "unshelve": lambda: book.unshelve(name, by=by, now=now),
            "suppress": lambda: book.suppress(name, reason=reason, by=by, now=now),
            "unsuppress": lambda: book.unsuppress(name, by=by, now=now),
        }
        if action not in actions:
            raise UsageError(f"an alarm cannot be asked to {action!r}", where=name,
                             do=f"use one of: {', '.join(actions)}")
        alarm = actions[action]()
        self.watch.tell(alarm)
        return alarm

    def outbox(self, after: int = 0, limit: int = 1000) -> list[Entry]:
        """Unacknowledged decisions in order."""
        return self.buffer.pending(after, limit)

    def acknowledge_outbox(self, sequence: int, outbox: str = "") -> int:
        """The centre holds everything up to ``sequence`` of this ``outbox``."""
        return self.buffer.acknowledge(sequence, outbox)

    # -- bundles

    def swap(self, bundle: str | Callable[[], Loaded]) -> str:
        """Make a bundle ready beside the loop, then let it decide; gives its digest once it does.

        Blocks for as long as that takes, so call it from a thread that is not the loop's. A refusal leaves
        everything as it was.
        """
        return self._bring(bundle, shadow=False)

    def start_shadow(self, bundle: str | Callable[[], Loaded]) -> str:
        """Let a bundle run beside on the same inputs, unheeded; blocks as ``swap`` does."""
        return self._bring(bundle, shadow=True)

    def promote(self) -> str:
        """The shadow takes over; it has seen every input already."""
        shadow = self.loop.shadow
        if shadow is None or shadow.failed:
            why = f"the shadow failed: {shadow.failed}" if shadow else "there is no shadow"
            raise Refused(why, where=self.loop.name, do="start a shadow and look at its figures first")
        with self._one_at_a_time():
            exchange(self.loop, Candidate(shadow.seat), background=self._background)
        return shadow.seat.digest

    def rollback(self) -> str:
        """The last good bundle takes over again; it is kept warm for that."""
        seat = self.loop.fallback.last_good
        if seat is None:
            raise Refused("there is no earlier bundle to go back to", where=self.loop.name,
                          do="swap in the bundle that you want")
        with self._one_at_a_time():
            exchange(self.loop, Candidate(seat), background=self._background)
        return seat.digest

    def _bring(self, bundle: str | Callable[[], Loaded], *, shadow: bool) -> str:
        load = (lambda: self._open_bundle(bundle)) if isinstance(bundle, str) else bundle
        with self._one_at_a_time():
            candidate = prepare(self.loop, load, shadow=shadow, background=self._background)
            exchange(self.loop, candidate, background=self._background)
        return candidate.seat.digest

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if not self._swapping.acquire(blocking=False):
            raise Refused("another bundle is being brought in", where=self.loop.name, do="wait until it is done")
        try:
            yield
        finally:
            self._swapping.release()

    def _clock_faults(self, now: int) -> list[str]:
        return [f"the node's clock was set {'forward' if jump.by_ns > 0 else 'back'} by "
                f"{format_duration(abs(jump.by_ns))}" for jump in self.grid.jumps if now - jump.at < _TELL_JUMP_NS]

    def _other_faults(self) -> list[str]:
        said = (self.buffer.fault, self.buffer.slow, self._fault, *self.watch.faults.values())
        return [fault for fault in said if fault]


def _set_from_anywhere(events: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    events.call_soon_threadsafe(event.set)


def quiet_process() -> None:
    """Once, after loading and before the loop: for a process that does little but decide.

    Frozen objects are never walked by the garbage collector, and a thread that holds the interpreter must offer
    it after 0.5 ms instead of 5.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(0.0005)


def _trigger(loaded: Loaded) -> tuple[NDArray[np.bool_], bool]:
    """The tags that report in every slot, and whether a slot may tick as soon as they have.

    A tag that reports several times in a slot is used as of the slot's end, as in history: then no tick is early.
    """
    period = loaded.manifest.period_ns
    own = [tag.period_ns or period for tag in loaded.manifest.tags]
    return np.array([p <= period for p in own], np.bool_), min(own) >= period
