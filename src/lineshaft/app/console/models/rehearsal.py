"""What bundles would have said of the newest history, side by side: each replayed by a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import Person
from lineshaft.app.console.jobs import Job
from lineshaft.app.console.models.acts import bundle_of, noted, readable

KIND = "rehearsal"
LAST = {"hour": "1h", "shift": "8h", "day": "24h"}


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The newest replay of a bundle; ``result`` as ``lineshaft model rehearse -o json`` prints it, times in ms."""

    result: dict[str, Any] | None
    job: Job | None


def begin(console: Console, person: Person, version: int, last: str) -> Job:
    """Replay a bundle over the newest history; nothing that runs is touched."""
    one = readable(console, version)
    words = ["model", "rehearse", "--project", str(console.existing().folder), "--bundle", str(one.path), "--last",
             LAST[last], "--progress-json", "--output", "json"]
    return noted(console, person, "rehearsed", f"version {version}",
                 lambda: console.jobs.start(_kind(version, last), words, person.name))


def rehearsal(console: Console, version: int, last: str) -> Rehearsal:
    """What is known of it."""
    bundle_of(console, version)
    mine = [job for job in console.jobs.all() if job.kind == _kind(version, last)]
    done = next((job for job in mine if job.state == "done"), None)
    return Rehearsal(done.result if done else None, mine[0] if mine else None)


def _kind(version: int, last: str) -> str:
    return f"{KIND}/{version}/{last}"
