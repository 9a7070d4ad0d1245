"""What goes wrong, when and for how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.simulation.centre import Centre
from tests.faults.simulation.disk import FAULTS, SimDisk
from tests.faults.simulation.engine import TAGS
from tests.faults.simulation.plant import Plant
from tests.faults.simulation.process import Process
from tests.faults.simulation.world import MachineClock, World

Undo = Callable[[], None]


@dataclass(slots=True)
class Surroundings:
    """Everything that can be broken."""

    world: World
    clock: MachineClock
    disk: SimDisk
    plant: Plant
    centre: Centre
    node: Callable[[], Process | None]
    kill: Callable[[], None]
    stop: Callable[[], None]
    lose_disk: Callable[[], None]


def _nothing() -> None:
    return


def plant_gone(at: Surroundings) -> Undo:
    at.plant.cut = True
    return lambda: setattr(at.plant, "cut", False)


def tag_gone(at: Surroundings) -> Undo:
    tag = at.world.chance.choice(TAGS)
    at.plant.silent.add(tag)
    return lambda: at.plant.silent.discard(tag)


def network_slow(at: Surroundings) -> Undo:
    at.plant.delay_ns = at.world.within(1, 4) * at.world.period
    return lambda: setattr(at.plant, "delay_ns", at.world.period // 20)


def samples_lost(at: Surroundings) -> Undo:
    at.plant.lost = 0.4
    return lambda: setattr(at.plant, "lost", 0.0)


def samples_doubled(at: Surroundings) -> Undo:
    at.plant.doubled = 0.5
    return lambda: setattr(at.plant, "doubled", 0.0)


def odd_values(at: Surroundings) -> Undo:
    at.plant.odd = 0.4
    return lambda: setattr(at.plant, "odd", 0.0)


def bad_quality(at: Surroundings) -> Undo:
    at.plant.bad = 0.4
    return lambda: setattr(at.plant, "bad", 0.0)


def disturbance(at: Surroundings) -> Undo:
    at.plant.high = True
    return lambda: setattr(at.plant, "high", False)


def flood(at: Surroundings) -> Undo:
    at.plant.flood = 20
    return lambda: setattr(at.plant, "flood", 0)


def plant_clock_wrong(at: Surroundings) -> Undo:
    period = at.world.period
    at.plant.skew = at.world.chance.choice((-10, -3, -1, 1, 2, 12)) * period + at.world.within(0, period // 2)
    return lambda: setattr(at.plant, "skew", 0)


def disk_refuses(at: Surroundings) -> Undo:
    at.disk.fault = at.world.chance.choice(FAULTS)
    return lambda: setattr(at.disk, "fault", "")


def power_cut_at_a_commit(at: Surroundings) -> Undo:
    at.disk.cut = at.kill
    return lambda: setattr(at.disk, "cut", None)


def node_killed(at: Surroundings) -> Undo:
    at.kill()
    return _nothing


def node_stopped(at: Surroundings) -> Undo:
    at.stop()
    return _nothing


def disk_replaced(at: Surroundings) -> Undo:
    at.lose_disk()
    return _nothing


def clock_stepped(at: Surroundings) -> Undo:
    sign, period = at.world.chance.choice((-1, 1)), at.world.period
    by = sign * at.world.chance.choice((period // 5, 2 * period, 3 * period, 9 * period, 3600 * period))
    at.clock.error += by + sign * at.world.within(0, period // 10)
    if at.world.happens(0.5):  # the plant's server runs on the same machine
        at.plant.skew += by

    def right_again() -> None:
        at.clock.error = at.plant.skew = 0

    return right_again


def clock_drifts(at: Surroundings) -> Undo:
    """Half a percent, for a while; then it is set right by a small step."""
    by, state = at.world.chance.choice((-1, 1)) * at.world.period // 200, [True]

    def drift() -> None:
        if state[0]:
            at.clock.error += by
            at.world.after(at.world.period, drift)

    def right_again() -> None:
        state[0] = False
        at.clock.error = 0

    drift()
    return right_again


def processor_starved(at: Surroundings) -> Undo:
    process = at.node()
    if process is None:
        return _nothing
    process.late_ns = at.world.within(1, 5) * at.world.period
    return lambda: setattr(process, "late_ns", 0)


def engine_in_trouble(at: Surroundings) -> Undo:
    process = at.node()
    if process is None:
        return _nothing
    oracle = process.oracle
    places = [place for place in (oracle.bundle, oracle.bundle, oracle.last_good, oracle.shadow) if place is not None]
    engine = at.world.chance.choice(places).engine
    engine.trouble = at.world.chance.choice(("raise", "nan", "nan alarm", "slow"))
    return lambda: setattr(engine, "trouble", "")


def centre_away(at: Surroundings) -> Undo:
    at.centre.cut = True
    return lambda: setattr(at.centre, "cut", False)


def answers_lost(at: Surroundings) -> Undo:
    at.centre.unanswered, at.centre.repeats = 0.4, 0.4
    return at.centre.calm


def centre_dies(at: Surroundings) -> Undo:
    at.centre.historian.refuses = 0.5
    return lambda: setattr(at.centre.historian, "refuses", 0.0)


KINDS: tuple[Callable[[Surroundings], Undo], ...] = (
    plant_gone, tag_gone, network_slow, samples_lost, samples_doubled, odd_values, bad_quality, disturbance, flood,
    plant_clock_wrong, disk_refuses, disk_refuses, power_cut_at_a_commit, node_killed, node_killed, node_stopped,
    disk_replaced, clock_stepped, clock_stepped, clock_drifts, processor_starved, engine_in_trouble, engine_in_trouble,
    centre_away, answers_lost, centre_dies, disturbance)


def plan(at: Surroundings, end: int) -> int:
    """Some faults before ``end`` (periods), each over by then; how many."""
    world = at.world
    count = world.within(1, 6)
    for _ in range(count):
        begin = world.within(1, end - 2)
        lasts = world.within(1, max(1, min(9, end - begin - 1)))
        _plan_one(at, world.chance.choice(KINDS), begin * world.period + world.within(0, world.period),
                  lasts * world.period)
    return count


def _plan_one(at: Surroundings, kind: Callable[[Surroundings], Undo], begin: int, lasts: int) -> None:
    def break_it() -> None:
        at.world.say(f"fault: {kind.__name__}")
        undo = kind(at)

        def mend() -> None:
            if undo is not _nothing:
                at.world.say(f"over: {kind.__name__}")
            undo()

        at.world.after(lasts, mend)

    at.world.after(begin, break_it)
