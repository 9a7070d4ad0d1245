"""Windows, streams and growing statistics: what starts as zeros, what never drifts, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.graph.rewrites.test_laws import parity

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.step import Array
from lineshaft.graph import rewrite
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.replay import Replay
from lineshaft.graph.view import view

CHANNELS, TICKS, HIDDEN = 4, 24, 12


def weights(seed: int, *shape: int) -> Array:
    random = np.random.default_rng(seed)
    return np.asarray(random.normal(size=shape) / math.prod(shape[1:])**0.5, np.float32)


def autoencoder(*, whole: bool, causal: bool = False, level: float = 0.0, padding: int = 0) -> bytes:
    """Encoder over a window of scaled tags, decoder by 1 x 1, residual of the newest or of all columns, attribution."""
    g = StepBuilder(CHANNELS)
    window = g.window("window", g.multiply(g.x, g.quality), TICKS)
    z = g.transpose(g.multiply(g.subtract(window, np.full(CHANNELS, level)), np.linspace(0.5, 2.0, CHANNELS)), (1, 0))
    hidden, dilations = z, (1, 2, 4)
    for layer, dilation in enumerate(dilations):
        size = hidden.shape[0]
        pads = [2 * dilation, 0] if causal else [padding, padding]
        hidden = g.relu(g.conv(hidden, weights(layer, HIDDEN, size, 3), weights(layer + 9, HIDDEN),
                               dilations=[dilation], pads=pads))
    rebuilt = g.conv(hidden, weights(5, CHANNELS, HIDDEN, 1), weights(6, CHANNELS))
    length = rebuilt.shape[1] if whole else 1
    gap = g.subtract(_newest(g, z, length), _newest(g, rebuilt, length))
    contribution = g.reshape(g.mean(g.square(gap), axis=1), (CHANNELS,))
    total = g.sum(contribution)
    score = g.ewma("smooth", total, 0.2)
    return g.model({"score": score, "cause": g.divide(contribution, g.add(total, 1e-6)),
                    "alarm": g.number(g.greater(score, 2.0))})


def _newest(g: StepBuilder, wire: Wire, length: int) -> Wire:
    return g.slice(wire, wire.shape[1] - length, wire.shape[1], axis=1)


def history(ticks: int, level: float = 0.0, seed: int = 0) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    quality = (random.random((ticks, CHANNELS)) < 0.9).astype(np.float32)
    return (random.normal(size=(ticks, CHANNELS)) + level).astype(np.float32) * quality, quality


def change(changes: tuple[rewrite.Change, ...], name: str) -> rewrite.Change:
    return next(c for c in changes if c.rewrite == name)


@pytest.mark.parametrize(("whole", "causal"), [(True, False), (False, False), (False, True)])
def test_an_autoencoder_over_a_window_computes_its_newest_column_only(whole: bool, causal: bool) -> None:
    graph = autoencoder(whole=whole, causal=causal)
    after, changes = rewrite.apply(graph)
    assert change(changes, "streaming").kept
    assert rewrite.size(after).arithmetic < rewrite.size(graph).arithmetic / 8
    assert parity(graph, after, *history(150)) <= 1e-5


def test_the_first_ticks_say_what_they_said_though_an_empty_window_is_answered_by_the_biases() -> None:
    graph = autoencoder(whole=True)
    after, _ = rewrite.apply(graph)
    nothing = np.zeros((3, CHANNELS), np.float32)
    assert Replay(graph, execute)(nothing, nothing)["score"][0] > 0.01
    assert parity(graph, after, nothing, nothing) <= 1e-6


def test_far_levels_are_not_kept_apart_from_their_tags() -> None:
    """With tags around 10,000 the empty window is answered with -10,000, beside which float32 has three digits."""
    graph = autoencoder(whole=True, level=1e4)
    after, changes = rewrite.apply(graph)
    assert change(changes, "streaming").kept
    assert parity(graph, after, *history(150, level=1e4)) <= 1e-5


@pytest.mark.parametrize(("padding", "causal", "reason"), [
    (1, False, "it pads the newest side of a window"),
    (0, True, "its oldest columns see the padding, and are looked at")])
def test_borders_that_are_new_at_each_tick_are_refused_by_name(padding: int, causal: bool, reason: str) -> None:
    g = StepBuilder(CHANNELS)
    window = g.transpose(g.window("window", g.x, TICKS), (1, 0))
    pads = [2, 0] if causal else [padding, padding]
    hidden = g.relu(g.conv(window, weights(0, 3, CHANNELS, 3), weights(1, 3), pads=pads))
    graph = g.model({"y": g.project(g.reshape(hidden, (3 * hidden.shape[1],)), weights(2, 3 * hidden.shape[1], 2))})
    streaming = change(rewrite.apply(graph)[1], "streaming")
    assert reason in streaming.reason


def statistics(length: int) -> bytes:
    """Mean, variance, smallest and largest of each tag over a window."""
    g = StepBuilder(CHANNELS)
    window = g.window("window", g.x, length)
    mean, square = g.mean(window, axis=0), g.mean(g.square(window), axis=0)
    found = {"mean": mean, "variance": g.subtract(square, g.square(mean)), "least": g.smallest(window, axis=0),
             "most": g.largest(window, axis=0)}
    return g.model({name: g.reshape(wire, (CHANNELS,)) for name, wire in found.items()})


@pytest.mark.parametrize("length", range(4, 18))
def test_a_mean_over_any_length_grows_by_the_digits_of_the_length(length: int) -> None:
    g = StepBuilder(CHANNELS)
    graph = g.model({"y": g.reshape(g.mean(g.window("window", g.x, length), axis=0), (CHANNELS,))})
    after, changes = rewrite.apply(graph)
    assert change(changes, "statistics").kept
    assert rewrite.size(after).state_values == (length - 1) * CHANNELS
    assert parity(graph, after, *history(3 * length)) <= 1e-6


@pytest.mark.parametrize("length", [4, 8, 13, 20, 31, 64])
def test_statistics_of_a_window_grow_by_doubling(length: int) -> None:
    graph = statistics(length)
    after, changes = rewrite.apply(graph)
    assert change(changes, "statistics").kept
    assert parity(graph, after, *history(3 * length + 5)) <= 1e-5
    assert all(state.shape[0] <= length // 2 for state in view(after).states)


def test_what_would_keep_more_than_it_saves_is_left_as_it_is() -> None:
    """The window stays for the product with its waves; a mean from scratch is cheap beside a second buffer."""
    g = StepBuilder(CHANNELS)
    window = g.window("window", g.x, 8)
    waves = g.project(g.transpose(window, (1, 0)), weights(3, 8, 2))
    graph = g.model({"mean": g.reshape(g.mean(window, axis=0), (CHANNELS,)), "waves": waves})
    after, changes = rewrite.apply(graph)
    assert "it would keep 28 more values to save 16 operations" in change(changes, "statistics").reason
    assert rewrite.size(after).state_values == rewrite.size(graph).state_values


def deviations(length: int, level: float = 0.0) -> bytes:
    """Mean and centred variance of each tag over a window of it, scaled."""
    g = StepBuilder(CHANNELS)
    window = g.window("window", g.x, length)
    z = g.multiply(g.subtract(window, np.full(CHANNELS, level)), np.full(CHANNELS, 0.5)) if level else window
    mean = g.mean(z, axis=0)
    variance = g.mean(g.square(g.subtract(z, mean)), axis=0)
    return g.model({"mean": g.reshape(mean, (CHANNELS,)), "variance": g.reshape(variance, (CHANNELS,))})


@pytest.mark.parametrize("length", [8, 11, 20, 32])
@pytest.mark.parametrize("level", [0.0, 3.0, 1000.0])
def test_variances_are_merged_from_halves(length: int, level: float) -> None:
    graph = deviations(length, level)
    after, changes = rewrite.apply(graph)
    assert change(changes, "variance").kept
    assert rewrite.size(after).arithmetic < rewrite.size(graph).arithmetic
    assert parity(graph, after, *history(3 * length, level=level)) <= 1e-5


def test_the_variance_of_a_tag_with_a_far_level_keeps_its_digits() -> None:
    graph = deviations(16)
    after, _ = rewrite.apply(graph)
    x, _ = history(80, level=0.0)
    x += 1e4
    found = Replay(after, execute)(x, np.ones_like(x))["variance"]
    exact = np.stack([x[i - 15:i + 1].astype(np.float64).var(axis=0) for i in range(15, len(x))])
    assert np.allclose(found[15:], exact, rtol=1e-3)


def test_a_million_ticks_leave_no_trace() -> None:
    """What a window of 4 says depends on 4 ticks alone, bit for bit, so nothing drifts however long it runs."""
    g = StepBuilder(1)
    graph = rewrite.apply(g.model({"sum": g.reshape(g.sum(g.window("w", g.x, 4), axis=0), (1,))}))[0]
    assert view(graph).states[0].shape[0] < 4
    ticks, chunk = 1_000_000, 200
    x = np.random.default_rng(3).normal(size=(ticks, 1)).astype(np.float32) * 1e3
    whole = Replay(graph, execute)(x, np.ones_like(x))["sum"]
    last = Replay(graph, execute)(x[-chunk:], np.ones((chunk, 1), np.float32))["sum"]
    assert np.array_equal(whole[-chunk + 4:], last[4:])
    exact = np.convolve(x[-chunk:, 0].astype(np.float64), np.ones(4), "valid")
    assert np.allclose(last[3:, 0], exact, rtol=1e-5, atol=1e-3)


def test_a_wild_value_is_gone_as_soon_as_it_leaves_the_window() -> None:
    graph = statistics(8)
    after, _ = rewrite.apply(graph)
    x, quality = history(60)
    x[20, 0], x[30, 1] = 1e30, np.finfo(np.float32).max  # the square of both is infinite
    with np.errstate(all="ignore"):
        one, other = Replay(graph, execute)(x, quality), Replay(after, execute)(x, quality)
    for name, value in one.items():
        assert np.allclose(other[name][38:], value[38:], rtol=1e-5, atol=1e-5)


def test_a_map_of_a_flattened_window_that_weighs_ticks_alike_becomes_a_growing_sum() -> None:
    g = StepBuilder(CHANNELS)
    window = g.reshape(g.window("window", g.x, 16), (16 * CHANNELS,))
    graph = g.model({"y": g.project(window, np.tile(weights(1, CHANNELS, 3), (16, 1)))})
    after, changes = rewrite.apply(graph)
    assert change(changes, "flattened").kept and change(changes, "statistics").kept
    assert rewrite.size(after).arithmetic < rewrite.size(graph).arithmetic / 4
    assert parity(graph, after, *history(60)) <= 1e-5
