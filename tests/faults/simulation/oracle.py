"""What each decision must be: the contract of ADR 0006 in the plainest words, from the samples that arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from tests.faults.simulation.engine import LIMITS, MEMORY, TAGS, Answer, Row, SimEngine, golden
from tests.faults.simulation.world import World

from lineshaft.core.decision import Decision, Source
from lineshaft.core.manifest import Manifest
from lineshaft.core.sample import Sample, Samples

LOST_LINK = {0x80310000, 0x808A0000, 0x809B0000, 0x80320000}
LARGEST = float(np.finfo(np.float32).max)


def lost_link(sample: Sample) -> bool:
    """Whether it speaks of the link and not of the instrument."""
    return sample.quality >= 0x80000000 and sample.quality & 0xFFFF0000 in LOST_LINK


@dataclass(slots=True)
class Newest:
    """What is known of a tag: the newest sample that counts, and the time of the newest measurement."""

    sample: Sample | None = None
    stale_ns: int = 0
    measured: int | None = None


@dataclass(slots=True)
class Inputs:
    """The samples that arrived at one node, and what of them is usable as of a time."""

    stale_ns: int
    ahead_ns: int
    tags: dict[str, Newest] = field(default_factory=lambda: {tag: Newest() for tag in TAGS})
    waiting: list[Sample] = field(default_factory=list)

    def arrive(self, samples: Samples, now: int) -> None:
        """Late, foreign and repeated ones too; one that is too far ahead of the node's clock is refused."""
        self.waiting += [one for one in sorted(samples, key=lambda one: one.time)
                         if one.tag in self.tags and one.time <= now + self.ahead_ns]

    def clock_set_back(self, now: int, coming: int, before: int) -> None:
        """What lies ahead of the tick that is coming now waits again, or is too far ahead; a value that was good for
        the tick that was coming ``before`` has replaced the one before it."""
        self._take_until(before)
        ahead = []
        for tag, known in self.tags.items():
            if known.sample is not None and known.measured is not None and known.measured > coming:
                masked = abs(known.sample.value) > LARGEST or known.sample.value != known.sample.value
                ahead.append(Sample(tag, known.measured, 0.0 if masked else known.sample.value,
                                    known.sample.quality or (0x809B0000 if masked else 0)))
                self.tags[tag] = Newest()
        self.waiting = [one for one in [*ahead, *self.waiting] if one.time <= now + self.ahead_ns]

    def as_of(self, time: int) -> Row:
        """Values (0 where masked) and qualities, tag by tag."""
        self._take_until(time)
        usable = [self._usable(known, time) for known in self.tags.values()]
        values = [known.sample.value if known.sample else 0.0 for known in self.tags.values()]
        return (tuple(float(np.float32(value)) if good else 0.0 for value, good in zip(values, usable, strict=True)),
                tuple(map(float, usable)))

    def _take_until(self, time: int) -> None:
        due = [one for one in self.waiting if one.time <= time]
        self.waiting = [one for one in self.waiting if one.time > time]
        for one in due:
            self._take(one)

    def _take(self, sample: Sample) -> None:
        known = self.tags[sample.tag]
        if known.measured is not None and sample.time < known.measured:
            return
        number = abs(sample.value) <= LARGEST
        measured = known.measured if lost_link(sample) and not number else sample.time
        self.tags[sample.tag] = Newest(sample, self.stale_ns, measured)

    def _usable(self, known: Newest, time: int) -> bool:
        one = known.sample
        return (one is not None and one.quality < 0x80000000 and isfinite(one.value) and abs(one.value) <= LARGEST
                and time - one.time <= known.stale_ns)


@dataclass(slots=True)
class Place:
    """An engine that takes part: its rows begin where it was last in zero state."""

    engine: SimEngine
    manifest: Manifest
    since: int = 0

    def answer(self, rows: Sequence[Row]) -> Answer:
        """The golden answer to the newest row."""
        places = [TAGS.index(tag.path) for tag in self.manifest.tags]
        newest = rows[max(self.since, len(rows) - MEMORY):]
        return golden([(tuple(x[p] for p in places), tuple(q[p] for p in places)) for x, q in newest],
                      self.engine.gain)


@dataclass(frozen=True, slots=True)
class Seen:
    """A decision as it was published, with what stood in the node at that moment."""

    decision: Decision
    bundle: str
    shadow: str
    missed_slots: int


class Oracle:
    """The word that one life of a node must give at each tick, and who has to give it."""

    def __init__(self, world: World, made: Mapping[str, tuple[Manifest, SimEngine]], bundle: str, stale_ns: int,
                 misses: int, good: int) -> None:
        self.world, self.misses, self.good = world, misses, good
        self.inputs = Inputs(stale_ns, stale_ns)
        self.rows: list[Row] = []
        self.allowed: dict[str, int] = {}
        """Digests that may take over now; the number is of those who brought them."""
        self.newest: Seen | None = None
        self.rejoin = True
        self._made = made
        self.bundle = self._place(bundle)
        self.last_good: Place | None = None
        self.shadow: Place | None = None
        self.left = False
        self._late = self._good = 0

    def arrive(self, samples: Samples, now: int) -> None:
        """To be told before the node is."""
        self.inputs.arrive(samples, now)

    def clock_set_back(self, now: int, before: int) -> None:
        """To be told before the node can notice; ``before``: the tick that it waits for."""
        self.inputs.clock_set_back(now, -(-now // self.world.period) * self.world.period, before)
        self.rejoin = True

    def decided(self, seen: Seen) -> None:
        """Compare one decision with what it had to be."""
        self._exchange(seen)
        self._check_slot(seen)
        before = self.left
        row = self.inputs.as_of(seen.decision.time)
        self.rows.append(row)
        source, answer, digest = self._word(row)
        masked = tuple(tag for tag, usable in zip(TAGS, row[1], strict=True) if not usable)
        said = seen.decision
        found = (said.source, (said.score, said.alarm, said.confidence), said.bundle, said.masked)
        wanted = (source, answer, digest, masked)
        self.world.check(_alike(found, wanted), f"the decision at {said.time} is {found}, the reference says {wanted}"
                                                f" for {row}")
        slow = (self.last_good if self.left else self.bundle) if digest else None
        self.world.check(said.missed == (slow is not None and slow.engine.trouble == "slow"),
                         f"the decision at {said.time} says missed: {said.missed}")
        self._after(said.missed, before)
        self.newest = seen

    # -- who is there

    def _place(self, digest: str, since: int = 0) -> Place:
        manifest, engine = self._made[digest]
        return Place(engine, manifest, since)

    def _exchange(self, seen: Seen) -> None:
        """The tick before has brought in what stands there now."""
        if seen.shadow != (self.shadow.engine.digest if self.shadow else "") and seen.shadow:
            self.world.check(seen.shadow in self.allowed, f"{seen.shadow} shadows and nobody brought it")
            self.shadow = self._place(seen.shadow)
        if seen.bundle == self.bundle.engine.digest:
            self._end_shadow(seen)
            return
        self.world.check(seen.bundle in self.allowed, f"{seen.bundle} took over and nobody brought it")
        self.world.say(f"{seen.bundle} takes over")
        incoming = next((place for place in (self.shadow, self.last_good)
                         if place and place.engine.digest == seen.bundle), None) or self._place(seen.bundle)
        if not self.left:
            self.last_good = self.bundle
        elif self.last_good is incoming:
            self.last_good = None
        self.bundle, self.left, self._late, self._good = incoming, False, 0, 0
        self.inputs.stale_ns = incoming.manifest.stale_ns
        self._end_shadow(seen)

    def _end_shadow(self, seen: Seen) -> None:
        if not seen.shadow:
            self.shadow = None

    # -- what has to be said

    def _word(self, row: Row) -> tuple[Source, Answer, str]:
        if not self.left:
            if not self.bundle.engine.fails:
                return Source.BUNDLE, self.bundle.answer(self.rows), self.bundle.engine.digest
            self.left, self._good = True, 0
        if self.last_good is not None and not self.last_good.engine.fails:
            return Source.LAST_GOOD, self.last_good.answer(self.rows), self.last_good.engine.digest
        self.last_good = None
        return (*_ruled(row), "")

    def _after(self, missed: bool, before: bool) -> None:
        """What happens beside: who failed restarts from zero, who was left ``before`` this tick may come back."""
        self._late = self._late + 1 if missed else 0
        if not self.left and self._late >= self.misses:
            self.left, self._good = True, 0
        for place in (self.bundle, self.last_good, self.shadow):
            if place is not None and place.engine.fails:
                place.since = len(self.rows)
        if self.last_good is not None and self.last_good.engine.fails:
            self.last_good = None
        if before:
            well = self.bundle.engine.trouble == ""
            self._good = self._good + 1 if well else 0
            if self._good >= self.good:
                self.left, self._late, self._good = False, 0, 0

    # -- when

    def _check_slot(self, seen: Seen) -> None:
        time, period, before = seen.decision.time, self.world.period, self.newest
        self.world.check(time % period == 0, f"{time} is no grid time")
        if before is not None and not self.rejoin:
            skipped = (time - before.decision.time) // period - 1
            counted = seen.missed_slots - before.missed_slots
            self.world.check(skipped >= 0, f"{time} was decided after {before.decision.time}")
            self.world.check(skipped == counted, f"{skipped} slots were passed over, {counted} counted as missed")
        self.rejoin = False


def _ruled(row: Row) -> tuple[Source, Answer]:
    """Between the declared limits the score grows from 0 in the middle to 1 at an end."""
    scores = [abs(row[0][place] - (low + high) / 2) / ((high - low) / 2)
              for place, (low, high) in ((TAGS.index(tag), ends) for tag, ends in LIMITS.items()) if row[1][place]]
    if not scores:
        return Source.SAFE, (1.0, True, 0.0)
    return Source.RULES, (max(scores), max(scores) >= 1.0, 0.0)


def _alike(found: tuple[Source, Answer, str, tuple[str, ...]],
           wanted: tuple[Source, Answer, str, tuple[str, ...]]) -> bool:
    numbers = abs(found[1][0] - wanted[1][0]) < 1e-6 and abs(found[1][2] - wanted[1][2]) < 1e-6
    return numbers and found[1][1] == wanted[1][1] and (found[0], *found[2:]) == (wanted[0], *wanted[2:])
