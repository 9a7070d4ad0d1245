"""Every fault moves what it should, nothing before it starts, and goes away when it is repaired."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from lineshaft.connect.plant.faults import FAULTS
from lineshaft.connect.plant.instruments import INSTRUMENTS, PLACE
from lineshaft.connect.plant.plant import Plant
from lineshaft.core.errors import UsageError
from lineshaft.core.quality import BAD_NO_COMMUNICATION

SEED, BEFORE, AFTER = 4, 100, 600
NAMES = [each.name for each in INSTRUMENTS]
each_fault = pytest.mark.parametrize("name", FAULTS)


@cache
def normal(ticks: int) -> NDArray[np.float64]:
    """The same plant without the fault: the twin that says what the fault alone changed."""
    return Plant(SEED).record(ticks)[1]


def deviations(values: NDArray[np.float64], start: int) -> NDArray[np.float64]:
    """RMS difference [C] from the twin from ``start`` on, in standard deviations of normal operation."""
    spread = normal(6000).std(0)
    apart = values[start:] - normal(6000)[start:len(values)]
    moved: NDArray[np.float64] = np.sqrt((apart**2).mean(0)) / np.where(spread > 0.0, spread, np.inf)
    return moved


@each_fault
def test_the_tag_that_moves_most_is_one_that_a_good_diagnosis_names(name: str) -> None:
    plant = Plant(SEED)
    plant.inject(name, delay=BEFORE * 0.1)
    _, values, quality = plant.record(BEFORE + AFTER)
    assert np.array_equal(values[:BEFORE - 1], normal(6000)[:BEFORE - 1])
    if quality.any():
        bad = {NAMES[place] for place in np.flatnonzero(quality[BEFORE:].any(0))}
        assert bad == set(FAULTS[name].expected)
        return
    moved = deviations(values, BEFORE)
    assert NAMES[int(moved.argmax())] in FAULTS[name].expected
    assert moved.max() > 0.25


@each_fault
def test_more_of_it_moves_more(name: str) -> None:
    if name in ("sensor-freeze", "communication-loss", "valve-stuck"):
        pytest.skip("is there or not, without degrees")
    size = []
    for severity in (0.25, 1.0):
        plant = Plant(SEED)
        plant.inject(name, severity=severity)
        moved = deviations(plant.record(AFTER)[1], 0)
        size.append(max(float(moved[PLACE[tag]]) for tag in FAULTS[name].expected))
    assert size[0] < size[1]


@each_fault
def test_the_plant_recovers_after_repair(name: str) -> None:
    plant = Plant(SEED)
    plant.inject(name, ramp=0.0)
    plant.record(200)
    plant.clear()
    assert plant.faults() == ()
    _, values, quality = plant.record(2500)
    assert not quality.any()
    apart = np.abs(values - normal(6000)[200:2700])[-500:].mean(0)
    spread = normal(6000).std(0)
    assert (apart / np.where(spread > 0.0, spread, np.inf)).max() < 0.5


@each_fault
def test_it_is_described_for_people(name: str) -> None:
    fault = FAULTS[name]
    assert fault.sentence.endswith(".")
    assert set(fault.expected) <= set(PLACE)


def test_there_are_at_least_twelve() -> None:
    assert len(FAULTS) >= 12


def test_a_lost_station_keeps_its_last_values_marked_bad_while_the_plant_goes_on() -> None:
    plant, twin = Plant(SEED), Plant(SEED)
    last = plant.record(50)[1][-1]
    twin.record(50)
    plant.inject("communication-loss")
    _, values, quality = plant.record(50)
    lost = quality[-1] == BAD_NO_COMMUNICATION
    assert np.array_equal(values[-1, lost], last[lost])
    assert np.array_equal(values[:, ~lost], twin.record(50)[1][:, ~lost])


def test_a_ramp_grows_and_a_delay_is_kept() -> None:
    plant = Plant(SEED)
    injected = plant.inject("pump-wear", severity=0.8, delay=1.0, ramp=2.0)
    wear = []
    for _ in range(40):
        plant.step()
        wear.append(plant.truth()["P102.wear"])
    assert wear[9] == 0.0
    assert wear[19] == pytest.approx(0.4)
    assert wear[-1] == pytest.approx(0.8)
    assert injected.expected[0] == "demo/hall1/cell1/P102/discharge_pressure"


def test_two_faults_can_be_there_at_once_and_one_of_them_be_repaired() -> None:
    plant = Plant(SEED)
    plant.inject("pump-wear", ramp=0.0)
    plant.inject("exchanger-fouling", ramp=0.0)
    plant.step()
    plant.clear("pump-wear")
    plant.step()
    assert plant.truth()["P102.wear"] == 0.0
    assert plant.truth()["E101.fouling"] > 0.0


def test_a_sticking_valve_makes_the_flow_hunt() -> None:
    plant = Plant(SEED)
    plant.inject("valve-stiction", ramp=0.0)
    values = plant.record(2000)[1]
    error = values[500:, PLACE["P101/flow"]] - values[500:, PLACE["FIC101/setpoint"]]
    healthy = normal(6000)[500:2000]
    calm = healthy[:, PLACE["P101/flow"]] - healthy[:, PLACE["FIC101/setpoint"]]
    assert error.std() > 2.0 * calm.std()


@pytest.mark.parametrize(("fault", "severity", "delay", "says"), [
    ("gremlins", 1.0, 0.0, "use one of: sensor-drift"), ("pump-wear", 0.0, 0.0, "severity"),
    ("pump-wear", 2.0, 0.0, "severity"), ("pump-wear", 1.0, -1.0, "negative")])
def test_a_fault_that_makes_no_sense_is_refused_in_a_sentence(
        fault: str, severity: float, delay: float, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Plant(SEED).inject(fault, severity=severity, delay=delay)
