"""Every task there is goes the way as far as a node: learnt by one of its learners, certified, decided by the loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.way.conftest import plant

from lineshaft.app import api, goal
from lineshaft.app.examples import Told, examples_of
from lineshaft.app.goal import Goal, learning
from lineshaft.app.recorded import Recorded

pytest.importorskip("sklearn")
TOLD: dict[str, dict[str, Any]] = {
    "infer": {"target": "NOX"}, "forecast": {"target": "NOX", "ahead": (1, 3)}, "diagnose": {"target": "code"},
    "prognose": {"group": "unit"}, "segment": {}}


def faulty() -> pd.DataFrame:
    """Two faults, three times each."""
    frame, code = plant(900), np.zeros(900)
    for number in range(6):
        code[100 + 130 * number:160 + 130 * number] = 1 + number % 2
    frame["temperature"] += 15 * (code == 1)
    frame["oxygen"] += 2 * (code == 2)
    return frame.assign(code=code)


def worn(units: int = 10) -> pd.DataFrame:
    """Machines that ran to failure, one after another."""
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
    return api.from_frame(frames.get(task, plant)(), name=task)


def quick(task: str, data: Recorded) -> str:
    """The first learner of the task that is no baseline."""
    words = dict(TOLD[task])
    target = words.pop("target", "")
    told = Goal((target,) if target else (), group=words.pop("group", ""), settings=words)
    made = learning(task, told)
    names = [one.name.partition(" ")[0] for one in made.candidates(examples_of(task, Told(data.dataset, told), made))]
    return next(name for name in names if name != "naive")


@pytest.mark.parametrize("task", goal.tasks()[1:])
def test_a_task_is_learnt_certified_and_decides(task: str) -> None:
    if task not in TOLD:
        pytest.skip(f"{task} is not one of ours")
    data = recorded(task)
    model = api.fit(data, task=task, learner=quick(task, data), **TOLD[task])
    manifest = model.loaded.manifest
    assert manifest.task == task and manifest.lineage.learner != "" and manifest.figures
    labels = [one.label for one in manifest.answers]
    assert labels and len(set(labels)) == len(labels)
    said = model.predict()
    assert said["known"].mean() > 0.5
    assert np.isfinite(said.loc[said["known"], labels].to_numpy()).all()
    sure = said[said["known"]]
    assert all((sure[f"{label} low"] <= sure[f"{label} high"]).all() for label in labels)
