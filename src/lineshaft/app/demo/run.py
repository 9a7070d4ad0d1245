"""The whole way once, on a plant of our own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lineshaft.app import flow, training
from lineshaft.app.attendant import Attendant
from lineshaft.app.child import Child
from lineshaft.app.demo.audience import Audience, watch
from lineshaft.app.demo.place import set_up
from lineshaft.app.demo.report import write_report
from lineshaft.app.demo.stay import COMMANDS, stay
from lineshaft.app.demo.story import Story, tell
from lineshaft.app.project import BUNDLES, Project, alone
from lineshaft.app.record import Recorder
from lineshaft.app.remote import RemoteNode
from lineshaft.app.talk import Talk
from lineshaft.app.waiting import aside
from lineshaft.connect.files.reader import read_files
from lineshaft.connect.plant.faults import FAULTS
from lineshaft.connect.plant.tags import path
from lineshaft.connect.registry import open_connector
from lineshaft.core.clock import SECOND, format_duration
from lineshaft.core.connector import Connector
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.model.train import Monitor

PERIOD_NS = 200_000_000
DEADLINE_NS = 50_000_000
PAST = "20min"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """``watch_ns`` is how long the node runs, ``fault`` one of ``lineshaft plant faults``.

    ``console``: pages to watch along; ``stay``: after the report everything goes on until it is told to end.
    """

    folder: Path
    watch_ns: int = 90 * SECOND
    fault: str = "pump-wear"
    seed: int = 7
    speed: float = 10.0
    console: bool = False
    stay: bool = False

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise UsageError(f"no fault is called {self.fault!r}", where="--fault",
                             do=f"use one of: {', '.join(FAULTS)}")


async def demo(options: DemoOptions, talk: Talk, report: Callable[[Story, Path], None] | None = None) -> Story:
    """The whole way once; everything it makes stays in a folder below ``options.folder``.

    ``report`` is given the story and that folder once it is told, which is long before the end where it stays.
    """
    folder = fresh_folder(options.folder)
    _ends_with_sigterm()
    async with AsyncExitStack() as stack:
        plant, archive = await _start_plant(options, folder, talk, stack)
        project = set_up(folder, plant.ready["url"])
        stack.enter_context(alone(folder))
        if options.console:
            await _show(project, talk, stack)
        historian = stack.enter_context(project.historian())
        connector = open_connector(project.source)
        await connector.open()
        stack.push_async_callback(connector.close)
        tags = await _learn_tags(connector, historian, talk)
        unless_ended()
        start, end = await aside(_import, archive, historian, talk)
        recorder = Recorder(historian, talk.warn)
        recording = asyncio.create_task(recorder.run(connector.subscribe(tags, PERIOD_NS), PERIOD_NS))
        stack.push_async_callback(_cancel, recording)
        training.declare_normal(project, historian, start, end, flow.DECLARED, "the demo plant's past")
        unless_ended()
        sealed = await aside(_learn, project, historian, tags, start, end, talk)
        node = await _deploy(project, sealed, talk, stack)
        unless_ended()
        fault = FAULTS[options.fault]
        story = Story(fault.name, tuple(path(name) for name in fault.expected), deadline_ns=DEADLINE_NS)
        audience = Audience(node, historian, story, talk, PERIOD_NS)
        await watch(audience, plant, fault, options.watch_ns)
        dataset = await asyncio.to_thread(_seen, project, historian, tags, story)
        write_report(folder / "report.html", story, dataset, sealed)
        tell(story, folder, talk)
        if report is not None:
            report(story, folder)
        if options.stay:
            talk.step(f"Everything goes on until Ctrl-C; {COMMANDS}")
            await stay(audience, plant, talk)
    return story


def _ends_with_sigterm() -> None:
    """It ends this task. It is not handed on as a SIGINT, of which a process hears nothing that a shell script started
    behind itself: such a shell has it ignored."""
    task = asyncio.current_task()
    with suppress(NotImplementedError):  # not on Windows, where the system ends a process without asking
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def unless_ended() -> None:
    """End here if this task was told to: ``asyncio.wait_for`` of Python 3.11 forgets that where the answer that it
    waited for is there at that moment, and a browse of a server is many of these."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def fresh_folder(base: Path) -> Path:
    """A folder of this run, beside those of others."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    for number in range(1000):
        folder = base / (f"{stamp}-{number}" if number else stamp)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise EnvironmentFailed(f"can't make a folder here ({error.strerror})", where=str(base),
                                    do="name another with --out") from None
        return folder
    raise EnvironmentFailed("there are a thousand demos of this second", where=str(base), do="remove some")


async def _start_plant(options: DemoOptions, folder: Path, talk: Talk, stack: AsyncExitStack) -> tuple[Child, Path]:
    talk.step(f"Starting a plant: physics of a process cell in a process of its own, on a real OPC UA server, "
              f"{options.speed:g} times as fast as life")
    archive = folder / "archive.parquet"
    plant = await stack.enter_async_context(Child(
        ["plant", "serve", "--seed", str(options.seed), "--speed", f"{options.speed:g}", "--archive", str(archive),
         "--archive-for", PAST], folder / "logs" / "plant.log"))
    talk.good(f"{plant.ready['url']}; its last {PAST} as an export: {archive}")
    return plant, archive


async def _learn_tags(connector: Connector, historian: Historian, talk: Talk) -> list[Tag]:
    talk.step("Browsing the server, since tags, units and ranges are best taken from where they are kept")
    tags = flow.choose_tags(await connector.browse(), ["*"])
    historian.register(tags)
    one = next(tag for tag in tags if tag.unit not in ("", "1"))
    talk.good(f"{len(tags)} tags, such as {one.path} ({one.low:g} to {one.high:g} {one.unit})")
    return tags


def _import(archive: Path, historian: Historian, talk: Talk) -> tuple[int, int]:
    talk.step("Importing the plant's past into the historian: normal operation to learn from")
    table = read_files(archive)
    start, end = int(table.runs[0].times[0]), int(table.runs[0].times[-1])
    with talk.progress() as progress:
        batches = list(table.batches())
        for number, batch in enumerate(batches):
            historian.append(batch, key=f"archive/{number}")
            progress(number + 1, len(batches), "importing")
    talk.good(f"{len(table) * len(table.tags):,} samples over {format_duration(end - start)}; what the historian "
              "acknowledged survives a power cut")
    return start, end + 1


def _learn(project: Project, historian: Historian, tags: Sequence[Tag], start: int, end: int,
           talk: Talk) -> flow.Sealed[Monitor]:
    recipe = project.recipe
    dataset = flow.select(historian, tags, recipe, start, end)
    normal = np.ones(len(dataset), np.bool_)
    talk.step("Learning what normal looks like: every learner is tried on faults injected into held-out normal "
              "operation")
    with talk.progress() as progress:
        measured = flow.measuring(dataset, normal, recipe)
        monitor = flow.learn(dataset, normal, recipe, progress, measure=measured)
    talk.good(f"{monitor.why}")
    talk.say(f"{monitor.modes} operating modes; {len(dataset):,} ticks of history version {dataset.version}")
    talk.step("Certifying: the same graph against an independent reference, its speed and memory on this machine; "
              "then packing and signing")
    flow.signing_key(project.key)
    with talk.progress() as progress:
        sealed = flow.seal(monitor, dataset, normal, recipe, project.folder / BUNDLES, project.key, progress=progress,
                           measured=measured)
    found = sealed.certificate
    talk.good(f"difference {found.parity:.1g}, {found.flips} verdicts flipped; a step takes "
              f"{format_duration(found.latency_ns[0])} (p99 {format_duration(found.latency_ns[1])}), "
              f"{found.memory_bytes / 2**20:.0f} MiB")
    return sealed


async def _deploy(project: Project, sealed: flow.Sealed[Monitor], talk: Talk, stack: AsyncExitStack) -> RemoteNode:
    talk.step("Deploying to a node in a process of its own; it verifies the signature and replays the golden sequence "
              "before the first tick")
    child = await stack.enter_async_context(Child(project.node_words(sealed.packed.path), project.logs / "node.log"))
    project.note_decides(sealed.packed.digest)
    talk.good(f"bundle {child.ready['bundle'][:19]} decides every {format_duration(PERIOD_NS)}; decisions are on "
              f"{child.ready['opcua']}, metrics on {child.ready['control']}/metrics")
    return RemoteNode(project.node_folder)


async def _show(project: Project, talk: Talk, stack: AsyncExitStack) -> None:
    """The console beside all that follows; nothing waits for it but the word on where it is."""
    stop, attendant = asyncio.Event(), Attendant(project.folder, talk, word="Watch along")
    serving = asyncio.create_task(attendant.run(stop))

    async def end() -> None:
        stop.set()
        await serving

    stack.push_async_callback(end)
    await attendant.settled.wait()


def _seen(project: Project, historian: Historian, tags: Sequence[Tag], story: Story) -> Dataset:
    """The plant's signals while it was watched, out of the historian."""
    first, last = story.decisions[0].time, story.decisions[-1].time
    return flow.select(historian, tags, project.recipe, first, last + 1)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
