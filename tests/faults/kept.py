"""What became of each seed of a long run, kept as it ends: a run that dies goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from tests.faults.case import NotHere, Outcome
from tests.faults.table import Found

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".faults" / "found.jsonl"


def commit() -> str:
    """What is tested: the commit, and a digest of what differs from it in the code and the tests."""
    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False).stdout

    code = ("--", "src", "tests")
    changes = git("diff", "HEAD", *code) + git("status", "--porcelain", *code)
    return (git("rev-parse", "--short=12", "HEAD").strip() or "no commit") + (
        f" with changes {hashlib.sha256(changes.encode()).hexdigest()[:8]}" if changes else "")


class Kept:
    """The file of one run; ``found`` has what was known of seeds, by (case, seed), when it was opened."""

    def __init__(self, path: Path, code: str, *, resume: bool) -> None:
        """With ``resume`` the run that lies there goes on; ``ValueError`` says why it can't."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = list(_lines(path))
        if resume and not lines:
            raise ValueError(f"no run to go on with in {path}")
        others = {line["code"] for line in lines} - {code}
        if resume and others:
            raise ValueError(f"the run in {path} is of {', '.join(sorted(others))}, and this is {code}: begin anew")
        if lines and not resume:
            path.replace(path.with_suffix(".before.jsonl"))
        before = lines if resume else []
        self.found: dict[tuple[str, int], Found] = {(line["case"], line["seed"]): _read(line) for line in before}
        self._code, self._begun = code, time.monotonic()
        self._sittings: dict[int, float] = {}
        for line in before:
            self._sittings[line["sitting"]] = max(line["after_s"], self._sittings.get(line["sitting"], 0.0))
        self._sitting = len(self._sittings)
        whole = not before or path.read_bytes().endswith(b"\n")
        self._file: TextIO = path.open("a", encoding="utf-8")
        self._file.write("" if whole else "\n")  # what was cut off stays a line of its own, which nobody can read

    def keep(self, case: str, seed: int, found: Found) -> None:
        """On the disk when it returns."""
        after = self._sittings[self._sitting] = time.monotonic() - self._begun
        self._file.write(json.dumps({"case": case, "seed": seed, "code": self._code, "sitting": self._sitting,
                                     "after_s": round(after, 1), **_written(found)}) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def told(self) -> str:
        """What was tested, and for how long."""
        minutes = sum(self._sittings.values()) / 60
        sittings = f" in {len(self._sittings)} sittings" if len(self._sittings) > 1 else ""
        return f"commit {self._code}, {minutes:.0f} min{sittings}"

    def close(self) -> None:
        self._file.close()


def _written(found: Found) -> dict[str, object]:
    if isinstance(found, Outcome):
        return {"outcome": asdict(found)}
    return {"lacks": str(found)} if isinstance(found, NotHere) else {"broken": found}


def _read(line: dict[str, Any]) -> Found:
    if "outcome" in line:
        known = line["outcome"]
        return Outcome(known["injected"], known["lost"], known["doubled"], tuple(known["lies"]),
                       tuple(known["recovery_s"]))
    return NotHere(line["lacks"]) if "lacks" in line else str(line["broken"])


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Without one that was being written when the run died."""
    for text in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            yield json.loads(text)
        except ValueError:
            continue
