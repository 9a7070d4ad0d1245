"""Every task there is goes the way as far as a node: learnt by one of its learners, certified, decided by the loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.way.conftest import plant

from lineshaft.app import api, goal
from lineshaft.app.recorded import Recorded

TOLD: dict[str, dict[str, Any]] = {  # with a quick learner of each
    "infer": {"target": "NOX", "learner": "ridge", "adapt": False},
    "forecast": {"target": "NOX", "ahead": (1, 3), "learner": "ridge"},
    "diagnose": {"target": "code", "learner": "tags"}, "prognose": {"learner": "similarity"},
    "segment": {"learner": "kmeans"}}


def faulty() -> pd.DataFrame:
    """Two faults, three times each."""
    frame, code = plant(900), np.zeros(900)
    for number in range(6):
        code[100 + 130 * number:160 + 130 * number] = 1 + number % 2
    frame["temperature"] += 15 * (code == 1)
    frame["oxygen"] += 2 * (code == 2)
    return frame.assign(code=code)


def worn(units: int = 10) -> pd.DataFrame:
    """Machines that ran to failure, one after another; an export's runs are told apart by the column of machines."""
    random = np.random.default_rng(2)
    lives = []
    for unit in range(units):
        length = int(random.integers(60, 110))
        wear = (np.arange(length) / length) ** 2
        lives.append(pd.DataFrame({"unit": float(unit), "vibration": 1 + 3 * wear + random.normal(0, 0.1, length),
                                   "temperature": 60 + 10 * wear + random.normal(0, 0.5, length)}))
    whole = pd.concat(lives, ignore_index=True)
    return whole.set_index(pd.date_range("2024-03-01", periods=len(whole), freq="s", tz="UTC", name="time"))


def recorded(task: str) -> Recorded:
    frames = {"diagnose": faulty, "prognose": worn}
    return api.from_frame(frames[task]() if task in frames else plant(400), name=task)


def test_segment_finds_the_modes_of_a_plant_from_its_tags() -> None:
    random, fast = np.random.default_rng(0), np.arange(1200) // 100 % 2
    frame = pd.DataFrame({"speed": 900 + 500 * fast + random.normal(0, 20, 1200), "load": random.normal(5, 1, 1200),
                          "power": 30 + 25 * fast + random.normal(0, 2, 1200)}, index=plant(1200).index)
    model = api.fit(api.from_frame(frame, name="modes"), task="segment", learner="kmeans")
    assert model.figures["modes"] == 2 and 0.3 < model.figures["share_of_mode_1"] < 0.7
    losses = {trial.name: trial.loss for trial in model.learnt.trials}
    assert losses["kmeans"] < losses["naive one mode"] - 0.1  # nats a row and tag: the tags are what is described


def test_every_task_of_ours_is_tried_here() -> None:
    assert set(TOLD) == set(goal.tasks()) - {goal.MONITOR}


@pytest.mark.parametrize("task", TOLD)
def test_a_task_is_learnt_certified_and_decides(task: str) -> None:
    model = api.fit(recorded(task), task=task, **TOLD[task])
    manifest = model.loaded.manifest
    assert manifest.task == task and manifest.lineage.learner != "" and manifest.figures
    labels = [one.label for one in manifest.answers]
    assert labels and len(set(labels)) == len(labels)
    said = model.predict()
    assert said["known"].mean() > 0.25  # a short history knows little: that it says so is not tested here
    assert np.isfinite(said.loc[said["known"], labels].to_numpy()).all()
    sure = said[said["known"]]
    assert all((sure[f"{label} low"] <= sure[f"{label} high"]).all() for label in labels)
