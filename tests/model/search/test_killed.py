"""A search that is killed at any instant is gone on with, and ends as it would have ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from tests.model.search.small import Small, examples

from lineshaft.backend.onnxruntime import execute
from lineshaft.model.search.journal import Journal
from lineshaft.model.search.run import search


def killed_after(steps: int, journal: Path) -> int:
    """Run it until it has said so many words, then kill it; its exit code."""
    paths = os.pathsep.join(path or os.curdir for path in sys.path)
    with subprocess.Popen([sys.executable, "-m", "tests.model.search.killed", str(journal)], stdout=subprocess.PIPE,
                          env={**os.environ, "PYTHONPATH": paths}) as child:
        assert child.stdout is not None
        for _ in range(steps):
            if not child.stdout.readline():
                break
        child.kill()
        return child.wait()


def test_a_search_killed_at_random_instants_ends_with_the_same_model(tmp_path: Path, rng: np.random.Generator) -> None:
    journal, known = tmp_path / "journal", 0
    for steps in rng.integers(2, 14, 3).tolist():
        killed_after(steps, journal)
        there = len(journal.read_bytes().splitlines())
        assert there >= known
        known = there
    resumed = Journal(journal, "k")
    assert resumed.outcomes
    after = search(Small(bad=("raises", "nan")), examples(), execute, journal=resumed)
    plain = search(Small(bad=("raises", "nan")), examples(), execute)
    assert after.fitted.graph == plain.fitted.graph and after.fitted.why == plain.fitted.why
