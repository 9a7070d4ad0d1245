"""The benchmark of modes draws its own plant: what it draws is what it says, and it tells what it found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

from modes import KINDS, MODES, STAY, Plant, course, fault  # noqa: E402


def test_a_course_visits_each_mode_and_never_stays_on(rng: np.random.Generator) -> None:
    modes = course(12, rng)
    stays = modes[np.flatnonzero(np.diff(modes, prepend=-1))]
    assert set(stays) == set(range(MODES)) and (np.diff(stays) != 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_lies_inside_one_stay_and_in_one_tag(kind: str, rng: np.random.Generator) -> None:
    plant = Plant.drawn(rng)
    values, onset, last = fault(plant, 1, 4, kind, rng)
    before, after = values[STAY + 60:onset], values[onset:last]
    others = np.arange(values.shape[1]) != 4
    spread = plant.spread(1)
    assert (np.abs(after.mean(axis=0) - before.mean(axis=0)) / spread)[others].max() < 1.0
    off = abs(after[:, 4].mean() - before[:, 4].mean()) / spread[4]
    assert off > 2.0 if kind == "offset" else off < 1.0


def test_it_tells_both_ways() -> None:
    done = subprocess.run([sys.executable, str(BENCH / "modes.py"), "--json", "--seeds", "1", "--learner", "zscore",
                           "--stays", "7"], text=True, capture_output=True, check=False, timeout=600,
                          env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])["figures"]
    assert {"gain", "ci_low", "ci_high", "found_one", "found_per_mode", "far_one", "far_per_mode"} <= set(figures)
