"""The node of a project: started, watched, brought back when it dies; its decisions fetched into history."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from lineshaft.app import flow
from lineshaft.app.child import Child
from lineshaft.app.collecting import FETCH, collect
from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.app.talk import Talk
from lineshaft.app.waiting import first, pause
from lineshaft.core.alarm import Alarm
from lineshaft.core.clock import format_duration, format_time
from lineshaft.core.decision import Decision
from lineshaft.core.errors import EnvironmentFailed, LineshaftError
from lineshaft.core.health import Health
from lineshaft.core.store import Historian
from lineshaft.node.buffer import DiskBuffer, Entry
from lineshaft.node.health import HealthReport

LOOK_S = 0.5
BACK_OFF_S = (1.0, 60.0)
STEADY_S = 60.0
SILENT_LOOKS = 20
SETTLE_LOOKS = 10
END_S = 10.0
NAMED = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """A node at one glance."""

    bundle: str
    health: HealthReport
    alarms: tuple[Alarm, ...]
    newest: Decision | None


class Keeper:
    """One node process for as long as ``stop`` is not set; ``delivered`` counts decisions that reached history."""

    def __init__(self, project: Project, historian: Historian, talk: Talk, stop: asyncio.Event) -> None:
        self.delivered, self.starts = 0, 0
        self.project, self._historian, self._talk, self._stop = project, historian, talk, stop
        self._seen: Seen | None = None
        self._unanswered = self._looks = 0

    async def run(self) -> None:
        """Until ``stop``; a node that ends by itself is started again, later each time it dies young."""
        wait = BACK_OFF_S[0]
        while not self._stop.is_set():
            started = asyncio.get_running_loop().time()
            try:
                adopted = await asyncio.to_thread(self._already_there)
                await (self._adopt(adopted) if adopted is not None else self._start())
            except EnvironmentFailed as error:
                if self._stop.is_set():
                    break
                lived = asyncio.get_running_loop().time() - started
                wait = BACK_OFF_S[0] if lived > STEADY_S else wait
                self._talk.warn(f"{error}. It starts again in {format_duration(wait * 1e9)}; recording goes on.")
                await pause(self._stop, wait)
                wait = min(2 * wait, BACK_OFF_S[1])
        await asyncio.to_thread(self._fetch_what_is_left)

    # -- one life

    async def _start(self) -> None:
        bundle = self.project.decides()
        assert bundle is not None  # a keeper is made for a project that has one
        self.starts += 1
        self._seen, self._looks = None, 0
        log = self.project.logs / f"{self.project.config.node.name}.log"
        async with Child(self.project.node_words(bundle), log) as child:
            self._talk.good(f"The node runs {bundle.name}; metrics and health at {child.ready['control']}"
                            + (f", decisions at {child.ready['opcua']}" if child.ready.get("opcua") else ""))
            try:
                await first(child.ended(), self._look_after(RemoteNode(self.project.node_folder)), self._stop.wait())
            except EnvironmentFailed:
                if child.exit_code != 0 or self._stop.is_set():
                    raise
        if not self._stop.is_set():
            await self._rest()

    async def _rest(self) -> None:
        """Somebody stopped the node: it stays so until somebody starts one in this folder."""
        self._talk.warn("The node was stopped on purpose; recording goes on. Start it with `lineshaft node run`, or "
                        "this whole command again.")
        while not self._stop.is_set() and await asyncio.to_thread(self._already_there) is None:
            await pause(self._stop, LOOK_S)

    async def _adopt(self, node: RemoteNode) -> None:
        self._talk.say(f"A node of an earlier run is alive at {node.url}; it is looked after from here on.")
        await first(self._look_after(node, alone=True), self._stop.wait())
        if self._stop.is_set():
            await asyncio.to_thread(self._end, node)

    def _end(self, node: RemoteNode) -> None:
        """Stop a node whose process is not ours, and wait until it answers no more."""
        node.stop()
        end = time.monotonic() + END_S
        while self._already_there() is not None and time.monotonic() < end:
            time.sleep(0.05)

    def _already_there(self) -> RemoteNode | None:
        """The node that an earlier run left in this folder, if it lives: it went on deciding."""
        try:
            node = RemoteNode(self.project.node_folder)
            return node if node.status()["node"] == self.project.config.node.name else None
        except (LineshaftError, ValueError, KeyError):
            return None

    # -- looking

    async def _look_after(self, node: RemoteNode, *, alone: bool = False) -> None:
        """Glance, tell, fetch; ``alone``: nobody else would notice that the process is gone."""
        while True:
            try:
                self._tell(await asyncio.to_thread(self._glance, node))
                self._unanswered = 0
            except EnvironmentFailed as error:
                if alone:
                    raise
                self._unanswered += 1
                if self._unanswered == SILENT_LOOKS:
                    self._talk.warn(f"{error}. Its process lives.")
            except LineshaftError as error:
                self._talk.warn(str(error))
            await asyncio.sleep(LOOK_S)

    def _glance(self, node: RemoteNode) -> Seen:
        found = node.glance(limit=1, outbox=FETCH)
        collect(found.entries, keep=self._keep, acknowledge=node.acknowledge_outbox,
                more=lambda: node.outbox(limit=FETCH))
        newest = found.decisions[-1] if found.decisions else None
        return Seen(str(found.status["bundle"]), found.health, found.alarms, newest)

    def _keep(self, entries: Sequence[Entry]) -> int:
        """Into history first; what is given back may be acknowledged, and only then."""
        number = flow.deliver(entries, self._historian, self.project.config.node.name)
        self.delivered += len(entries)
        return number

    def _fetch_what_is_left(self) -> None:
        """The node has ended: the rest of its outbox lies in its folder."""
        if not (self.project.node_folder / "node.sqlite").exists():
            return
        buffer = DiskBuffer(self.project.node_folder, loop=self.project.loop,
                            asset=self.project.config.plant.name)
        try:
            collect(buffer.pending(limit=FETCH), keep=self._keep, acknowledge=buffer.acknowledge,
                    more=lambda: buffer.pending(limit=FETCH))
        finally:
            buffer.close()

    # -- telling

    def _tell(self, seen: Seen) -> None:
        before, self._seen = self._seen, seen
        if before is None or before.bundle != seen.bundle:
            self._tell_bundle(seen.bundle, first=before is None)
        if before is None and seen.health.state is not Health.ACTIVE and self._looks < SETTLE_LOOKS:
            self._seen = None  # a node that has just started has not seen every tag yet
            self._looks += 1
            return
        if before is None or before.health.state != seen.health.state or (
                seen.health.state is Health.DEGRADED and _gist(before.health) != _gist(seen.health)):
            self._tell_health(seen.health)
        old = {alarm.name: alarm for alarm in before.alarms} if before else {}
        for alarm in seen.alarms:
            was = old.get(alarm.name)
            if was is None or (was.state, was.active, was.since) != (alarm.state, alarm.active, alarm.since):
                self._tell_alarm(was, alarm, seen.newest)

    def _tell_bundle(self, digest: str, *, first: bool) -> None:
        found = self.project.note_decides(digest)
        if not first:
            self._talk.good(f"{found.name if found else digest} decides now.")

    def _tell_health(self, health: HealthReport) -> None:
        said = f"{_clock()} node {health.state}" + (f": {'; '.join(health.reasons)}" if health.reasons else "")
        (self._talk.good if health.state is Health.ACTIVE else self._talk.warn)(said)

    def _tell_alarm(self, was: Alarm | None, alarm: Alarm, newest: Decision | None) -> None:
        raised = alarm.active and (was is None or not was.active or was.since != alarm.since)
        if raised:
            shares = newest is not None and newest.alarm and newest.causes[:NAMED]
            causes = ", ".join(f"{cause.tag} {cause.share:.0%}" for cause in shares or ()) or ", ".join(alarm.causes)
            self._talk.alarm(f"{format_time(alarm.since)} {alarm.name}: {causes or 'no tag stands out'}")
        elif was is not None and was.active and not alarm.active:
            self._talk.good(f"{format_time(alarm.changed)} {alarm.name} is back to normal after "
                            f"{format_duration(alarm.changed - alarm.since)}")
        elif was is not None and was.state != alarm.state:
            why = f": {alarm.reason}" if alarm.reason else ""
            self._talk.say(f"{format_time(alarm.changed)} {alarm.name} {alarm.state} by {alarm.by}{why}")


def _gist(health: HealthReport) -> tuple[str, ...]:
    """Reasons without their running figures."""
    return tuple("".join(letter for letter in reason if not letter.isdigit()) for reason in health.reasons)


def _clock() -> str:
    return format_time(time.time_ns())
