"""The search's benchmark runs on whatever sets its folder holds: here on a made one of the same form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

BENCH = Path(__file__).resolve().parents[2] / "bench"
NAMES = ("AT", "AP", "TEY", "NOX")


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(BENCH / "search.py"), "--data", str(folder), "--json", *more], text=True,
                          capture_output=True, check=False, timeout=170, env=os.environ | {"OMP_NUM_THREADS": "1"})


def turbine(folder: Path, rng: np.random.Generator) -> None:
    folder.mkdir(parents=True)
    for year in (2011, 2012):
        x = rng.normal(size=(300, 3))
        rows = np.column_stack([x, x @ [2.0, -1.0, 0.5] + 0.1 * rng.normal(size=300)])
        lines = [",".join(NAMES), *(",".join(f"{value:.4f}" for value in row) for row in rows)]
        (folder / f"gt_{year}.csv").write_text("\n".join(lines) + "\n", "utf-8")


def test_a_search_is_timed_and_what_racing_lost_is_told(tmp_path: Path, rng: np.random.Generator) -> None:
    turbine(tmp_path / "gas_turbine", rng)
    done = run(tmp_path, "--learner", "naive", "--seconds", "120")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])["figures"]
    assert figures["gas_turbine"]["recommended"] == "naive mean" and figures["slowest_s"] > 0.0
    assert figures["gas_turbine"]["loss"] == figures["gas_turbine"]["naive_loss"]
    assert abs(figures["racing"]["lost"]) < 1e-9


def test_a_set_that_fails_is_a_row_with_its_reason_and_rows_of_an_earlier_call_are_kept(
        tmp_path: Path, rng: np.random.Generator) -> None:
    data, rows = tmp_path / "data", tmp_path / "rows.json"
    turbine(data / "gas_turbine", rng)
    (data / "steel_plates").mkdir()
    rows.write_text(json.dumps({"ett": {"seconds": 7.0, "recommended": "ridge"}}), "utf-8")
    done = run(data, "--learner", "naive", "--seconds", "120", "--rows", str(rows), "--racing", "none")
    assert done.returncode == 0, done.stderr
    figures, kept = json.loads(done.stdout.splitlines()[-1])["figures"], json.loads(rows.read_text("utf-8"))
    assert figures["sets"] == len(kept) == 3 and figures["sets_failed"] == 1 and "racing" not in figures
    assert "no CSV with the columns failure.type" in kept["steel_plates"]["failed"]
    assert figures["ett"]["seconds"] == 7.0 and figures["gas_turbine"]["recommended"] == "naive mean"


def test_a_folder_without_a_set_is_one_sentence(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 1 and "none of the sets of bench/searched is there" in done.stderr
