"""The benchmark of intervals, Shapley values and drifts, on made years of the same form."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from tests.bench.test_learning_benches import BENCH, run


def test_it_runs_on_any_years_of_the_same_form(tmp_path: Path, rng: np.random.Generator,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    for year in (2011, 2012, 2013):
        load, air = rng.normal(size=(2, 700))
        table = np.stack([air, load + 0.1 * rng.normal(size=700), load + 0.1 * rng.normal(size=700),
                          rng.normal(size=700), load - air + 0.3 * rng.normal(size=700)], axis=1)
        np.savetxt(tmp_path / f"gt_{year}.csv", table, delimiter=",", header="AT,TIT,TEY,CO,NOX", comments="")
    monkeypatch.syspath_prepend(str(BENCH))
    trust = import_module("trust")
    monkeypatch.setattr(trust, "SEEDS", (0,))
    found = trust.measure(tmp_path).figures
    assert abs(found["coverage_made_rows"] - 0.9) < 0.05 and found["shapley_exact_difference"] < 1e-4
    assert found["ci_low"] <= found["coverage_made_rows"] <= found["ci_high"]
    assert 0.0 <= found["coverage_gas_turbine_later_years"] <= 1.0 and found["sensor_named"] >= 0.5


def test_a_folder_without_years_is_told(tmp_path: Path) -> None:
    done = run("trust", tmp_path)
    assert done.returncode != 0 and "pass --data" in done.stderr and "Traceback" not in done.stderr
