"""History through the node's loop says what the replay of the same graph says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.app import edge, flow
from lineshaft.app.backtest import backtest, episodes
from lineshaft.app.recipe import Recipe
from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.clock import SECOND
from lineshaft.core.dataset import Dataset
from lineshaft.core.quality import BAD, GOOD
from lineshaft.core.tag import Tag
from lineshaft.dataset.build import from_runs
from lineshaft.dataset.recording import Recording
from lineshaft.graph.check import signature
from lineshaft.graph.replay import Replay
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.train import Monitor
from lineshaft.node.seat import Loaded

TAGS = tuple(Tag(name) for name in "abcd")
STALE = 3 * SECOND


def signals(rows: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    random = np.random.default_rng(seed)
    cause = np.convolve(random.normal(size=rows + 9), np.ones(10) / 3, "valid")
    return np.stack([cause * (i + 1) + 0.2 * random.normal(size=rows) + 10 * i for i in range(4)], axis=1)


@pytest.fixture(scope="module", params=["zscore", "cva"])
def sealed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Monitor, Loaded]:
    """A monitor, and its bundle loaded as a node would, with the very kernels that the replay runs on."""
    folder: Path = tmp_path_factory.mktemp("bundle")
    data, rows = Dataset.of(signals(600), TAGS), np.ones(600, np.bool_)
    recipe = Recipe("cell", SECOND, STALE, (), request.param)
    monitor = flow.learn(data, rows, recipe)
    public = flow.signing_key(folder / "k.key")
    packed = flow.seal(monitor, data, rows, recipe, folder, folder / "k.key").packed
    loaded = edge.load(packed.path, edge.Place(folder, (public,)))
    engine = backend("onnxruntime").load(monitor.graph, signature(monitor.graph), target("pc"))
    return monitor, replace(loaded, engine=engine)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_loop_says_bit_for_bit_what_the_replay_says(data: st.DataObject, sealed: tuple[Monitor, Loaded]) -> None:
    """Over empty and bad cells, slower tags, rows between ticks, repeated times, and several runs."""
    monitor, loaded = sealed
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    lengths = data.draw(st.lists(st.integers(1, 90), min_size=1, max_size=3))
    recordings = [_recording(random, length, seed) for seed, length in enumerate(lengths)]
    dataset = from_runs(TAGS, recordings, SECOND, stale_ns=STALE)
    decisions = backtest(loaded, recordings)
    assert np.array_equal(decisions.time, dataset.times) and np.array_equal(decisions.run, dataset.run)
    assert np.array_equal(decisions.masked, (~dataset.good).sum(axis=1))
    replayed = Replay(monitor.graph, execute)
    for run in np.unique(dataset.run):
        rows = dataset.run == run
        expected = replayed(*step_inputs(dataset.rows(rows)))
        assert np.array_equal(decisions.score[rows], expected["score"][:, 0].astype(np.float64))
        assert np.array_equal(decisions.alarm[rows], expected["alarm"][:, 0] >= 0.5)
        assert np.array_equal(decisions.confidence[rows], expected["confidence"][:, 0].astype(np.float64))


def _recording(random: np.random.Generator, rows: int, seed: int) -> Recording:
    steps = random.choice([0, SECOND // 3, SECOND, SECOND, SECOND, 2 * SECOND, 6 * SECOND], rows)
    values = signals(rows, seed)
    values[random.random(values.shape) < 0.05] = np.nan
    quality = np.where(random.random(values.shape) < 0.05, np.uint32(BAD), np.uint32(GOOD))
    present = random.random(values.shape) < 0.8 if random.random() < 0.5 else None
    return Recording(np.cumsum(steps).astype(np.int64), values, quality, present=present)


def test_an_alarm_that_stands_at_the_end_of_its_run_is_open_and_the_next_run_starts_clean(
        sealed: tuple[Monitor, Loaded]) -> None:
    faulty, sound = signals(200, 1), signals(200, 2)
    faulty[120:, 1] += 40.0
    times = SECOND * np.arange(200, dtype=np.int64)
    decisions = backtest(sealed[1], [Recording(times, faulty), Recording(times, sound)])
    (alarm,) = episodes(decisions)
    assert (alarm.run, alarm.open, alarm.end) == (0, True, int(times[-1])) and alarm.start >= times[120]
    assert alarm.causes[0].tag == "b" and alarm.ticks == (alarm.end - alarm.start) // SECOND + 1


def test_alarms_outside_what_was_watched_are_not_told(sealed: tuple[Monitor, Loaded]) -> None:
    faulty = signals(200, 1)
    faulty[120:, 1] += 40.0
    decisions = backtest(sealed[1], [Recording(SECOND * np.arange(200, dtype=np.int64), faulty)])
    assert episodes(decisions, np.arange(200) >= 190) and not episodes(decisions, np.arange(200) < 100)
