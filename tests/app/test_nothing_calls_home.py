"""What runs at a plant tells nobody outside of it; it may not even keep notes to send later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

STEPS = """
import lineshaft
from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.replay import Replay
import numpy as np
g = StepBuilder(2)
print(Replay(g.model({"twice": g.add(g.x, g.x)}), execute)(np.ones((3, 2), np.float32), np.ones((3, 2), np.float32)))
"""
SILENCERS = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "DO_NOT_TRACK", "XDG_CACHE_HOME", "TF_BUILD",
             "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL")


def test_the_runtime_keeps_no_record_of_what_it_runs_for_its_maker(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in SILENCERS}
    subprocess.run([sys.executable, "-c", STEPS], check=True, capture_output=True, timeout=120,
                   env={**environment, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path),
                        "LOCALAPPDATA": str(tmp_path)})
    assert sorted(tmp_path.rglob("*")) == []
