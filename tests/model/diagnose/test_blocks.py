"""Laws of the feature blocks, against numpy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.diagnose.signals import RATE, SAMPLES, knocking, through

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.replay import Replay
from lineshaft.model.blocks.envelope import Band, squared_envelope
from lineshaft.model.blocks.knocks import Knocks
from lineshaft.model.blocks.orders import at_frequencies
from lineshaft.model.blocks.signal import Recent, Samples
from lineshaft.model.blocks.spectrum import Spectrum, welch
from lineshaft.model.blocks.statistics import Statistics, statistics
from lineshaft.model.pipeline import Seen

seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None, max_examples=10)
@given(seed=seeds, length=st.sampled_from([64, 100, 257]))
def test_the_spectrum_is_that_of_numpy(seed: int, length: int) -> None:
    x = np.random.default_rng(seed).normal(size=(3, 2 * length))
    g = StepBuilder(2 * length)
    said = Replay(g.model({"power": welch(g, g.reshape(g.x, (2, length)), length)}), execute)(
        x.astype(np.float32), np.ones_like(x, np.float32))["power"]
    pieces = x.reshape(3, 2, length)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    wanted = np.abs(np.fft.rfft((pieces - pieces.mean(axis=2, keepdims=True)) * hann) * 2 / hann.sum()) ** 2
    np.testing.assert_allclose(said, wanted, rtol=2e-3, atol=1e-5)


def test_a_sensors_gain_changes_no_share_of_the_spectrum(rng: np.random.Generator) -> None:
    x = rng.normal(size=(1, 512))
    block = Spectrum(bands=8, segment=128)
    one, other = (through(block, gain * x, "features", (1, 512)) for gain in (1.0, 37.0))
    np.testing.assert_allclose(one, other, atol=1e-3)


@settings(deadline=None, max_examples=10)
@given(seed=seeds, low=st.floats(0.1, 0.25))
def test_the_envelope_is_that_of_the_hilbert_transform_of_the_band(seed: int, low: float) -> None:
    from scipy.signal import firwin, hilbert, lfilter

    taps, length = 129, 1024
    x = np.random.default_rng(seed).normal(size=length)
    g = StepBuilder(length)
    band = Band(low, low + 0.15)
    said = Replay(g.model({"envelope": squared_envelope(g, g.reshape(g.x, (1, length)), [band], taps)}), execute)(
        x[None].astype(np.float32), np.ones((1, length), np.float32))["envelope"][0, 0, 0]
    kernel = firwin(taps, 0.15, window="blackman", fs=2.0) * np.cos(
        2 * np.pi * (low + 0.075) * (np.arange(taps) - taps // 2)) * 2
    wanted = np.abs(hilbert(lfilter(kernel, [1.0], x))) ** 2
    middle = wanted[taps:length - taps]
    np.testing.assert_allclose(said[1:len(middle) + 1], middle, atol=0.02 * wanted.max())


@settings(deadline=None, max_examples=15)
@given(frequency=st.floats(0.01, 0.45), amplitude=st.floats(0.1, 10.0))
def test_the_power_at_any_frequency_is_the_squared_amplitude_of_the_sine_that_is_there(frequency: float,
                                                                                         amplitude: float) -> None:
    length = 600
    x = amplitude * np.sin(2 * np.pi * frequency * np.arange(length) + 0.4)
    g = StepBuilder(length)
    asked = g.add(g.multiply(g.slice(g.x, 0, 1), 0.0), np.array([frequency, frequency / 3]))
    said = Replay(g.model({"power": at_frequencies(g, g.reshape(g.x, (1, length)), asked)}), execute)(
        x[None].astype(np.float32), np.ones((1, length), np.float32))["power"][0, 0]
    assert said[0] == pytest.approx(amplitude**2, rel=0.03)
    assert said[1] < 0.05 * said[0] or frequency < 0.02


@pytest.mark.parametrize("minute", [900.0, 1500.0, 2210.0])
def test_an_order_is_found_at_whatever_speed_the_shaft_turns(minute: float, rng: np.random.Generator) -> None:
    orders = {"outer": 3.6, "inner": 5.4, "ball": 4.7}
    block = Knocks(orders, RATE, column=0)
    for place, order in enumerate(orders.values()):
        x = knocking(order, minute, rng)[None]
        g = StepBuilder(x.shape[1])
        wires = Samples(1, SAMPLES).emit(g, {"x": g.x})
        graph = g.model({"features": block.emit(g, {"x": g.x} | wires)["features"]})
        said = Replay(graph, execute)(x.astype(np.float32), np.ones(x.shape, np.float32))["features"][0]
        assert said.argmax() == place
        assert said[place] > 2.0


def test_statistics_are_those_of_numpy(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 2 * 50)) * [3.0] + 1.0
    g = StepBuilder(100)
    said = Replay(g.model(statistics(g, g.reshape(g.x, (2, 50)))), execute)(
        x.astype(np.float32), np.ones_like(x, np.float32))
    pieces = x.reshape(4, 2, 50)
    centred = pieces - pieces.mean(axis=2, keepdims=True)
    wanted = {"mean": pieces.mean(axis=2), "spread": pieces.std(axis=2), "max": pieces.max(axis=2),
              "rms": (pieces**2).mean(axis=2) ** 0.5, "last": pieces[..., -1],
              "kurtosis": (centred**4).mean(axis=2) / pieces.var(axis=2) ** 2,
              "crest": np.abs(centred).max(axis=2) / pieces.std(axis=2),
              "slope": np.polyfit(np.linspace(-0.5, 0.5, 50), pieces.reshape(8, 50).T, 1)[0].reshape(4, 2)}
    for name, value in wanted.items():
        np.testing.assert_allclose(said[name][..., 0], value, rtol=2e-3, atol=1e-3, err_msg=name)


@settings(deadline=None, max_examples=20)
@given(seed=seeds, level=st.sampled_from([300.0, -2000.0, 1e5]))
def test_a_small_movement_on_a_high_level_keeps_its_shape(seed: int, level: float) -> None:
    x = (level + 1e-3 * abs(level) * np.random.default_rng(seed).normal(size=(1, 60))).astype(np.float32)
    g = StepBuilder(60)
    said = Replay(g.model(statistics(g, g.reshape(g.x, (1, 60)))), execute)(x, np.ones_like(x))
    exact = x.astype(np.float64)[0]
    unit = (exact - exact.mean()) / exact.std()
    for name, value in (("kurtosis", (unit**4).mean()), ("skewness", (unit**3).mean()), ("crest", np.abs(unit).max())):
        assert said[name].item() == pytest.approx(value, rel=2e-5, abs=2e-5), name


def test_levels_are_told_in_deviations_of_the_rows_that_were_learnt_from(rng: np.random.Generator) -> None:
    x = (np.array([5e4, -3.0]).repeat(20) + np.array([0.5, 10.0]).repeat(20) * rng.normal(size=(200, 40)))
    block, g = Samples(2, 20, levels=True), StepBuilder(40)
    block.fit(Seen({"x": x.astype(np.float32)}, np.zeros(200, np.int32), np.arange(200)))
    said = Replay(g.model(block.emit(g, {"x": g.x})), execute)(x.astype(np.float32), np.ones(x.shape, np.float32))
    np.testing.assert_allclose(said["signal"].mean(axis=(0, 2)), [0.0, 0.0], atol=0.05)
    np.testing.assert_allclose(said["signal"].std(axis=(0, 2)), [1.0, 1.0], atol=0.05)


def test_a_tag_that_stands_still_gives_finite_statistics() -> None:
    assert np.isfinite(through(Statistics(), np.full((2, 60), 7.0), "features", (2, 30))).all()


def test_a_window_starts_as_if_the_tags_had_always_stood_where_they_are() -> None:
    x = np.array([[5.0], [6.0], [7.0]])
    said = through(Recent(3), x, "signal")
    assert said[:, 0].tolist() == [[5, 5, 5], [5, 5, 6], [5, 6, 7]]
