"""Python: from a table to a certified bundle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lineshaft as ls
from lineshaft.bundle.open import open_bundle
from lineshaft.core.errors import UsageError


def frame(rows: int = 700, fault: int | None = 600) -> pd.DataFrame:
    random = np.random.default_rng(0)
    a = np.convolve(random.normal(size=rows + 9), np.ones(10) / 3, "valid")
    b = 2 * a + 0.3 * random.normal(size=rows)
    if fault is not None:
        b[fault:] += 15.0
    return pd.DataFrame({"flow [L/min]": a, "level": b}, index=pd.date_range("2024-03-01", periods=rows, freq="s"))


@pytest.fixture(scope="module")
def monitor() -> ls.Monitor:
    return ls.fit(ls.from_frame(frame()), normal="400 rows")


def test_a_frame_and_its_csv_are_the_same_plant(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "plant.csv", index_label="time")
    one, two = ls.from_frame(frame()), ls.read(tmp_path / "plant.csv")
    assert [tag.path for tag in one.tags] == [tag.path for tag in two.tags] == ["flow", "level"]
    assert one.tags[0].unit == two.tags[0].unit == "L/min"
    assert np.array_equal(one.dataset.times, two.dataset.times)
    assert np.array_equal(one.dataset.values, two.dataset.values)


def test_times_may_be_a_column_or_be_missing() -> None:
    timed = ls.from_frame(frame().reset_index(names="when"))
    assert timed.table.timed and len(timed.tags) == 2
    assert not ls.from_frame(frame().reset_index(drop=True)).table.timed


def test_watching_names_the_fault_in_words_and_as_a_frame(monitor: ls.Monitor) -> None:
    outcome = monitor.watch()
    assert str(outcome).startswith("1 alarm in 5 min watched; it began at 2024-03-01T00:10:")
    told = outcome.to_frame()
    assert len(told) == 700 and told["alarm"].iloc[-1] and not told["alarm"].iloc[400:600].any()
    assert str(told.index.tz) == "UTC"


def test_a_saved_bundle_verifies_and_nothing_is_overwritten(monitor: ls.Monitor, tmp_path: Path) -> None:
    path = monitor.save(tmp_path / "deep" / "bundle")
    assert open_bundle(path, trusted_keys=[tmp_path / "deep" / "bundle.pub"]).manifest.loop == "frame"
    assert sorted(one.name for one in path.parent.iterdir()) == ["bundle", "bundle.key", "bundle.pub"]
    with pytest.raises(UsageError, match="exists already"):
        monitor.save(path)


def test_another_day_of_the_same_plant_is_watched_whole_whatever_the_order_of_its_columns(monitor: ls.Monitor) -> None:
    other = ls.from_frame(frame(300, None)[["level", "flow [L/min]"]])
    outcome = monitor.watch(other)
    assert str(outcome) == "No alarm in 5 min watched." and outcome.watched.all()


def test_a_tag_that_stands_still_on_another_day_is_still_watched(monitor: ls.Monitor) -> None:
    stuck = frame(300, None)
    stuck["level"] = 100.0
    assert monitor.watch(ls.from_frame(stuck)).alarms


def test_missing_tags_are_named(monitor: ls.Monitor) -> None:
    with pytest.raises(UsageError, match=r"needs tags that are not here: level"):
        monitor.watch(ls.from_frame(frame()[["flow [L/min]"]]))


def test_an_unknown_way_of_reading_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no way of reading is called colour; use some of time, timezone"):
        ls.read(tmp_path / "plant.csv", colour="red")


def test_importing_the_package_loads_neither_onnx_nor_what_learning_needs() -> None:
    code = "import sys, lineshaft; print(sorted({'onnx', 'onnxruntime', 'duckdb', 'numpy', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
