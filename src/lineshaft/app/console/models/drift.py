"""Drift as the page sees it: measured by a process of its own, remembered among the jobs, measured anew when old."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import Person
from lineshaft.app.console.jobs import Job
from lineshaft.core.errors import Refused

KIND = "drift"
HOUR_MS = 3_600_000
OVER = {"hour": "1h", "day": "24h", "week": "7d"}
FRESH_MS = {"hour": HOUR_MS // 6, "day": HOUR_MS, "week": 6 * HOUR_MS}
TRY_AGAIN_MS = 60_000


@dataclass(frozen=True, slots=True)
class Seen:
    """``result`` is the newest that was measured, None before the first; ``running`` is at work on the next one, maybe
    on another bundle or window; ``failed`` the last try where it gave nothing."""

    result: dict[str, Any] | None
    running: Job | None
    failed: Job | None


def drift(console: Console, person: Person, version: int, over: str) -> Seen:
    """What is known; a measurement begins where that is nothing or old. One at a time, whoever asks."""
    kind, now = f"{KIND}/{version}/{over}", time.time_ns() // 1_000_000
    jobs = console.jobs.all()
    mine = [job for job in jobs if job.kind == kind]
    done = next((job for job in mine if job.state == "done" and job.result), None)
    last = next((job for job in mine if job.state != "running"), None)
    failed = last if last is not None and last.state == "failed" else None
    running = next((job for job in jobs if job.kind.startswith(f"{KIND}/") and job.state == "running"), None)
    wait = TRY_AGAIN_MS if failed else FRESH_MS[over]
    if running is None and (last is None or last.state == "stopped" or now - last.ended > wait):
        words = ["model", "drift", "--project", str(console.existing().folder), "--version", str(version), "--over",
                 OVER[over], "--progress-json", "--output", "json"]
        with suppress(Refused):  # somebody else's question began it this moment
            running = console.jobs.start(kind, words, person.name)
    return Seen(done.result if done else None, running, failed)
