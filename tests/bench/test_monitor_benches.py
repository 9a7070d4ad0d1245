"""The monitor's benchmarks run on any files of their sets: here on made ones of the same form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


def run(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    quiet = {key: value for key, value in os.environ.items() if key != "LINESHAFT_PEERS"}
    return subprocess.run([sys.executable, str(BENCH / f"{name}.py"), "--data", str(folder), "--json"], text=True,
                          capture_output=True, check=False, timeout=150, env={**quiet, "OMP_NUM_THREADS": "1"})


@pytest.fixture
def experiments(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Two files as SKAB's: 400 normal rows, then a fault that two tags show."""
    for number in range(2):
        values = rng.normal((10.0, 50.0, 3.0), size=(600, 3))
        anomaly = np.arange(600) >= 480
        values[anomaly, :2] += 9.0
        lines = [";".join([f"2020-01-01 00:{i // 60:02d}:{i % 60:02d}", *(f"{v:.5f}" for v in row),
                           f"{float(anomaly[i])}", "0.0"]) for i, row in enumerate(values)]
        (tmp_path / f"{number}.csv").write_text("\n".join(["datetime;a;b;c;anomaly;changepoint", *lines]))
    return tmp_path


def test_skab_pools_files_and_says_how_sure_it_is(experiments: Path) -> None:
    done = run("skab", experiments)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])["figures"]
    assert found["files"] == 2 and found["f1"] > 0.8
    assert found["ci_low"] <= found["f1"] <= found["ci_high"]


def test_the_bench_beside_peers_runs_without_any(experiments: Path) -> None:
    done = run("monitor_peers", experiments)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["figures"]["f1"] > 0.8 and "not installed" in found["peers"]["pyod, river"]


@pytest.mark.parametrize("name", ["skab", "monitor_peers", "tep"])
def test_a_folder_without_the_set_is_told(name: str, tmp_path: Path) -> None:
    done = run(name, tmp_path)
    assert done.returncode != 0 and "pass --data" in done.stderr and "Traceback" not in done.stderr
