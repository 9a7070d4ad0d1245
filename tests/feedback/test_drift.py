"""Drift: laws of its figures, and how often chance is taken for a change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.feedback.drift import (
    BINS,
    State,
    bin_edges,
    distance,
    drift,
    memory_of,
    mode_weights,
    shares,
    stability_index,
)

Floats = NDArray[np.float64]
VALUES = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6))
WORDS = arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 3))


def remembering(rng: np.random.Generator, count: int, share: float) -> Floats:
    """Noise of variance 1 in which each sample keeps ``share`` of the one before (AR(1))."""
    noise = rng.normal(size=count) * math.sqrt(1 - share**2)
    found = np.empty(count)
    found[0] = rng.normal()
    for place in range(1, count):
        found[place] = share * found[place - 1] + noise[place]
    return found


@given(VALUES, VALUES)
def test_psi_is_symmetric_and_never_negative(one: Floats, other: Floats) -> None:
    edges = bin_edges(one)
    there, back = shares(one, edges), shares(other, edges)
    assert stability_index(there, back) == pytest.approx(stability_index(back, there))
    assert stability_index(there, back) >= 0
    assert stability_index(there, there) == 0


@given(VALUES)
def test_shares_are_a_distribution_over_every_bin(values: Floats) -> None:
    edges = bin_edges(values)
    found = shares(values, edges)
    assert len(edges) < 2 * BINS and (np.diff(edges) > 0).all()
    assert found.sum() == pytest.approx(1) and (found > 0).all()


def test_bins_of_a_smooth_signal_hold_a_tenth_each(rng: np.random.Generator) -> None:
    values = rng.normal(size=5000)
    assert shares(values, bin_edges(values)) == pytest.approx(np.full(BINS, 0.1), abs=0.001)


@given(VALUES, VALUES)
def test_the_distance_is_that_of_the_definition(one: Floats, other: Floats) -> None:
    points = np.concatenate([one, other])
    largest = max(abs(float((one <= point).mean()) - float((other <= point).mean())) for point in points)
    assert distance(one, other) == pytest.approx(largest)


@given(VALUES, VALUES)
def test_the_distance_does_not_ask_for_the_unit(one: Floats, other: Floats) -> None:
    assert distance(one, other) == distance(8 * one, 8 * other)


@given(WORDS, WORDS)
def test_weights_give_the_reference_the_windows_mix_of_modes(reference: NDArray[np.int64], window: NDArray[np.int64]
                                                            ) -> None:
    weights, shared = mode_weights(reference, window), window[np.isin(window, reference)]
    if not len(shared):
        assert not weights.any()
        return
    for mode in range(4):
        assert weights[reference == mode].sum() / weights.sum() == pytest.approx((shared == mode).mean())


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_memory_is_known_for_a_signal_that_forgets_by_halves(rng: np.random.Generator, share: float) -> None:
    found = memory_of(remembering(rng, 40_000, share))
    assert found == pytest.approx((1 + share) / (1 - share), rel=0.25)


@given(VALUES)
def test_memory_leaves_between_one_and_all_samples(values: Floats) -> None:
    assert 1 <= memory_of(values) <= len(values)


def test_memory_does_not_reach_over_a_gap(rng: np.random.Generator) -> None:
    """Two stretches at different levels: what is remembered is told within each, from the common mean."""
    halves = np.concatenate([remembering(rng, 400, 0.5), remembering(rng, 400, 0.5)])
    run = np.repeat([0, 1], 400).astype(np.int32)
    assert memory_of(halves, run) < 10


@pytest.mark.parametrize("share", [0.0, 0.9, 0.98])
def test_what_did_not_change_is_hardly_ever_called_changed(rng: np.random.Generator, share: float) -> None:
    """1 % is stated; 120 signals of ten thousand samples, most of which repeat their neighbours."""
    states = [drift(remembering(rng, 3000, share), remembering(rng, 2000, share)).state for _ in range(120)]
    assert sum(state in (State.MOVED, State.DRIFTED) for state in states) <= 4


def test_without_memory_steadiness_is_said_and_not_doubt(rng: np.random.Generator) -> None:
    found = drift(rng.normal(size=4000), rng.normal(size=4000))
    assert found.state is State.STEADY and found.psi < 0.02 and abs(found.shift) < 0.1


@pytest.mark.parametrize(("sigmas", "state"), [(0.4, State.MOVED), (1.5, State.DRIFTED), (-1.5, State.DRIFTED)])
def test_a_mean_that_moves_is_found_with_its_size(rng: np.random.Generator, sigmas: float, state: State) -> None:
    found = drift(rng.normal(5, 2, 4000), rng.normal(5 + 2 * sigmas, 2, 4000))
    assert found.state is state
    assert found.shift == pytest.approx(sigmas, abs=0.1) and found.spread == pytest.approx(1, abs=0.1)


def test_a_spread_that_grows_is_found_though_the_mean_stays(rng: np.random.Generator) -> None:
    found = drift(rng.normal(size=4000), rng.normal(0, 3, 4000))
    assert found.state is State.DRIFTED and found.spread == pytest.approx(3, abs=0.2) and found.outside > 0.1


def test_few_independent_samples_make_it_unsure(rng: np.random.Generator) -> None:
    found = drift(remembering(rng, 300, 0.98), remembering(rng, 300, 0.98) + 1)
    assert found.state is State.UNSURE
    assert found.reference.count == 300 and found.reference.effective < 30 and found.psi < found.psi_chance


def test_a_setpoint_that_never_moved_and_does_now_is_drift() -> None:
    found = drift(np.full(2000, 60.0), np.full(500, 62.0))
    assert found.state is State.DRIFTED and math.isinf(found.shift) and found.outside == 1
    assert drift(np.full(2000, 60.0), np.full(500, 60.0)).state is State.STEADY


def test_an_hour_in_one_of_two_modes_is_no_drift(rng: np.random.Generator) -> None:
    modes = np.repeat([0, 1], 2000)
    reference = rng.normal(size=4000) + 10 * modes
    window, mode = rng.normal(size=1000) + 10, np.ones(1000, np.int64)
    assert drift(reference, window).state is not State.STEADY
    weights = mode_weights(modes, mode)
    assert drift(reference, window, run=modes.astype(np.int32), weights=weights).psi < 0.1


def test_nothing_usable_is_said_to_be_silent() -> None:
    empty, some = np.empty(0), np.arange(9.0)
    assert drift(some, empty).state is drift(empty, some).state is State.SILENT
    assert drift(some, some, weights=np.zeros(9)).state is State.SILENT


def test_a_chance_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="1 is no probability"):
        drift(np.arange(9.0), np.arange(9.0), chance=1)
