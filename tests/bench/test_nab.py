"""NAB's score by cases that can be worked out by hand, and its benchmark on files of our own."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

import nab  # noqa: E402
from nab_scoring import NEVER, Profile, Series, best_threshold, normalised, probation, raw, sigmoid  # noqa: E402

STANDARD, LOW_FP, LOW_FN = Profile(1.0, 0.11, 1.0), Profile(1.0, 0.22, 1.0), Profile(1.0, 0.11, 2.0)
ROWS, FIRST, LAST = 1000, 400, 499
ONE = Series.of(ROWS, [(FIRST, LAST)])


def at(*rows: int) -> np.ndarray:
    """Scores that are 1 at these rows."""
    scores = np.zeros(ROWS)
    scores[list(rows)] = 1.0
    return scores


@pytest.mark.parametrize("profile", [STANDARD, LOW_FP, LOW_FN])
def test_the_first_row_of_each_window_and_no_other_is_a_hundred_and_silence_is_nothing(profile: Profile) -> None:
    two = [ONE, Series.of(ROWS, [(300, 350), (700, 800)])]
    perfect = [at(FIRST), at(300, 700)]
    assert normalised(two, perfect, 1.0, profile) == pytest.approx(100.0)
    assert normalised(two, perfect, NEVER, profile) == 0.0
    assert normalised(two, perfect, best_threshold(two, perfect, profile), profile) == pytest.approx(100.0)


def test_a_late_detection_is_worth_what_the_sigmoid_says() -> None:
    middle = 2.0 / (1.0 + math.exp(5.0 * -0.5)) - 1.0
    whole = 2.0 / (1.0 + math.exp(-5.0)) - 1.0
    assert raw([ONE], [at(450)], 1.0, STANDARD) == pytest.approx(middle / whole)
    assert raw([ONE], [at(450, 470, 499)], 1.0, STANDARD) == pytest.approx(middle / whole)
    last = 2.0 / (1.0 + math.exp(5.0 * -0.01)) - 1.0
    assert raw([ONE], [at(499)], 1.0, STANDARD) == pytest.approx(last / whole)


def test_a_false_row_costs_more_the_later_it_is_and_all_before_the_first_window() -> None:
    near = 2.0 / (1.0 + math.exp(5.0 * 1 / 99)) - 1.0
    assert raw([ONE], [at(500)], 1.0, STANDARD) == pytest.approx(-1.0 + 0.11 * near)
    assert raw([ONE], [at(200)], 1.0, STANDARD) == pytest.approx(-1.0 - 0.11)
    assert raw([ONE], [at(500 + 99 * 3)], 1.0, LOW_FP) == pytest.approx(-1.0 - 0.22)


def test_a_missed_window_costs_its_weight_and_rows_of_the_probation_nothing() -> None:
    assert raw([ONE], [at()], 1.0, LOW_FN) == -2.0
    assert probation(ROWS) == 150
    assert raw([ONE], [at(*range(150))], 1.0, STANDARD) == -1.0
    hidden = Series.of(ROWS, [(20, 60), (FIRST, LAST)])
    assert raw([hidden], [at(30)], 1.0, STANDARD) == -1.0


def test_one_threshold_serves_the_whole_corpus() -> None:
    loud, quiet = 5.0 * at(FIRST) + 4.0 * at(200, 250, 600, 650, 700, 750, 800, 850, 900, 950), 3.0 * at(FIRST)
    threshold = best_threshold([ONE, ONE], [loud, quiet], STANDARD)
    assert threshold == 3.0  # ten false rows cost 1.1, which is less than the window that is found
    assert best_threshold([ONE, ONE], [loud, quiet], Profile(1.0, 0.5, 1.0)) == 5.0


def test_the_sigmoid_is_flat_three_widths_after_a_window() -> None:
    assert sigmoid(np.array([-1.0, 0.0, 3.1, 1e9])).round(4).tolist() == [0.9866, 0.0, -1.0, -1.0]


def test_windowed_gaussian_is_a_tail_probability_of_the_rows_before() -> None:
    values = np.random.default_rng(0).normal(size=300)
    scores = nab.windowed_gaussian(values)
    z = abs(values[200] - values[:200].mean()) / values[:200].std()
    assert scores[200] == pytest.approx(1.0 - 0.5 * math.erfc(z / 2**0.5))
    assert scores[1:].min() >= 0.5 and scores.max() <= 1.0


def made(folder: Path) -> None:
    """Two folders of noise with a jump each, in NAB's form."""
    random, windows = np.random.default_rng(0), {}
    for number, name in enumerate(("one/a.csv", "one/b.csv", "two/c.csv", "two/d.csv")):
        values = random.normal(size=900)
        values[600:] += 15.0
        times = [np.datetime64("2024-01-01T00:00:00") + np.timedelta64(5 * i, "m") for i in range(900)]
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("timestamp,value\n" + "".join(
            f"{str(t).replace('T', ' ')},{v}\n" for t, v in zip(times, values, strict=True)))
        windows[name] = [[f"{str(times[590 + number]).replace('T', ' ')}.000000",
                          f"{str(times[680]).replace('T', ' ')}.000000"]]
    (folder / "labels").mkdir()
    (folder / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    (folder / "config").mkdir()
    (folder / "config" / "profiles.json").write_text(json.dumps({
        name: {"CostMatrix": {"tpWeight": p.tp, "fpWeight": p.fp, "fnWeight": p.fn, "tnWeight": 1.0}}
        for name, p in (("standard", STANDARD), ("reward_low_FP_rate", LOW_FP), ("reward_low_FN_rate", LOW_FN))}))


def test_the_benchmark_scores_files_of_the_same_form(tmp_path: Path) -> None:
    made(tmp_path)
    done = subprocess.run([sys.executable, str(BENCH / "nab.py"), "--data", str(tmp_path), "--json"], text=True,
                          capture_output=True, check=False, timeout=120, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["figures"]["standard"] > 80.0 > found["peers"]["random here"]["standard"]
    assert found["figures"]["ci_low"] <= found["figures"]["standard"] <= found["figures"]["ci_high"] + 1e-9
    assert found["peers"]["null here"]["standard"] == 0.0


def test_a_folder_without_nab_is_told(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(BENCH / "nab.py"), "--data", str(tmp_path)], text=True,
                          capture_output=True, check=False, timeout=60)
    assert done.returncode != 0 and "pass --data" in done.stderr and "Traceback" not in done.stderr
