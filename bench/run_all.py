"""Run every benchmark, write ``bench/RESULTS.md`` anew and bring the figures in the READMEs up to date."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import readme

HERE = Path(__file__).resolve().parent
IS_BENCHMARK = "arguments(__doc__"
"""However a benchmark is told what to do, it begins with that."""
TAKES_DATA = "--data"
OTHER_SET = re.compile(r'^SET = "(\w+)"', re.MULTILINE)
"""A benchmark that is not called as the folder of its data set says which one it takes."""
OTHER_TASK = re.compile(r'^OTHER_TASK = "(\w+)"', re.MULTILINE)
"""A benchmark that is also run with ``--task`` of another name."""
USES_MANY = re.compile(r"^(from pipelines|import searched|from speed_data)\b", re.MULTILINE)
"""What looks for its own data sets in the folder of all."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data",
                        help="the folder with one folder a data set")
    parser.add_argument("--only", nargs="*", help="names of benchmarks; the others keep their last result")
    chosen = parser.parse_args()
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    failed = 0
    for script in sorted(p for p in HERE.glob("*.py") if IS_BENCHMARK in p.read_text("utf-8") and p != Path(__file__)):
        for name, words in ways(script).items():
            if not chosen.only or name in chosen.only:
                failed |= run(script, name, words, chosen.data, results)
    (HERE / "RESULTS.md").write_text(table(results), "utf-8")
    readme.refresh(HERE.parent)
    return failed


def ways(script: Path) -> dict[str, list[str]]:
    """The words that a benchmark is run with, by the name of its result."""
    other = OTHER_TASK.search(script.read_text("utf-8"))
    return {script.stem: [], **({f"{script.stem}_{other[1]}": ["--task", other[1]]} if other else {})}


def run(script: Path, name: str, words: Sequence[str], data: Path, results: Path) -> int:
    """One benchmark in a process of its own; its JSON is kept beside the table."""
    command = [sys.executable, str(script), "--json", *words]
    text = script.read_text("utf-8")
    if TAKES_DATA in text:
        folder = folder_of(script, text, data)
        if not folder.is_dir():
            print(f"==> {script.stem}: skipped, {folder} is absent", file=sys.stderr)
            return 0
        command += [TAKES_DATA, str(folder)]
    print(f"==> {name}", file=sys.stderr, flush=True)
    state, begun = commit(), time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(f"{name} failed with exit code {done.returncode}", file=sys.stderr)
        return 1
    found = json.loads(done.stdout.splitlines()[-1])
    found |= {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "commit": state,
              "seconds": round(time.monotonic() - begun)}
    (results / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


def folder_of(script: Path, text: str, data: Path) -> Path:
    """Where a benchmark's files lie: in the folder of all data sets, or that of its own."""
    named = OTHER_SET.search(text)
    return data if USES_MANY.search(text) else data / (named[1] if named else script.stem)


def commit() -> str:
    """The commit that is checked out, with a plus where what is measured or measures is not as committed."""
    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(HERE), *words], stdout=subprocess.PIPE, text=True, check=False).stdout

    changed = git("status", "--porcelain", "--", "../src", "*.py")
    head = git("rev-parse", "--short", "HEAD").strip()
    return head + ("+" if head and changed.strip() else "")


def ran(found: dict[str, Any]) -> str:
    """When, on which commit and machine, and how long; results of before commits were noted lack those.

    >>> ran({"date": "2026-11-26", "commit": "a801066", "seconds": 318,
    ...      "machine": {"cpu": "EPYC", "cores": 2, "python": "3.11.7", "onnxruntime": "1.32.0"}})
    '2026-11-26, commit a801066, 5 min 18 s, EPYC, 2 cores, Python 3.11.7, ONNX Runtime 1.32.0.'
    """
    machine, seconds = found["machine"], found.get("seconds")
    took = "" if seconds is None else f"{seconds // 60} min {seconds % 60} s"
    on = f"commit {found['commit']}" if found.get("commit") else ""
    return ", ".join(filter(None, [found["date"], on, took, machine["cpu"], f"{machine['cores']} cores",
                                   f"Python {machine['python']}", f"ONNX Runtime {machine['onnxruntime']}"])) + "."


def table(results: Path) -> str:
    """All kept results as Markdown."""
    parts = ["# Results", "", "Written by `make bench` from the JSON files in `bench/results/`; not edited by hand.",
             "The machines are shared and noisy: trust ratios and medians before absolute tails.", ""]
    for path in sorted(results.glob("*.json")):
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        parts += [f"## {found['bench']}", "", str(found["protocol"]), "", ran(found), "", "| figure | value | aim |",
                  "|---|---|---|"]
        parts += [f"| {name} | {show(value)} | {found['aims'].get(name, '')} |"
                  for name, value in found["figures"].items()]
        parts += [f"| beside: {name} | {show(value)} | |" for name, value in found["peers"].items()]
        parts.append("")
    return "\n".join(parts)


def show(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{k}: {show(v)}" for k, v in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
