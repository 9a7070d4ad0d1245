"""The plant and the way from it to the node: values a period, delayed, repeated, lost, bad."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tests.faults.simulation.engine import TAGS
from tests.faults.simulation.world import START, World

from lineshaft.core.sample import Sample, Samples

BAD_CODES = (0x80310000, 0x808A0000, 0x808C0000, 0x80000000, 0x40000000, 0x40900000)
ODD_VALUES = (float("nan"), float("inf"), 1e39, -1e300, 5e-324)


class Plant:
    """Emits one sample of every tag a period, as one batch or one by one; faults are numbers that others set."""

    def __init__(self, world: World, deliver: Callable[[Samples], None]) -> None:
        self.world, self._deliver = world, deliver
        self.as_rows = world.happens(0.5)
        self.values = [float(world.within(40, 72)) / 8 for _ in TAGS]
        self.skew = 0
        self.calm()
        world.after(world.within(0, world.period), self._emit)

    def calm(self) -> None:
        """No faults."""
        self.cut = self.frozen = False
        self.lost = self.doubled = self.odd = self.bad = 0.0
        self.delay_ns = self.world.period // 20
        self.silent: set[str] = set()
        self.flood = 0
        self.high = False

    def _emit(self) -> None:
        world = self.world
        world.after(world.period + world.within(-world.period // 50, world.period // 50), self._emit)
        if self.cut or self.frozen:
            return
        now = START + world.time + self.skew
        samples = [Sample(tag, now, *self._measured(place)) for place, tag in enumerate(TAGS)
                   if tag not in self.silent]
        if self.as_rows and len(samples) == len(TAGS):
            self._send(Samples.row(TAGS, now, np.array([one.value for one in samples]),
                                   np.array([one.quality for one in samples], np.uint32)))
        else:
            for one in samples:
                self._send(Samples.of([one, *self._more(one)]))

    def _measured(self, place: int) -> tuple[float, int]:
        world = self.world
        value = self.values[place] + world.within(-4, 4) / 8
        self.values[place] = value = min(max(value, 0.0), 12.0)
        if self.high:
            value += 8.0
        if world.happens(self.odd):
            return world.chance.choice(ODD_VALUES), 0
        return value, world.chance.choice(BAD_CODES) if world.happens(self.bad) else 0

    def _more(self, one: Sample) -> list[Sample]:
        """Besides: the same tag a little earlier or later in one batch, and tags that nobody asked for."""
        world = self.world
        more = [Sample(one.tag, one.time + world.within(-world.period, world.period), one.value + number / 8)
                for number in range(self.flood)]
        if world.happens(self.doubled):
            more.append(Sample("cell/foreign", one.time, 1.0))
        return more

    def _send(self, samples: Samples) -> None:
        world = self.world
        for _ in range(2 if world.happens(self.doubled) else 1):
            if not world.happens(self.lost):
                world.after(world.within(0, self.delay_ns), lambda: self._deliver(samples))
