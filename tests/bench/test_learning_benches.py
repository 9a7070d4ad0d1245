"""Benchmarks run on any files of their sets: here on made ones of the same form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

BENCH = Path(__file__).resolve().parents[2] / "bench"


def run(name: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(BENCH / f"{name}.py"), "--data", str(folder), "--json", *more],
                          text=True, capture_output=True, check=False, timeout=170,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})


def figures(name: str, folder: Path, *more: str) -> dict[str, Any]:
    done = run(name, folder, *more)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])["figures"]
    return found


def test_alpi_beats_chance_where_alarms_follow_each_other(tmp_path: Path, rng: np.random.Generator) -> None:
    """Code k is followed by k + 1; each machine has its own codes."""
    parts: dict[str, np.ndarray] = {}
    for which, rows in (("train", 300), ("test", 120)):
        machine = np.sort(rng.integers(0, 2, rows))
        last = rng.integers(1, 5, rows) + 5 * machine
        x, y = np.zeros((rows, 9), np.int32), np.zeros((rows, 6), np.int32)
        x[:, 0], x[:, 1], y[:, 0] = rng.integers(1, 5, rows) + 5 * machine, last, last + 1
        parts |= {f"x_{which}": x, f"y_{which}": y, f"stratify_{which}": machine}
    np.savez(tmp_path / "all_alarms.npz", allow_pickle=False, **parts)
    found = figures("alpi", tmp_path)
    assert found["micro_f1"] > 0.9 > found["baseline_best"] and found["ci_low"] <= found["micro_f1"] <= found["ci_high"]


def test_scarce_compares_every_way_with_none(tmp_path: Path, rng: np.random.Generator) -> None:
    for fault in (0, 1):
        for ending in ("", "_te"):
            rows = 70 if not ending else 220
            values = rng.normal(size=(rows, 52)) + fault * 3.0
            np.savetxt(tmp_path / f"d{fault:02d}{ending}.dat", values.T if fault == 0 and not ending else values)
    found = figures("scarce", tmp_path)
    assert {"none", "jitter", "warp", "mix", "scale", "generate"} <= set(found) and found["none"] > 0.9


def test_scarce_compares_the_simulator_of_the_demo_plant_with_none(tmp_path: Path) -> None:
    found = figures("scarce", tmp_path, "--task", "plant", "--faults", "1", "--seeds", "1")
    assert {"none", "warp", "simulator", "simulator_wrong", "simulator_gain"} <= set(found) and found["seeds"] == 1


def test_a_folder_without_the_set_is_told(tmp_path: Path) -> None:
    for name in ("alpi", "scarce"):
        done = run(name, tmp_path)
        assert done.returncode != 0 and "pass --data" in done.stderr and "Traceback" not in done.stderr
