"""The benchmark of speed runs on tiny data, with the peers that live here and without the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.mark.timeout(300)
def test_what_learning_and_deciding_take_is_told_beside_peers_and_of_those_that_are_not_there_why() -> None:
    told = {name: value for name, value in os.environ.items() if name != "LINESHAFT_PEERS"}
    done = subprocess.run([sys.executable, str(BENCH / "speed.py"), "--rows", "300", "--tasks", "monitor", "infer",
                           "--seconds", "40", "--json"], text=True, capture_output=True, check=False, timeout=290,
                          env=told | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])["figures"]
    here = figures["infer made"]["pairs"]["scikit-learn Ridge"]
    assert here["rounds"] >= 1 and here["decide_ratio"] == here["decide_us"] / here["peer_decide_us"]
    assert figures["monitor made"]["pairs"]["pyod PCA"]["why"] in ("not installed", "no time left")
    assert figures["monitor_learn_ratio"] is None and figures["infer_learn_ratio"] > 0.0
