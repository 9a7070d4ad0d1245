"""The benchmark of speed runs on tiny data with the peers that live here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.mark.timeout(300)
def test_what_learning_and_deciding_take_is_told_beside_a_peer_of_the_same_class() -> None:
    done = subprocess.run([sys.executable, str(BENCH / "speed.py"), "--rows", "300", "--tasks", "segment",
                           "--seconds", "10", "--json"], text=True, capture_output=True, check=False, timeout=290,
                          env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])["figures"]
    here = figures["segment made"]["pairs"]["scikit-learn KMeans"]
    assert here["rounds"] >= 1 and here["decide_ratio"] == here["decide_us"] / here["peer_decide_us"]
    assert figures["segment_learn_ratio"] > 0.0
