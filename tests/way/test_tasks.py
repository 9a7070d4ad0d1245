"""Every task there is goes the way as far as a node: learnt by one of its learners, certified, decided by the loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.way.conftest import plant

from lineshaft.app import api, goal
from lineshaft.app.recorded import Recorded

pytest.importorskip("sklearn")
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


@pytest.mark.parametrize("task", goal.tasks()[1:])
def test_a_task_is_learnt_certified_and_decides(task: str) -> None:
    if task not in TOLD:
        pytest.skip(f"{task} is not one of ours")
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
