"""Made examples teach, and nothing but teaching rows goes into them."""

from __future__ import annotations

import numpy as np
import pytest

from lineshaft.app.simulator import HEALTHY, DemoSimulator
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import run_spans
from lineshaft.model.scarce.augment import augmented, methods
from lineshaft.model.scarce.simulated import simulated


def examples(seed: int = 0) -> tuple[Examples, np.ndarray]:
    """Four runs of 50 ticks, two of each class; the last of each judges."""
    random = np.random.default_rng(seed)
    run = np.repeat(np.arange(4), 50).astype(np.int32)
    kind = np.array([0, 0, 1, 1])[run]
    ramp = np.tile(np.arange(50) / 10.0, 4)
    values = random.normal(size=(200, 3)) + (kind * ramp)[:, None] * [1.0, -2.0, 0.0] + 100.0
    dataset = Dataset.of(values, tuple(Tag(n) for n in "abc"), run=run)
    return Examples(dataset, kind[:, None].astype(float), run, ("good", "worn")), np.isin(run, [0, 2])


@pytest.mark.parametrize("method", methods())
def test_made_runs_come_behind_and_the_rest_stays_as_it_was(method: str) -> None:
    given, fit = examples()
    grown, teaching = augmented(given, fit, method, copies=3)
    count = len(given)
    assert np.array_equal(grown.dataset.values[:count], given.dataset.values)
    assert np.array_equal(teaching[:count], fit) and teaching[count:].all()
    assert not np.isin(grown.group[count:], given.group).any()
    assert len(run_spans(grown.dataset.run[count:])) == 6
    assert (np.diff(grown.dataset.times) > 0).all() and np.isfinite(grown.dataset.values).all()


@pytest.mark.parametrize("method", methods())
def test_rows_that_judge_never_go_into_made_ones(method: str) -> None:
    given, fit = examples()
    spoilt = given.dataset.values.copy()
    spoilt[~fit] = 1e6
    dataset = Dataset.of(spoilt, given.dataset.tags, run=given.dataset.run)
    other = Examples(dataset, given.target, given.group, given.names)
    made, same = augmented(given, fit, method)[0], augmented(other, fit, method)[0]
    assert np.array_equal(made.dataset.values[len(given):], same.dataset.values[len(given):])


@pytest.mark.parametrize("method", methods())
def test_made_runs_are_of_their_class_and_not_copies(method: str) -> None:
    given, fit = examples()
    grown, _ = augmented(given, fit, method, copies=8)
    made = grown.rows(np.arange(len(grown)) >= len(given))
    worn = made.dataset.values[made.target[:, 0] == 1]
    good = made.dataset.values[made.target[:, 0] == 0]
    assert worn[:, 1].mean() < good[:, 1].mean() - 2.0  # the ramp of the fault went along
    real = {row.tobytes() for row in given.dataset.values}
    assert sum(row.tobytes() in real for row in made.dataset.values) < 0.1 * len(made)


def test_equal_seeds_make_equal_runs() -> None:
    given, fit = examples()
    for method in methods():
        one, two = (augmented(given, fit, method, seed=3)[0].dataset.values for _ in range(2))
        assert np.array_equal(one, two)


def test_nothing_can_be_made_of_nothing() -> None:
    given, fit = examples()
    with pytest.raises(UsageError, match="no row teaches"):
        augmented(given, np.zeros_like(fit), "jitter")


class Ramp:
    """Plays the class "worn" only, its tags in another order and with one more."""

    faults = ("worn",)

    def runs(self, fault: str, seed: int) -> Dataset:
        random = np.random.default_rng(seed)
        values = 100.0 + random.normal(size=(30, 4)) + np.arange(30)[:, None] / 10.0 * [0.0, -2.0, 0.0, 1.0]
        return Dataset.of(values, tuple(Tag(n) for n in ("more", "b", "c", "a")))


def test_a_simulator_gives_runs_of_the_classes_that_it_can_play_for_teaching_only() -> None:
    given, fit = examples()
    grown, teaching = simulated(given, fit, Ramp(), copies=3, cold=10)
    made = np.arange(len(grown)) >= len(given)
    assert np.array_equal(grown.dataset.values[~made], given.dataset.values) and (teaching[~made] == fit).all()
    assert made.sum() == 90 and (grown.target[made] == 1.0).all()
    assert teaching[made].reshape(3, 30)[:, 10:].all() and not teaching[made].reshape(3, 30)[:, :10].any()
    assert grown.dataset.values[made].reshape(3, 30, 3)[:, -1, 1].mean() < 97.0  # tag b, wherever the simulator has it
    assert not np.isin(grown.group[made], given.group).any()


def test_equal_seeds_play_equal_runs_and_others_do_not() -> None:
    given, fit = examples()
    one, same, other = (simulated(given, fit, Ramp(), seed=seed)[0].dataset.values for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_a_simulator_that_does_not_fit_is_told() -> None:
    given, fit = examples()
    strange = Examples(given.dataset, given.target, given.group, ("good", "hot"))
    with pytest.raises(UsageError, match="plays none of the classes good, hot"):
        simulated(strange, fit, Ramp())
    tags = tuple(Tag(n) for n in "abz")
    with pytest.raises(UsageError, match="no tag 'z'"):
        simulated(Examples(Dataset.of(given.dataset.values, tags), given.target, given.group, given.names), fit, Ramp())
    slow = Dataset.of(given.dataset.values, given.dataset.tags, period_ns=1)
    with pytest.raises(UsageError, match="its period is"):
        simulated(Examples(slow, given.target, given.group, given.names), fit, Ramp())


def test_the_demo_plant_plays_its_own_faults() -> None:
    plant = DemoSimulator(ticks=40, lead=40, severity=(1.0, 1.0))
    assert HEALTHY in plant.faults and "pump-wear" in plant.faults
    healthy, noisy = plant.runs(HEALTHY, 3), plant.runs("sensor-noise", 3)
    column = next(place for place, tag in enumerate(healthy.tags) if tag.path.endswith("R101/level"))
    assert noisy.values[:, column].std() > 3.0 * healthy.values[:, column].std()
    lost = plant.runs("communication-loss", 3)
    assert not lost.good.all() and healthy.good.all()
