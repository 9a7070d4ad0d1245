"""What the plant promises to whoever drives it."""

from __future__ import annotations

import numpy as np
import pytest

from lineshaft.connect.plant.control import LOOPS
from lineshaft.connect.plant.instruments import PLACE
from lineshaft.connect.plant.plant import Plant
from lineshaft.connect.plant.recipe import MODES
from lineshaft.connect.plant.tags import PERIOD_NS, TAGS, path
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import UsageError

NOON = 1_700_000_000_000_000_000


def test_equal_seeds_give_equal_values_and_others_do_not() -> None:
    one, same, other = (Plant(seed).record(200)[1] for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_history_and_live_are_one_run_without_a_seam() -> None:
    plant, twin = Plant(seed=5), Plant(seed=5)
    pieces = list(plant.history(250, NOON, chunk=100))
    row = plant.step()
    _, values, _ = twin.record(251)
    assert [len(piece) // len(TAGS) for piece in pieces] == [100, 100, 50]
    filled = np.concatenate([piece.value for piece in pieces]).reshape(-1, len(TAGS))
    assert np.array_equal(filled, values[:250])
    assert np.array_equal(row.value, values[250])
    assert int(pieces[-1].time[-1]) == NOON
    assert int(row.time[0]) == NOON + PERIOD_NS


def test_source_times_lie_on_the_grid_and_follow_each_other() -> None:
    plant = Plant(seed=1, start=NOON + 37_000_000)
    times, _, _ = plant.record(20)
    assert set(np.diff(times).tolist()) == {PERIOD_NS}
    assert int(times[0]) % PERIOD_NS == 0


def test_a_late_live_loop_gets_every_row_that_is_due_and_no_more() -> None:
    plant = Plant(seed=1, start=NOON)
    times = [int(row.time[0]) for row in plant.until(NOON + 250_000_000)]
    assert times == [NOON + PERIOD_NS, NOON + 2 * PERIOD_NS]
    assert list(plant.until(NOON + 250_000_000)) == []


@pytest.mark.parametrize("by", [-3600, -1, 601, 3600])
def test_a_live_plant_goes_on_by_a_clock_that_was_set(by: int) -> None:
    plant, steady = (Plant(seed=3, start=NOON) for _ in range(2))
    fault = plant.inject("pump-wear", delay=0.1)
    steady.inject("pump-wear", delay=0.1)
    before = [row.value for row in plant.until(NOON + 3 * PERIOD_NS)]
    now = NOON + by * SECOND
    after = [*plant.until(now), *plant.until(now + PERIOD_NS)]
    assert [int(row.time[0]) for row in after] == [now, now + PERIOD_NS]
    assert plant.faults()[0].start - now == fault.start - NOON - 4 * PERIOD_NS
    straight = [steady.step().value for _ in range(5)]
    assert np.array_equal([*before, *(row.value for row in after)], straight, equal_nan=True)


def test_history_refuses_to_step_back_in_time() -> None:
    plant = Plant(seed=1, start=NOON)
    with pytest.raises(UsageError, match="fewer ticks or a later end"):
        next(plant.history(10, NOON))


def test_every_tag_is_described_has_a_range_and_stays_inside_it() -> None:
    _, values, quality = Plant(seed=2).record(6000)
    for place, tag in enumerate(TAGS):
        assert tag.unit and tag.description and tag.low is not None and tag.high is not None
        assert tag.low <= values[:, place].min() and values[:, place].max() <= tag.high, tag.path
    assert not quality.any()
    assert 48 <= len(TAGS) <= 60


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_minutes_hold_every_mode_several_times(seed: int) -> None:
    mode = Plant(seed).record(6000)[1][:, PLACE["CELL/mode"]]
    entered = mode[1:][np.diff(mode) != 0]
    assert all(np.count_nonzero(entered == each) >= 2 for each in range(len(MODES)))


def test_normal_operation_is_stationary() -> None:
    values = Plant(seed=4).record(24_000)[1]
    first, second = values[:12_000], values[12_000:]
    spread = np.maximum(first.std(0), 1e-9)
    moved = np.abs(first.mean(0) - second.mean(0)) / spread
    assert moved.max() < 0.6, TAGS[int(moved.argmax())].path


@pytest.mark.parametrize("mode", range(len(MODES)))
def test_a_mode_that_is_held_is_reached_by_every_loop(mode: int) -> None:
    plant = Plant(seed=8)
    for _ in range(10):
        plant.write(path("CELL/mode"), mode)
        plant.record(200)
    control, errors = plant.rig.control, dict[str, list[float]]()
    for _ in range(200):
        values = plant.step().value
        for name, loop in LOOPS.items():
            target = control.sequencer.setpoint[name]
            errors.setdefault(name, []).append(values[PLACE[loop.measures]] / target - 1.0)
            assert 5.0 < control.loops[name].output < 98.0, name
    for name, relative in errors.items():
        assert abs(np.mean(relative)) < 0.02, name
        assert np.std(relative) < 0.02, name


def test_flow_follows_mode_and_the_feeds_keep_their_ratio() -> None:
    values = Plant(seed=3).record(6000)[1]
    mode = values[:, PLACE["CELL/mode"]]
    feed = [values[mode == each, PLACE["P101/flow"]].mean() for each in range(3)]
    assert feed == sorted(feed)
    ratio = values[:, PLACE["P102/flow"]] / values[:, PLACE["P101/flow"]]
    assert ratio.mean() == pytest.approx(0.5, abs=0.01)


def test_a_written_set_point_is_reached_and_ends_with_the_mode() -> None:
    plant = Plant(seed=3)
    plant.write(path("CELL/mode"), 1)
    plant.write(path("TIC102/setpoint"), 58.0)
    _, values, _ = plant.record(250)
    assert values[-1, PLACE["TIC102/setpoint"]] == 58.0
    plant.write(path("CELL/mode"), 2)
    _, values, _ = plant.record(250)
    assert values[-1, PLACE["TIC102/setpoint"]] == MODES[2].reactor


@pytest.mark.parametrize(("tag", "value", "says"), [
    ("P101/flow", 50.0, "can't be written"), ("TIC102/setpoint", 500.0, "outside 50..68"),
    ("TIC102/setpoint", float("nan"), "outside"), ("P999/flow", 1.0, "no such tag")])
def test_a_write_that_makes_no_sense_is_refused_in_a_sentence(tag: str, value: float, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Plant(seed=3).write(path(tag), value)


@pytest.mark.parametrize("speed", [1.0, 25.0])
def test_speed_is_seconds_of_process_for_seconds_of_source(speed: float) -> None:
    plant = Plant(seed=3, speed=speed)
    plant.write(path("CELL/mode"), 1)
    plant.write(path("PIC101/setpoint"), 1.6)  # ramps 0.005 bar a second of process
    start = plant.rig.control.sequencer.setpoint["PIC101"]
    plant.record(20)
    moved = start - plant.rig.control.sequencer.setpoint["PIC101"]
    assert moved == pytest.approx(0.005 * speed * 20 * 0.1, rel=1e-6)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), 1e6])
def test_an_impossible_speed_is_named(speed: float) -> None:
    with pytest.raises(UsageError, match="speed"):
        Plant(speed=speed)


def test_truth_knows_what_no_instrument_shows() -> None:
    plant = Plant(seed=3)
    plant.inject("pump-wear", severity=0.5, ramp=1.0)
    plant.record(20)
    truth = plant.truth()
    assert truth["P102.wear"] == 0.5
    assert 0.7 < truth["R101.conversion"] < 0.95
    assert truth["E101.conductance"] > 0.0
