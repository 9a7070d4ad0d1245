"""Who watches the demo's node: every decision into the historian, every change told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from lineshaft.app import flow
from lineshaft.app.child import Child
from lineshaft.app.collecting import FETCH, collect
from lineshaft.app.demo.story import Story, short
from lineshaft.app.remote import RemoteNode
from lineshaft.app.talk import Talk
from lineshaft.connect.plant.faults import Fault
from lineshaft.core.clock import SECOND, format_duration
from lineshaft.core.decision import Decision
from lineshaft.core.store import Historian
from lineshaft.node.buffer import Entry

POLL_S = 0.25



class Audience:
    """Follows the node: takes its decisions into the historian, tells what changes, keeps the story until ``over``."""

    def __init__(self, node: RemoteNode, historian: Historian, story: Story, talk: Talk,
                 period_ns: int) -> None:
        self.node, self.historian, self.story, self.talk = node, historian, story, talk
        self.period_ns = period_ns
        self.over = False
        self._alarm = False
        self._state = ""

    def look(self) -> None:
        """Everything since the last look."""
        found = self.node.glance(limit=0, outbox=FETCH)
        collect(found.entries, keep=partial(self._keep, found.status["node"]),
                acknowledge=self.node.acknowledge_outbox, more=lambda: self.node.outbox(limit=FETCH))
        health = found.health
        if health.state != self._state:
            self._state = health.state
            self.talk.say(f"{_clock()} node is {health.state}" + (f": {health.reasons[0]}" if health.reasons else ""))

    @property
    def quiet_ns(self) -> int:
        """For how long data has moved without an alarm."""
        calm = 0
        for decision in reversed(self.story.decisions):
            if decision.alarm or decision.masked:
                break
            calm += self.period_ns
        return calm

    def _keep(self, node: str, entries: Sequence[Entry]) -> int:
        number = flow.deliver(entries, self.historian, node)
        for entry in entries:
            self._take(entry.decision)
        return number

    def _take(self, decision: Decision) -> None:
        if decision.alarm and not self._alarm:
            self.talk.alarm(f"{_clock()} score {decision.score:.1f}: {_named(decision)}")
        elif self._alarm and not decision.alarm:
            self.talk.say(f"{_clock()} alarm returned to normal")
        if not self.over:
            self._note(decision)
        self._alarm = decision.alarm

    def _note(self, decision: Decision) -> None:
        story = self.story
        story.decisions.append(decision)
        if decision.alarm and not self._alarm:
            if not story.injected or decision.time <= story.injected:
                story.false_alarms += 1
            elif not story.alarmed:
                story.alarmed = decision.time


async def watch(audience: Audience, plant: Child, fault: Fault, watch_ns: int) -> None:
    """Follow the node for ``watch_ns``; the fault comes once the plant has run normally for a quarter of it."""
    story, talk = audience.story, audience.talk
    talk.step(f"Watching for {format_duration(watch_ns)}; a fault comes once the plant has run normally for a while")
    begun, latest = time.monotonic_ns(), watch_ns * 2 // 5
    with talk.progress() as progress:
        while (elapsed := time.monotonic_ns() - begun) < watch_ns:
            await asyncio.to_thread(audience.look)
            progress(elapsed // SECOND, watch_ns // SECOND, "watching")
            ready = audience.quiet_ns >= watch_ns // 4 or elapsed >= latest
            if not story.injected and ready and not _standing(story):
                await plant.command(f"inject {fault.name}")
                story.injected = time.time_ns()
                talk.step(f"Injecting a fault: {fault.sentence}")
            await asyncio.sleep(POLL_S)
    await asyncio.to_thread(_finish, audience)


def _standing(story: Story) -> bool:
    return bool(story.decisions) and story.decisions[-1].alarm


def _finish(audience: Audience) -> None:
    """Acknowledge as an operator would, take the last decisions, read the counters."""
    story, node = audience.story, audience.node
    if story.alarmed:
        node.act(node.status()["loop"], "acknowledge", by="demo")
    audience.look()
    status = node.status()
    story.missed_slots, story.late = int(status["missed_slots"]), int(status["misses"])
    # What is still under way to the disk is not undelivered: two seconds of decisions at most.
    in_flight = 2 * SECOND // audience.period_ns
    story.dropped, story.undelivered = int(status["dropped"]), max(0, int(status["buffer"]) - in_flight)


def _named(decision: Decision) -> str:
    return ", ".join(f"{short(cause.tag)} {cause.share:.0%}" for cause in decision.causes[:3]) or "no tag named"


def _clock() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
