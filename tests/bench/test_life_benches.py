"""The benches of remaining life run on any files of their sets: here on made ones of the same form."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.bench.test_learning_benches import figures, run


def engines(random: np.random.Generator, cut: bool) -> tuple[np.ndarray, list[float]]:
    rows, left = [], []
    for unit in range(1, 11):
        life = int(random.integers(60, 90))
        stop = int(random.integers(30, life - 5)) if cut else life
        remaining = life - np.arange(1, life + 1)
        damage = np.exp(-remaining / 15.0)[:, None]
        sensors = 100.0 + damage * np.linspace(-2, 2, 21) + 0.1 * random.normal(size=(life, 21))
        whole = np.column_stack([np.full(life, unit), np.arange(1, life + 1), np.zeros((life, 2)),
                                 np.full(life, 100.0), sensors])
        rows.append(whole[:stop])
        left.append(float(life - stop))
    return np.vstack(rows), left


def test_cmapss_beats_what_needs_no_sensor(tmp_path: Path, rng: np.random.Generator) -> None:
    train, _ = engines(rng, cut=False)
    test, left = engines(rng, cut=True)
    for name, rows in (("train_FD009", train), ("test_FD009", test), ("RUL_FD009", np.array(left))):
        np.savetxt(tmp_path / f"{name}.txt", rows)
    done = run("cmapss", tmp_path, "--subset", "FD009", "--learner", "similarity", "--seeds", "2")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    found, naive = said["figures"], said["peers"]
    assert found["rmse_raw"] < 0.8 * min(naive[n]["rmse_raw"] for n in ("constant mean", "line on cycles"))
    assert {"score_raw", "rmse_clipped", "score_clipped", "coverage_90", "floor_raw"} <= set(found)
    assert found["seeds"] == 2 and found["ci_low"] <= found["rmse_clipped"] <= found["ci_high"]


def test_femto_answers_for_each_test_bearing_at_its_cut(tmp_path: Path, rng: np.random.Generator) -> None:
    for name, records in (("2_1", 240), ("2_2", 200), ("2_7", 230)):
        folder = tmp_path / f"Bearing{name}"
        folder.mkdir()
        for number in range(1, records + 1, 3):
            size = 0.5 + np.exp(-(records - number) / 40.0)
            samples = size * rng.normal(size=(64, 2))
            rows = np.column_stack([np.tile([8.0, 0.0, 0.0, 0.0], (64, 1)), samples])
            np.savetxt(folder / f"acc_{number:05d}.csv", rows, delimiter=",", fmt="%.4f")
    found = figures("femto", tmp_path, "--learner", "trees")
    assert set(found["predicted_s"]) == {"2_7"} and 0 <= found["score"] <= 1
    assert {"monotonicity", "trendability", "prognosability"} <= set(found["health"])


@pytest.mark.parametrize("name", ["cmapss", "femto"])
def test_a_folder_without_the_set_is_told(name: str, tmp_path: Path) -> None:
    done = run(name, tmp_path)
    assert done.returncode != 0 and "pass --data" in done.stderr and "Traceback" not in done.stderr
