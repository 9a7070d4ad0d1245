"""The journal of a search: one JSON line for each thing that became known, on disk before it is used.

A line carries the checksum of its content. Whatever follows the last whole line (a process killed while it wrote, a
disk that was full) is cut off when the journal is opened again, and found out anew.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lineshaft.core.errors import EnvironmentFailed
from lineshaft.model.search.cost import Cost
from lineshaft.model.search.job import Job, Outcome

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """A learnt graph by its digest and size; its ``cost``, or the ``reason`` why it is refused; what it took."""

    graph: str
    graph_bytes: int
    cost: Cost | None = None
    reason: str = ""
    seconds: float = 0.0


class Journal:
    """What is known so far. Without a ``path`` it is kept in memory alone.

    ``key`` says which search this is; a file of another one, or any with ``fresh``, is begun anew.
    """

    def __init__(self, path: Path | None = None, key: str = "", *, fresh: bool = False) -> None:
        self.outcomes: dict[Job, Outcome] = {}
        self.cut: dict[Job, float] = {}
        self.measures: dict[str, Measured] = {}
        self.spent_s = 0.0
        self._file = -1
        if path is not None:
            self._open(path, key, fresh)

    def judged(self, job: Job, outcome: Outcome, at_s: float) -> None:
        """The outcome of a job; ``at_s`` is the search's own time, all its processes together."""
        self._note({"kind": "judged", "job": asdict(job), "outcome": {**asdict(outcome), "loss": repr(outcome.loss)},
                    "at": at_s})

    def passed_over(self, jobs: list[Job], limit_s: float, at_s: float) -> None:
        """Jobs for which there was no time in a search of ``limit_s``."""
        self._note({"kind": "cut", "jobs": [asdict(job) for job in jobs], "limit": limit_s, "at": at_s})

    def measured(self, name: str, found: Measured, at_s: float) -> None:
        """What a candidate's graph costs, or why it is refused."""
        self._note({"kind": "measured", "name": name, "found": asdict(found), "at": at_s})

    def close(self) -> None:
        """Nothing more is written."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self, path: Path, key: str, fresh: bool) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            content = b"" if fresh or not path.exists() else path.read_bytes()
            good = 0
            for event, end in _whole(content):
                if not good and event != {"kind": "search", "key": key}:
                    break
                self._take(event)
                good = end
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(self._file, good)
            os.lseek(self._file, good, os.SEEK_SET)
        except OSError as problem:
            raise EnvironmentFailed(f"the journal of the search can't be written ({problem})", where=str(path),
                                    do="look at the folder and the room on its disk") from None
        if not good:
            self._note({"kind": "search", "key": key})

    def _note(self, event: Event) -> None:
        if self._file >= 0:
            line = _line(event)
            try:
                if os.write(self._file, line) != len(line):
                    raise OSError("only a part was written")
                os.fsync(self._file)
            except OSError as problem:
                raise EnvironmentFailed(f"the journal of the search can't be written ({problem})",
                                        do="make room on its disk, then run again: it goes on from here") from None
        self._take(event)

    def _take(self, event: Event) -> None:
        self.spent_s = max(self.spent_s, float(event.get("at", 0.0)))
        if event["kind"] == "judged":
            told = event["outcome"]
            self.outcomes[Job(**event["job"])] = Outcome(**{**told, "loss": float(told["loss"])})
        elif event["kind"] == "cut":
            self.cut.update({Job(**job): float(event["limit"]) for job in event["jobs"]})
        elif event["kind"] == "measured":
            told = event["found"]
            self.measures[event["name"]] = Measured(**{**told, "cost": Cost(**told["cost"]) if told["cost"] else None})


def _line(event: Mapping[str, Any]) -> bytes:
    text = json.dumps(event, sort_keys=True)
    return f"{zlib.crc32(text.encode()):08x} {text}\n".encode()


def _whole(content: bytes) -> Iterator[tuple[Event, int]]:
    """Events up to the first line that is not whole, each with the place where its line ends."""
    end = 0
    for line in content.splitlines(keepends=True):
        checksum, _, text = line.rstrip(b"\n").partition(b" ")
        if not line.endswith(b"\n") or checksum != f"{zlib.crc32(text):08x}".encode():
            return
        end += len(line)
        yield json.loads(text), end
