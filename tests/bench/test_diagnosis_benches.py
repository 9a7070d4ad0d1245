"""Benchmarks of diagnosis run on any files of their sets: here on small made ones of the same form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

BENCH = Path(__file__).resolve().parents[2] / "bench"


def run(name: str, folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(BENCH / f"{name}.py"), "--data", str(folder), "--json", *flags],
                          text=True, capture_output=True, check=False, timeout=170,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})


def figures(name: str, folder: Path, *flags: str) -> dict[str, Any]:
    done = run(name, folder, *flags)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])["figures"]
    assert found["ci_low"] <= found["ci_high"] and found["seeds"] >= 1
    return found


def made_tep(folder: Path, rng: np.random.Generator, memory: Sequence[float], apart: float) -> None:
    """Runs d00, d01 and so on of the Braatz set's form: each with a memory and a level of its own."""
    for fault, one in enumerate(memory):
        for ending, rows in (("", 260), ("_te", 420)):
            noise, values = rng.normal(size=(rows, 52)), np.zeros((rows, 52))
            for row in range(1, rows):
                values[row] = one * values[row - 1] + (1 - one**2) ** 0.5 * noise[row]
            values += apart * fault  # 260 rows are few for the dynamics of 52 tags alone
            np.savetxt(folder / f"d{fault:02d}{ending}.dat", values.T if fault == 0 and not ending else values)


def test_tep_tells_faults_apart(tmp_path: Path, rng: np.random.Generator) -> None:
    made_tep(tmp_path, rng, (0.0, 0.9, -0.7), 1.0)
    found = figures("tep", tmp_path, "--task", "diagnose", "--learner", "dynamics")
    assert found["recall_mean"] > 0.9 and found["recall_mean_without_3_9_15"] > 0.9


def test_a_fault_that_was_never_taught_is_called_unknown(tmp_path: Path, rng: np.random.Generator) -> None:
    made_tep(tmp_path, rng, (0.0, 0.9, -0.7, 0.5), 3.0)
    found = figures("unknown", tmp_path)
    assert list(found["rejected_by_fault"]) == ["01"]
    assert found["unknown_rejected"] > 0.9 and found["known_accepted"] > 0.8


def test_gearbox_learns_at_some_loads_and_is_tested_at_the_others(tmp_path: Path, rng: np.random.Generator) -> None:
    for kind, tone in (("h", 0.05), ("b", 0.11)):
        for load in (0, 30):
            time = np.arange(6 * 1024)
            values = np.sin(2 * np.pi * tone * time)[:, None] * (1 + load / 30) + rng.normal(size=(len(time), 4))
            np.savetxt(tmp_path / f"{kind}30hz{load}.csv", values, "%.4f", ",", header="a1,a2,a3,a4", comments="")
    found = figures("gearbox", tmp_path, "--learner", "vibration spectrum discriminant")
    assert found["balanced_accuracy"] > 0.9


def test_hydraulic_says_the_recall_of_each_part_beside_a_baseline(tmp_path: Path, rng: np.random.Generator) -> None:
    state = np.stack([np.repeat(np.tile(levels, 15), 12) for levels in ((3, 20), (90, 100), (0, 1), (90, 130))], axis=1)
    np.savetxt(tmp_path / "profile.txt", np.column_stack([state, np.zeros(len(state))]), "%d", "\t")
    for name, width in (("TS1", 60), ("FS1", 600)):
        np.savetxt(tmp_path / f"{name}.txt", state[:, :1] + rng.normal(size=(len(state), width)), "%.3f", "\t")
    found = figures("hydraulic", tmp_path, "--learner", "vibration course discriminant")
    assert found["cooler_recall"] > 0.9 and found["baseline_best"] > 0.5


def test_a_folder_without_the_set_is_told(tmp_path: Path) -> None:
    for name in ("gearbox", "hydraulic", "cwru"):
        done = run(name, tmp_path)
        assert done.returncode != 0 and "pass --data" in done.stderr and "Traceback" not in done.stderr
