"""The whole way, as a person would run it: real processes, a real OPC UA server, a real fault."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_the_demo_finds_its_fault_names_it_and_misses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lineshaft", "demo", "--headless", "--for", "60s", "--out", str(tmp_path), "-o", "json"],
        capture_output=True, text=True, timeout=170, check=False)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert done.returncode == 0, told
    assert told["found"]
    assert told["named"][0] in told["expected"]
    assert told["missed_slots"] == told["undelivered"] == told["dropped"] == 0
    folder = next(tmp_path.iterdir())
    assert (folder / "report.html").stat().st_size > 10_000
    assert list(folder.glob("bundles/*"))


def test_a_fault_that_does_not_exist_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "lineshaft", "demo", "--fault", "gremlins", "--out", str(tmp_path)],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "no fault is called 'gremlins'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
