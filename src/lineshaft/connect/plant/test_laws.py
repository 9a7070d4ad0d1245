"""The physics keeps the laws that it is said to keep."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.connect.plant.exchanger import SPECIFIC_HEAT, Boiler, Exchanger, effectiveness
from lineshaft.connect.plant.hydraulics import Pump, pipe_flow
from lineshaft.connect.plant.pid import PID
from lineshaft.connect.plant.reactor import Reactor, Stream
from lineshaft.connect.plant.rig import Rig
from lineshaft.connect.plant.tank import HEAT_CAPACITY, Tank
from lineshaft.connect.plant.valve import Valve

speeds = st.floats(0.3, 1.1)
flows = st.floats(0.0, 12.0)
mass_flows = st.floats(0.1, 4.0)
temperatures = st.floats(5.0, 90.0)
steps = st.floats(0.05, 1.0)


@given(speeds, flows, st.floats(0.0, 1.0))
def test_head_follows_the_affinity_law_also_when_the_pump_is_worn(
        speed: float, flow: float, wear: float) -> None:
    at_speed = Pump(4.0, 0.02, 7.0, speed=speed, wear=wear)
    rated = Pump(4.0, 0.02, 7.0, speed=1.0, wear=wear)
    assert at_speed.head(flow) == pytest.approx(speed**2 * rated.head(flow / speed), abs=1e-9)


@given(speeds, st.floats(0.0, 0.5))
def test_flow_is_proportional_to_speed_where_only_friction_resists(speed: float, friction: float) -> None:
    slow, rated = Pump(4.0, 0.02, 7.0, speed=speed), Pump(4.0, 0.02, 7.0, speed=1.0)
    flow = [pipe_flow(pump.push(), pump.droop + friction) for pump in (slow, rated)]
    assert flow[0] == pytest.approx(speed * flow[1])


def test_hydraulic_power_scales_with_the_cube_of_speed() -> None:
    def power(speed: float) -> float:
        pump = Pump(4.0, 0.02, 7.0, speed=speed, flow=7.0 * speed)
        return pump.shaft_power()

    assert power(0.5) == pytest.approx(power(1.0) / 8.0)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_worn_pump_gives_less_head_and_shakes_more(less: float, more: float) -> None:
    less, more = sorted((less, more))
    young, old = Pump(4.0, 0.02, 7.0, flow=5.0, wear=less), Pump(4.0, 0.02, 7.0, flow=5.0, wear=more)
    assert old.head(5.0) <= young.head(5.0)
    assert old.efficiency() <= young.efficiency()
    assert old.vibration() >= young.vibration()


def test_a_fully_open_valve_passes_its_kv_at_one_bar_and_a_closed_one_nothing() -> None:
    assert pipe_flow(1.0, Valve(8.0, position=100.0).resistance()) == pytest.approx(8.0)
    assert pipe_flow(1.0, Valve(8.0, position=0.0).resistance()) < 1e-3


@given(st.floats(0.0, 90.0))
def test_equal_steps_of_travel_multiply_the_opening_part_equally(position: float) -> None:
    def opening(at: float) -> float:
        return Valve(8.0, position=at).conductance() + 8.0 / 29.0

    assert opening(position + 10.0) / opening(position) == pytest.approx(30.0**0.1, rel=1e-3)


@given(st.lists(st.floats(-2.9, 2.9), min_size=1, max_size=30))
def test_a_sticking_stem_stays_while_the_command_stays_inside_the_static_band(wander: list[float]) -> None:
    valve = Valve(8.0, position=50.0, static=6.0, kinetic=2.0)
    for shift in wander:
        valve.move(50.0 + shift, 1.0)
    assert valve.position == 50.0


def test_a_stem_that_slips_jumps_past_the_band_to_the_kinetic_friction() -> None:
    valve = Valve(8.0, position=50.0, static=6.0, kinetic=2.0, lag=0.1)
    valve.move(50.0, 1.0)
    valve.move(56.5, 1.0)
    valve.move(56.5, 1.0)
    assert valve.position == pytest.approx(54.5, abs=1e-3)


@given(st.floats(0.01, 20.0), st.floats(0.0, 1.0))
def test_effectiveness_is_a_fraction_and_falls_with_the_ratio(ntu: float, ratio: float) -> None:
    assert 0.0 < effectiveness(ntu, ratio) <= 1.0
    assert effectiveness(ntu, ratio) <= effectiveness(ntu, 0.0) + 1e-12


@given(mass_flows, temperatures, mass_flows, temperatures, steps)
def test_the_exchanger_gives_one_side_what_it_takes_from_the_other(
        cold: float, cold_in: float, hot: float, hot_in: float, dt: float) -> None:
    unit = Exchanger()
    before = unit.cold_holdup * unit.cold_out + unit.hot_holdup * unit.hot_out
    flowed = cold * (cold_in - unit.cold_out) + hot * (hot_in - unit.hot_out)
    unit.step(cold, cold_in, hot, hot_in, dt)
    after = unit.cold_holdup * unit.cold_out + unit.hot_holdup * unit.hot_out
    assert after - before == pytest.approx(flowed * dt, abs=1e-9)


@given(mass_flows, mass_flows, st.floats(0.01, 0.3))
def test_the_exchanger_settles_at_log_mean_difference_and_fouling_costs_heat(
        cold: float, hot: float, fouling: float) -> None:
    clean, fouled = Exchanger(), Exchanger(fouling=fouling)
    heat = clean.heat(cold, 20.0, hot, 80.0)
    one, two = 80.0 - (20.0 + heat / (cold * SPECIFIC_HEAT)), (80.0 - heat / (hot * SPECIFIC_HEAT)) - 20.0
    mean = one if math.isclose(one, two, rel_tol=1e-6) else (one - two) / math.log(one / two)
    assert heat == pytest.approx(clean.conductance(cold, hot) * mean, rel=1e-3)
    assert fouled.heat(cold, 20.0, hot, 80.0) < heat


@given(st.floats(0.0, 100.0), mass_flows, temperatures, steps)
def test_the_boiler_keeps_energy(demand: float, flow: float, back: float, dt: float) -> None:
    unit = Boiler(loss=0.0)
    stored = unit.holdup * SPECIFIC_HEAT * unit.temperature
    taken = flow * SPECIFIC_HEAT * (unit.temperature - back)
    unit.step(demand, flow, back, 20.0, dt)
    assert unit.holdup * SPECIFIC_HEAT * unit.temperature - stored == pytest.approx((unit.power - taken) * dt)


@given(flows, temperatures, st.floats(0.0, 5.0), flows, steps, st.floats(0.0, 3e-4))
def test_a_tank_keeps_volume_heat_and_solute(
        inflow: float, temperature: float, strength: float, outflow: float, dt: float, leak: float) -> None:
    tank = Tank(0.8, 1.5, 0.7, 30.0, 2.0, loss=0.0, leak=leak)
    came, went = inflow * dt / 3600.0, (outflow + tank.leak_flow()) * dt / 3600.0
    tank.step(inflow, temperature, strength, outflow, 20.0, dt)
    assert tank.volume == pytest.approx(0.7 + came - went, rel=1e-12)
    assert tank.volume * tank.temperature == pytest.approx((0.7 - went) * 30.0 + came * temperature)
    assert tank.volume * tank.concentration == pytest.approx((0.7 - went) * 2.0 + came * strength)


def test_a_full_tank_spills_what_it_cannot_hold() -> None:
    tank = Tank(0.8, 1.5, 1.2, 20.0, 2.0)
    tank.step(5.0, 20.0, 2.0, 1.0, 20.0, 1.0)
    assert tank.volume == pytest.approx(1.2)
    assert tank.spilt == pytest.approx(4.0)


feeds = st.builds(Stream, st.floats(0.0, 8.0), temperatures, st.floats(0.0, 3.0), st.floats(0.0, 6.0))


@given(feeds, feeds, flows, st.floats(0.0, 5.0), st.floats(5.0, 30.0), steps)
def test_the_reactor_keeps_atoms_and_energy(
        one: Stream, two: Stream, outflow: float, coolant: float, coolant_in: float, dt: float) -> None:
    tank = Reactor(loss=0.0)
    hours, old = dt / 3600.0, Reactor(loss=0.0)
    tank.step((one, two), outflow, coolant, coolant_in, 20.0, dt)
    kept = old.volume - outflow * hours
    turned = tank.volume * tank.c - kept * old.c
    assert tank.volume == pytest.approx(kept + (one.flow + two.flow) * hours)
    for now, then, fed in ((tank.a, old.a, one.flow * one.a + two.flow * two.a),
                           (tank.b, old.b, one.flow * one.b + two.flow * two.b)):
        assert tank.volume * now + turned == pytest.approx(kept * then + fed * hours)
    stored = HEAT_CAPACITY * (tank.volume * tank.temperature + tank.jacket_volume * tank.jacket_temperature)
    before = HEAT_CAPACITY * (kept * old.temperature + old.jacket_volume * old.jacket_temperature)
    brought = one.flow * one.temperature + two.flow * two.temperature
    brought += coolant * (coolant_in - old.jacket_temperature)
    released = tank.kinetics.heat * 1000.0 * turned
    assert stored == pytest.approx(before + HEAT_CAPACITY * brought * hours + released, rel=1e-9)


def test_the_reaction_doubles_within_twelve_kelvin_as_arrhenius_says() -> None:
    kinetics = Reactor().kinetics
    assert kinetics.constant(72.0) / kinetics.constant(60.0) == pytest.approx(
        math.exp(52.0 / 8.314462618e-3 * (1 / 333.15 - 1 / 345.15)))


def test_the_whole_cell_keeps_its_mass_over_ten_minutes() -> None:
    rig = Rig(seed=3)
    cell = rig.cell
    for _ in range(600):
        before = (cell.t101.volume, cell.t102.volume, cell.r101.volume)
        leak = cell.t101.leak_flow()
        rig.scan(1.0)
        flows_in = (cell.makeup_a - cell.p101.flow - leak, cell.makeup_b - cell.p102.flow,
                    cell.feed_flow() + cell.p102.flow - cell.p103.flow)
        after = (cell.t101.volume, cell.t102.volume, cell.r101.volume)
        for now, then, flow in zip(after, before, flows_in, strict=True):
            assert now - then == pytest.approx(flow / 3600.0, abs=1e-12)


@settings(max_examples=20)
@given(st.floats(-50.0, 50.0), st.floats(0.1, 5.0), st.floats(1.0, 60.0))
def test_a_saturated_controller_leaves_its_limit_soon_after_the_error_turns(
        setpoint: float, gain: float, reset: float) -> None:
    loop = PID(gain, reset)
    for _ in range(5000):
        loop.update(0.0, setpoint + 60.0, 1.0)
    assert loop.output == 100.0
    scans = next(n for n in range(10_000) if loop.update(setpoint + 70.0, setpoint + 60.0, 1.0) < 100.0)
    assert scans <= math.ceil(reset)


@given(st.floats(0.1, 5.0), st.floats(5.0, 50.0), st.floats(-3.0, 3.0))
def test_retuning_and_manual_to_automatic_do_not_bump_the_output(
        gain: float, reset: float, error: float) -> None:
    loop = PID(1.0, 20.0, rate=3.0, output=50.0)
    for _ in range(3):
        loop.update(10.0 - error, 10.0, 0.1)
    before = loop.output
    loop.retune(gain, reset)
    assert loop.update(10.0 - error, 10.0, 1e-9) == pytest.approx(before, abs=1e-3)
    loop.automatic, loop.output = False, 33.0
    loop.update(12.0, 10.0, 0.1)
    assert loop.output == 33.0
    loop.automatic = True
    assert loop.update(12.0, 10.0, 1e-9) == pytest.approx(33.0, abs=1e-3)
