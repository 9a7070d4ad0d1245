"""Benchmarks of soft sensors and tables run on any files of their sets: here on made ones of the same form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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


def table(path: Path, header: str, rows: list[list[object]]) -> None:
    path.write_text("\ufeff" + header + "\n" + "\n".join(",".join(map(str, row)) for row in rows) + "\n", "utf-8")


def test_gas_turbine_is_learnt_on_the_first_years_and_tested_on_the_last_two(tmp_path: Path,
                                                                             rng: np.random.Generator) -> None:
    for year in range(2011, 2015):
        x = rng.normal(size=(120, 3)).cumsum(axis=0) * 0.3
        nox = 60 + 5 * x[:, 0] - 3 * x[:, 1] + 3 * (year - 2011) + 0.2 * rng.normal(size=120)
        table(tmp_path / f"gt_{year}.csv", "AT,AP,AFDP ,CO,NOX",
              [[*row, 1.0, value] for row, value in zip(x.tolist(), nox.tolist(), strict=True)])
    found = figures("gas_turbine", tmp_path, "--target", "NOX", "--seconds", "10")
    assert found["test_years"] == ["gt_2013", "gt_2014"] and found["rmse"] < found["static_rmse"]
    assert found["ci_low"] <= found["rmse"] <= found["ci_high"] and "last value" in found["baselines_rmse"]


def test_steel_plates_finds_classes_that_columns_tell(tmp_path: Path, rng: np.random.Generator) -> None:
    kind = np.arange(240) % 3
    x = rng.normal(size=(240, 4)) + kind[:, None] * np.array([2.0, -1.0, 0.0, 0.0])
    table(tmp_path / "faults.csv", "a,b,c,d,failure.type,target",
          [[*row, k, int(k > 0)] for row, k in zip(x.tolist(), kind.tolist(), strict=True)])
    found = figures("steel_plates", tmp_path, "--folds", "2", "--seconds", "60")
    assert found["macro_f1"] > 0.7 > found["naive"] and found["ci_low"] <= found["macro_f1"] <= found["ci_high"]


def test_ai4i_never_reads_the_columns_that_say_why(tmp_path: Path, rng: np.random.Generator) -> None:
    wear, torque = rng.uniform(0, 250, 300), rng.uniform(20, 60, 300)
    fails = wear * torque > 9000
    rows: list[list[object]] = [
        [i, f"M{i}", "LMH"[i % 3], 298, 308, 1500 + i % 50, torque[i], wear[i], int(fails[i]), 0, 0, 0,
         int(fails[i]), 0] for i in range(300)]
    table(tmp_path / "ai4i2020.csv", "UDI,Product_ID,Type,Air_temperature,Process_temperature ,Rotational_speed,"
          "Torque ,Tool_wear,Machine.failure,TWF,HDF,PWF,OSF,RNF", rows)
    found = figures("ai4i2020", tmp_path, "--folds", "2", "--seconds", "60")
    assert found["pr_auc"] > 2 * found["naive"] and set(found["causes_of_the_rule"]) == {"OSF"}


@pytest.mark.parametrize("name", ["gas_turbine", "steel_plates", "ai4i2020", "turbine"])
def test_a_folder_without_the_set_is_told(tmp_path: Path, name: str) -> None:
    done = run(name, tmp_path)
    assert done.returncode != 0 and str(tmp_path) in done.stderr and "Traceback" not in done.stderr
