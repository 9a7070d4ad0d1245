"""What RESULTS.md says of a figure beside the figure: when, on which commit and machine, and how long it took."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import run_all

MACHINE = {"cpu": "EPYC", "cores": 2, "python": "3.11.7", "onnxruntime": "1.32.0"}
FIGURES = {"bench": "mine", "protocol": "split in time", "machine": MACHINE, "figures": {"f1": 0.5},
           "aims": {"f1": "> 0.4"}, "peers": {}, "date": "2026-11-26"}


def test_a_result_names_its_commit_machine_and_duration(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps({**FIGURES, "commit": "a801066+", "seconds": 318}), "utf-8")
    assert "2026-11-26, commit a801066+, 5 min 18 s, EPYC, 2 cores, Python 3.11.7" in run_all.table(tmp_path)


def test_one_of_before_commits_were_noted_says_what_it_knows(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps(FIGURES), "utf-8")
    assert "2026-11-26, EPYC, 2 cores" in run_all.table(tmp_path)


def test_a_run_notes_the_commit_and_how_long_it_took(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(f"print({json.dumps(json.dumps({k: v for k, v in FIGURES.items() if k != 'date'}))})", "utf-8")
    assert run_all.run(script, "mine", [], tmp_path, tmp_path) == 0
    noted = json.loads((tmp_path / "mine.json").read_text("utf-8"))
    assert noted["seconds"] >= 0 and noted["date"].startswith("20")
    if not re.fullmatch(r"[0-9a-f]{7,}\+?", noted["commit"]):
        pytest.skip("the checkout is no git repository")


def test_every_benchmark_of_data_finds_its_set(shared_data: Path) -> None:
    missing = {script.stem for script in run_all.HERE.glob("*.py")
               for text in [script.read_text("utf-8")] if run_all.IS_BENCHMARK in text and run_all.TAKES_DATA in text
               if not run_all.folder_of(script, text, shared_data).is_dir() and script.stem != "run_all"}
    assert not missing
