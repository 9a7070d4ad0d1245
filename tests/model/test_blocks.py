"""What each block does, by itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.step import Array
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.replay import Replay
from lineshaft.model.blocks.decide import Alarm, Evened, Score
from lineshaft.model.blocks.distance import Distance
from lineshaft.model.blocks.explain import Cause, Confidence
from lineshaft.model.blocks.features import Level, Past
from lineshaft.model.blocks.impute import Impute
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.smooth import Smooth
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.pipeline import Block, Seen, Wires

FEW = settings(max_examples=25, deadline=None)
SCORES = st.lists(st.floats(-2, 3, width=32), min_size=1, max_size=40)


def seen(**wires: Array) -> Seen:
    rows = len(next(iter(wires.values())))
    return Seen(wires, np.zeros(rows, np.int32), np.arange(rows))


def through(block: Block, inputs: Mapping[str, Array], warm: bool | None = None) -> dict[str, Array]:
    """The block's wires over time; its input wires [T, n] lie beside each other in ``x``."""
    g = StepBuilder(sum(value.shape[1] for value in inputs.values()))
    wires: Wires = {}
    at = 0
    for name, value in inputs.items():
        wires[name] = g.slice(g.x, at, at + value.shape[1])
        at += value.shape[1]
    if warm is not None:
        wires["warm"] = g.greater(g.add(g.multiply(g.slice(g.x, 0, 1), 0.0), float(warm)), 0.5)
    given = {name: g.number(wire) if name == "warm" else wire for name, wire in block.emit(g, wires).items()}
    x = np.hstack(list(inputs.values())).astype(np.float32)
    given.pop("counts", None)  # a condition, no number
    return Replay(g.model(given), execute)(x, np.ones_like(x))


def column(values: list[float]) -> Array:
    return np.array(values, np.float32)[:, None]


def one_mode(rows: int) -> Array:
    return np.ones((rows, 1), np.float32)


@FEW
@given(arrays.arrays(np.float32, (20, 2), elements=st.floats(-100, 100, width=32)),
       arrays.arrays(np.bool_, (20, 2)))
def test_a_masked_tag_keeps_its_last_value_and_counts_its_ticks(x: Array, good: np.ndarray[tuple[int, int],
                                                                np.dtype[np.bool_]]) -> None:
    found = through(Standardise(2), {"x": x, "quality": good.astype(np.float32), "mode": one_mode(20)})
    last, ticks = np.zeros(2, np.float32), np.zeros(2)
    for row in range(20):
        last = np.where(good[row], x[row], last)
        ticks = np.where(good[row], 0, ticks + 1)
        assert np.array_equal(found["z"][row], last)
        assert np.array_equal(found["held"][row], ticks)


def test_standardised_tags_have_mean_0_and_deviation_1(rng: np.random.Generator) -> None:
    x = (rng.normal(size=(400, 3)) * [1e-6, 1.0, 1e6] + [0.0, -50.0, 1e7]).astype(np.float32)
    inputs = {"x": x, "quality": np.ones_like(x), "mode": one_mode(400)}
    block = Standardise(3)
    block.fit(seen(**inputs))
    z = through(block, inputs)["z"]
    assert np.allclose(z.mean(axis=0), 0.0, atol=1e-2)
    assert np.allclose(z.std(axis=0), 1.0, atol=1e-2)


def test_a_tag_that_never_moved_is_measured_by_its_size_or_its_instrument_range() -> None:
    x = np.tile(np.array([200.0, 0.0, 1e6], np.float32), (50, 1))
    block = Standardise(3, [0.0, 10.0, 0.0])
    block.fit(seen(x=x, quality=np.ones_like(x), mode=one_mode(50)))
    assert np.allclose(block.deviation[0], [0.2, 0.01, 1000.0])


def test_movement_below_the_resolution_of_float32_counts_as_none(rng: np.random.Generator) -> None:
    x = (1e6 + 0.01 * rng.normal(size=(100, 1))).astype(np.float32)
    block = Standardise(1)
    block.fit(seen(x=x, quality=np.ones_like(x), mode=one_mode(100)))
    assert block.deviation[0, 0] > 100.0


def test_a_tag_never_read_in_normal_operation_stays_0_for_ever() -> None:
    x = np.zeros((50, 1), np.float32)
    block = Standardise(1)
    block.fit(seen(x=x, quality=np.zeros_like(x), mode=one_mode(50)))
    live = {"x": np.full((5, 1), 80.0, np.float32), "quality": np.ones((5, 1), np.float32), "mode": one_mode(5)}
    assert not through(block, live)["z"].any()


def related(rng: np.random.Generator, rows: int = 600) -> Array:
    cause = rng.normal(size=(rows, 1))
    z = cause + 0.05 * rng.normal(size=(rows, 4))
    return np.asarray(z / z.std(axis=0), np.float32)


def test_a_lost_tag_is_read_off_the_others_for_a_tick_and_for_ever(rng: np.random.Generator) -> None:
    z = related(rng)
    block = Impute(4)
    block.fit(seen(z=z, held=np.zeros_like(z)))
    held, given_z = np.zeros_like(z), z.copy()
    held[100:, 1], given_z[100:, 1] = np.arange(1, 501), z[99, 1]
    filled = through(block, {"z": given_z, "held": held})["z"]
    assert np.array_equal(np.delete(filled, 1, axis=1), np.delete(z, 1, axis=1))
    assert np.abs(filled[100:103, 1] - z[100:103, 1]).max() < 0.3
    assert np.corrcoef(filled[103:, 1], z[103:, 1])[0, 1] > 0.95


def test_complete_rows_pass_imputation_unchanged(rng: np.random.Generator) -> None:
    z = related(rng)
    block = Impute(4)
    block.fit(seen(z=z, held=np.zeros_like(z)))
    assert np.array_equal(through(block, {"z": z, "held": np.zeros_like(z)})["z"], z)


@FEW
@given(window=st.integers(1, 6), rows=st.integers(1, 20))
def test_a_level_is_the_mean_of_its_window_once_warm(window: int, rows: int) -> None:
    z = np.random.default_rng(rows).normal(size=(rows, 2)).astype(np.float32)
    found = through(Level(window), {"z": z})
    for row in range(rows):
        assert found["warm"][row, 0] == (row + 1 >= window)
        if row + 1 >= window:
            assert np.allclose(found["features"][row], z[row + 1 - window:row + 1].mean(axis=0), atol=1e-5)


@FEW
@given(lags=st.integers(1, 4), rows=st.integers(1, 15))
def test_the_past_is_the_newest_rows_newest_first_once_warm(lags: int, rows: int) -> None:
    z = np.random.default_rng(rows).normal(size=(rows, 2)).astype(np.float32)
    found = through(Past(lags), {"z": z, "held": np.zeros_like(z)})
    for row in range(lags - 1, rows):
        assert np.array_equal(found["features"][row], z[row + 1 - lags:row + 1][::-1].reshape(-1))
    assert found["warm"][:, 0].tolist() == [row + 1 >= lags for row in range(rows)]


def test_a_tag_counts_as_lost_while_any_of_its_lags_was_masked() -> None:
    held = np.zeros((10, 2), np.float32)
    held[4:6, 1] = (1, 2)
    lost = through(Past(3), {"z": held, "held": held})["lost"]
    assert np.flatnonzero(lost[:, 1]).tolist() == [4, 5, 6, 7]
    assert not lost[:, 0].any()


@FEW
@given(scores=SCORES, debounce=st.integers(1, 4))
def test_the_alarm_is_on_after_enough_ticks_over_1_and_until_the_score_is_under_release(scores: list[float],
                                                                                        debounce: int) -> None:
    release, on, above = np.float32(0.85), False, 0
    found = through(Alarm(0.85, debounce), {"score": column(scores)})["alarm"][:, 0]
    for score, alarm in zip(column(scores)[:, 0], found, strict=True):
        above = above + 1 if score > 1 else 0
        on = above >= debounce or (on and bool(score > release))
        assert alarm == on


def test_the_score_is_1_at_the_limit_and_0_in_the_middle() -> None:
    found = through(Score(-2.0, 4.0), {"smooth": column([-2.0, 2.0])})["score"][:, 0]
    assert found.tolist() == [0.0, 1.0]


def test_one_wild_tick_counts_for_the_cap_and_a_cold_one_for_nothing() -> None:
    wild = column([1.0, 1e30, 1.0])
    assert np.allclose(np.exp(through(Smooth(0.5, 1.0, 9.0), {"energy": wild}, True)["smooth"][:, 0]), [1, 5, 3])
    assert np.allclose(through(Smooth(0.5, 1.0, 9.0), {"energy": wild}, False)["smooth"], 0.0)


def test_the_smoothed_energy_waits_while_a_mode_is_new() -> None:
    energy = column([9.0, 9.0, 1.0, 1.0, 1.0])
    since = column([9.0, 9.0, 0.0, 1.0, 9.0])
    smooth = through(Smooth(0.5, 1.0, settle=5), {"energy": energy, "since_mode": since}, True)["smooth"]
    assert np.allclose(np.exp(smooth[:, 0]), [5, 7, 7, 7, 4])


def test_a_contribution_too_small_to_divide_by_is_none() -> None:
    tiny = np.full((3, 4), 1e-31, np.float32)
    inputs = {"contribution": tiny, "quality": np.ones_like(tiny), "energy": column([1.0, 1.0, 1.0])}
    assert not through(Cause(0.3, 10.0), inputs, True)["cause"].any()


@FEW
@given(arrays.arrays(np.float32, (12, 4), elements=st.sampled_from([0.0, 1e-12, 1.0, 3.0, 1e9, 1e20])),
       arrays.arrays(np.bool_, (12, 4)))
def test_causes_sum_to_1_or_0_and_none_is_masked(contribution: Array, good: np.ndarray[tuple[int, int],
                                                 np.dtype[np.bool_]]) -> None:
    inputs = {"contribution": contribution, "quality": good.astype(np.float32),
              "energy": contribution.sum(axis=1, keepdims=True)}
    cause = through(Cause(0.3, 10.0), inputs, True)["cause"]
    sums = cause.sum(axis=1)
    assert ((np.abs(sums - 1) < 1e-4) | (sums == 0)).all()
    assert not cause[~good].any()


def test_one_wild_value_is_not_the_cause_for_long() -> None:
    contribution = np.tile(np.array([0.0, 5.0], np.float32), (60, 1))
    contribution[5] = (1e20, 5.0)
    inputs = {"contribution": contribution, "quality": np.ones_like(contribution),
              "energy": contribution.sum(axis=1, keepdims=True)}
    assert through(Cause(0.12, 10.0), inputs, True)["cause"][-1, 1] > 0.95


@FEW
@given(SCORES, SCORES)
def test_confidence_never_falls_when_the_score_rises(calibration: list[float], scores: list[float]) -> None:
    block = Confidence()
    block.fit(seen(score=column(calibration)))
    found = through(block, {"score": column(sorted(scores))})["confidence"][:, 0]
    assert (np.diff(found) >= 0).all()
    assert ((found >= -1e-6) & (found < 1)).all()


@FEW
@given(SCORES, st.floats(0.0, 1.0))
def test_what_two_backends_round_apart_moves_no_confidence_further_than_they_promise(
        calibration: list[float], place: float) -> None:
    block = Confidence()
    block.fit(seen(score=column(calibration)))
    score = float(np.quantile(block.table, place)) + block.width * place
    found = through(block, {"score": column([score, score * (1 + 2e-6)])})["confidence"][:, 0]
    assert abs(found[1] - found[0]) < 1e-4


def test_scores_that_lie_close_together_still_tell_a_strange_row() -> None:
    block = Confidence()
    block.fit(seen(score=column([*(0.3 + 1e-6 * np.arange(250)), *np.linspace(0.5, 1.0, 6)])))
    low, high = through(block, {"score": column([0.29, 0.45])})["confidence"][:, 0]
    assert low == 0 and high > 0.95


@FEW
@given(st.integers(0, 2**32 - 1))
def test_the_distance_is_that_of_mahalanobis_and_its_parts_add_up(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = (random.normal(size=(400, 60)) @ np.diag(np.logspace(2, -2, 60)) @ random.normal(size=(60, 60))
            ).astype(np.float32)
    block = Distance()
    block.fit(seen(features=rows))
    found = through(block, {"features": rows[:50]})
    z = (rows[:50].astype(np.float64) - block.centre) / block.scale
    covariance = block.rest * np.eye(60) + block.directions @ np.diag(block.variances - block.rest) @ block.directions.T
    wanted = (z * np.linalg.solve(covariance, z.T).T).sum(axis=1)
    np.testing.assert_allclose(found["distance"][:, 0] ** 2 * 60, wanted, rtol=1e-4)
    np.testing.assert_allclose(found["strangeness"].sum(axis=1), wanted, rtol=1e-2)


def test_confidence_is_a_valid_conformal_p_value_on_exchangeable_scores(rng: np.random.Generator) -> None:
    for rows in (60, 1000):
        p = []
        for _ in range(30):
            scores = rng.gumbel(size=(rows + 100, 1)).astype(np.float32)
            block = Confidence()
            block.fit(seen(score=scores[:rows]))
            p.append(1.0 - through(block, {"score": scores[rows:]})["confidence"][:, 0])
        for level in (0.05, 0.2, 0.5):
            assert np.mean(np.concatenate(p) <= level) <= level + 0.03


def test_the_nearest_of_equally_near_modes_is_a_single_one() -> None:
    word = np.repeat([0.0, 1.0], 50).astype(np.float32)[:, None]
    block = Modes((0,))
    block.fit(seen(x=word, quality=np.ones_like(word)))
    odd = column([0.5, 3e38, -3e38, 1.0])
    g = StepBuilder(1)
    found = Replay(g.model(block.emit(g, {"x": g.x, "quality": g.quality})), execute)(odd, np.ones_like(odd))
    assert found["mode"].sum(axis=1).tolist() == [1, 1, 1, 1]
    assert found["mode"][3].tolist() == [0, 1]


def test_masked_rows_teach_no_mode() -> None:
    word = np.repeat([2.0, 5.0, 0.0], 50).astype(np.float32)[:, None]
    quality = np.repeat([1.0, 1.0, 0.0], 50).astype(np.float32)[:, None]
    block = Modes((0,))
    block.fit(seen(x=word, quality=quality))
    assert len(block.centres) == 2


def test_a_mode_of_more_energy_is_evened_before_it_is_smoothed() -> None:
    """So what is held over a change of mode is no alarm in the next one."""
    g = StepBuilder(3)
    wires = Evened([-1.0, 3.0]).emit(g, {"energy": g.slice(g.x, 0, 1), "mode": g.slice(g.x, 1, 3)})
    rows = np.array([[np.exp(-1.0), 1, 0], [np.exp(3.0), 0, 1], [5.0, 0, 0]], np.float32)
    found = Replay(g.model({"evened": wires["energy"]}), execute)(rows, np.ones_like(rows))["evened"][:, 0]
    np.testing.assert_allclose(found, [np.exp(1.0), np.exp(1.0), 5.0], rtol=1e-5)
