"""The demo plant: the rig with a clock, faults on command, and rows of samples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.plant.faults import FAULTS, Fault
from lineshaft.connect.plant.instruments import INSTRUMENTS
from lineshaft.connect.plant.recipe import MODES
from lineshaft.connect.plant.rig import Rig
from lineshaft.connect.plant.tags import PERIOD_NS, TAGS, path
from lineshaft.connect.plant.truth import truth
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import UsageError
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

LONGEST_SCAN = 1.0
BEHIND_NS = 600 * SECOND
"""What is caught up row by row, in a second or two; over a longer gap the clock was set, or the machine slept."""
_SETTLING = 900
_PATHS = tuple(tag.path for tag in TAGS)
_INSTRUMENT = {tag.path: instrument for tag, instrument in zip(TAGS, INSTRUMENTS, strict=True)}


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault under way: ``start`` in UTC ns, ``severity`` 0..1, ``ramp`` in seconds of source time."""

    fault: Fault
    start: int
    severity: float
    ramp: float

    def extent(self, now: int) -> float:
        """How far it has come at ``now``, 0..severity."""
        elapsed = (now - self.start) / SECOND
        if elapsed < 0.0:
            return 0.0
        return self.severity * (min(elapsed / self.ramp, 1.0) if self.ramp > 0.0 else 1.0)

    @property
    def expected(self) -> tuple[str, ...]:
        """Paths of the tags any of which a good diagnosis names first."""
        return tuple(path(name) for name in self.fault.expected)


class Plant:
    """A process cell in closed loop. Every 100 ms of source time the process lives ``speed`` times as long.

    Equal ``seed`` and ``speed`` give equal values whether they are asked for as history or live, in one piece
    or many; only the source times depend on ``start`` (UTC ns, rounded down to the 100 ms grid; the first row
    is one period on).

    >>> plant = Plant(seed=7)
    >>> row = plant.step()
    >>> len(row) == len(plant.tags()), set(row.quality.tolist())
    (True, {0})
    >>> plant.inject("pump-wear", severity=0.5).expected[0]
    'demo/hall1/cell1/P102/discharge_pressure'
    """

    def __init__(self, seed: int = 7, *, speed: float = 10.0, start: int = 0) -> None:
        if not (math.isfinite(speed) and 0.0 < speed <= 600.0):
            raise UsageError(f"a speed of {speed:g} is not possible", where="plant",
                             do="give a speed above 0 and up to 600 (10 is usual)")
        if seed < 0:
            raise UsageError(f"the seed {seed} is negative", where="plant", do="give a seed of 0 or more")
        self.speed = speed
        self.time = start // PERIOD_NS * PERIOD_NS
        span = speed * PERIOD_NS / SECOND
        self._scans = max(1, math.ceil(span / LONGEST_SCAN - 1e-9))
        self._dt = span / self._scans
        self.rig = Rig(seed)
        self._injected: dict[str, Injected] = {}
        for _ in range(_SETTLING):
            self.rig.scan(LONGEST_SCAN)

    def tags(self) -> tuple[Tag, ...]:
        """The tags in the order of every row."""
        return TAGS

    def step(self) -> Samples:
        """The next row: all tags, one period after the last."""
        values, quality = self._tick()
        return Samples.row(_PATHS, self.time, values, quality)

    def until(self, now: int) -> Iterator[Samples]:
        """Every row due up to ``now`` (UTC ns), as they are asked for: how a live loop catches up.

        Where ``now`` is before the newest row, or over ``BEHIND_NS`` after it, the clock was set: the process goes on
        as it was, by the new time.
        """
        if not -PERIOD_NS < now - self.time <= BEHIND_NS:
            self._shift(now // PERIOD_NS * PERIOD_NS - PERIOD_NS - self.time)
        while self.time + PERIOD_NS <= now:
            yield self.step()

    def record(self, ticks: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint32]]:
        """The next ``ticks`` rows as columns: times [N], values [N, C], StatusCodes [N, C]."""
        values = np.empty((ticks, len(TAGS)))
        quality = np.empty((ticks, len(TAGS)), np.uint32)
        times = self.time + PERIOD_NS * np.arange(1, ticks + 1, dtype=np.int64)
        for row in range(ticks):
            values[row], quality[row] = self._tick()
        return times, values, quality

    def history(self, ticks: int, end_time: int, *, chunk: int = 1000) -> Iterator[Samples]:
        """Back-fill: ``ticks`` rows of past operation, the last at ``end_time`` (rounded down to the grid).

        Yields at most ``chunk`` rows of samples at a time; the next ``step`` continues without a seam.
        """
        start = end_time // PERIOD_NS * PERIOD_NS - ticks * PERIOD_NS
        if start < self.time:
            raise UsageError("the history would begin before the plant's present time", where="plant",
                             do="ask for fewer ticks or a later end")
        self.time = start
        for done in range(0, ticks, chunk):
            yield Samples.rows(_PATHS, *self.record(min(chunk, ticks - done)))

    def inject(self, fault: str, *, severity: float = 1.0, delay: float = 0.0,
               ramp: float | None = None) -> Injected:
        """Start a fault in ``delay`` seconds of source time; a second call for the same fault replaces the
        first.
        """
        if fault not in FAULTS:
            raise UsageError(f"no fault is called {fault!r}", where="plant",
                             do=f"use one of: {', '.join(FAULTS)}")
        if not 0.0 < severity <= 1.0:
            raise UsageError(f"a severity of {severity:g} is not possible", where=fault,
                             do="give one above 0 and up to 1")
        if delay < 0.0 or (ramp is not None and ramp < 0.0):
            raise UsageError("delay and ramp can't be negative", where=fault, do="give seconds of source time")
        found = FAULTS[fault]
        start = self.time + round(delay * SECOND)
        injected = Injected(found, start, severity, found.ramp if ramp is None else ramp)
        self._injected[fault] = injected
        return injected

    def clear(self, fault: str | None = None) -> None:
        """Repair one fault, or all of them; the process then finds its way back."""
        for name in list(self._injected) if fault is None else [fault]:
            if self._injected.pop(name, None):
                FAULTS[name].apply(self.rig, 0.0)

    def faults(self) -> tuple[Injected, ...]:
        """Faults under way or waiting for their start."""
        return tuple(self._injected.values())

    def write(self, tag: str, value: float) -> None:
        """Write a set-point or the mode as an operator does; it stands until the next change of mode."""
        instrument = _INSTRUMENT.get(tag)
        if instrument is None:
            raise UsageError("the plant has no such tag", where=tag, do="browse the plant for its tags")
        if not instrument.sets:
            raise UsageError("this tag can't be written", where=tag, do="write a set-point or CELL/mode")
        if not instrument.low <= value <= instrument.high:  # also catches NaN
            raise UsageError(f"{value:g} is outside {instrument.low:g}..{instrument.high:g} {instrument.unit}",
                             where=tag, do="write a value inside the range")
        self._write(instrument.sets, value)

    def truth(self) -> dict[str, float]:
        """What no instrument shows: see ``lineshaft.connect.plant.truth``."""
        return truth(self.rig)

    def _write(self, sets: str, value: float) -> None:
        sequencer = self.rig.control.sequencer
        if sets == "mode":
            sequencer.enter(min(round(value), len(MODES) - 1))
        else:
            sequencer.write(sets, value)

    def _shift(self, by: int) -> None:
        self.time += by
        self._injected = {name: replace(one, start=one.start + by) for name, one in self._injected.items()}

    def _tick(self) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
        self.time += PERIOD_NS
        for injected in self._injected.values():
            injected.fault.apply(self.rig, injected.extent(self.time))
        for _ in range(self._scans):
            self.rig.scan(self._dt)
        return self.rig.panel.published()
