"""The forecasting benchmarks run on any files of their sets: here on made ones of the same form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np

BENCH = Path(__file__).resolve().parents[2] / "bench"


def run(name: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    told = {key: value for key, value in os.environ.items() if key != "LINESHAFT_PEERS"} | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(BENCH / f"{name}.py"), "--data", str(folder), "--json", *more]
    return subprocess.run(command, text=True, capture_output=True, check=False, timeout=170, env=told)


def test_ett_measures_every_horizon_beside_the_baselines(tmp_path: Path, rng: np.random.Generator) -> None:
    t = np.arange(20 * 720)
    values = np.stack([np.sin(2 * np.pi * t / 24), np.cos(2 * np.pi * t / 24)], axis=1) + rng.normal(size=(len(t), 2))
    lines = ["date,HUFL,OT", *(f"h{i},{a:.4f},{b:.4f}" for i, (a, b) in enumerate(values))]
    (tmp_path / "made.csv").write_text("\n".join(lines) + "\n", "utf-8")
    done = run("ett", tmp_path, "--series", "made", "--learner", "naive", "--horizons", "6", "12")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])["figures"]
    assert set(found["mse"]) == {"6", "12"} and found["ci_low"] <= found["mse_mean"] <= found["ci_high"]
    assert found["learner"] == "naive season 24, cycles 7"
    assert found["mse_mean"] < found["baselines"]["repeat_24h"]["mse_mean"]


def test_energy_is_better_than_repeating_the_week_and_says_that_no_peer_is_there(
        tmp_path: Path, rng: np.random.Generator) -> None:
    days = [date(2015, 1, 1) + timedelta(days=i) for i in range(1100)]
    load = [1000 + 200 * (day.weekday() < 5) + 20 * rng.normal() for day in days]
    lines = ["Date,Consumption,Wind", *(f"{day},{value:.2f}," for day, value in zip(days, load, strict=True))]
    (tmp_path / "made.csv").write_text("\n".join(lines) + "\n", "utf-8")
    done = run("energy", tmp_path, "--learner", "smoothing")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["figures"]["mase_7"] < told["figures"]["baselines"]["seasonal_naive"]["mase_7"]
    assert told["figures"]["train_ratio"] == {} and told["figures"]["train_s"] > 0.0
    assert told["peers"]["why"] == "not installed" and told["figures"]["coverage_90"] > 0.8


def test_a_folder_without_the_set_is_told(tmp_path: Path) -> None:
    for name in ("ett", "energy"):
        done = run(name, tmp_path)
        assert done.returncode != 0 and "pass --data" in done.stderr and "Traceback" not in done.stderr
