"""The node's side: a verified bundle becomes a loop on live tags. Loads neither the graph nor onnx."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from lineshaft.app.fitting import seated
from lineshaft.app.supervised import supervised
from lineshaft.bundle.open import open_bundle
from lineshaft.bundle.replay import replay_golden
from lineshaft.connect.registry import open_connector
from lineshaft.core.alone import alone
from lineshaft.core.connector import Connector
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, UsageError
from lineshaft.core.manifest import Manifest
from lineshaft.core.step import Engine
from lineshaft.core.tag import Tag
from lineshaft.node.agent import Node, NodeSettings, quiet_process
from lineshaft.node.health import HealthReport
from lineshaft.node.seat import Loaded

BACK_OFF_S = (0.2, 30.0)
LOCK = "node.lock"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node runs: its folder, whom it trusts, and the ports it answers on (None: none, 0: a free one)."""

    folder: Path
    trusted: tuple[Path, ...]
    name: str = "node1"
    asset: str = ""
    target: str = "pc"
    control_port: int | None = 0
    opcua_port: int | None = None
    options: dict[str, object] = field(default_factory=dict)


def load(path: Path, place: Place, running: Manifest | None = None) -> Loaded:
    """bundle -> loop: verified whole, its engine measured on this machine, golden sequences at hand for the replay."""
    bundle = open_bundle(path, trusted_keys=place.trusted, running=running)
    found = seated(bundle, place.target)
    bound = found.lowering.certificate.bound

    def verify(candidate: Engine) -> None:
        replay_golden(candidate, bundle.golden, bound, where=str(path))

    return Loaded(found.engine, bundle.manifest, bundle.digest, verify, found.fit)


def open_node(path: Path, place: Place) -> Node:
    """A node that runs this bundle, with a way to bring in later ones by their path."""
    loaded = load(path, place)
    loaded.verify(loaded.engine)
    node: Node | None = None

    def bring(reference: str) -> Loaded:
        running = node.loop.bundle.manifest if node is not None else None
        return load(Path(reference), place, running)

    node = Node(loaded, place.folder, name=place.name, asset=place.asset,
                settings=NodeSettings(control_port=place.control_port), open_bundle=bring)
    return node


def _alone(place: Place) -> AbstractContextManager[None]:
    """The right to be the node of this folder: two would share one outbox, one alarm list and one token."""
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFailed(f"the node's folder can't be made ({error.strerror})", where=str(place.folder),
                                do="make the folder above it writable, or choose another with --folder") from None
    return alone(place.folder / LOCK, "node",
                 do=f"end it with `lineshaft node stop --folder {place.folder}`, or give this one another --folder")


async def serve(path: Path, source: str, place: Place, *, ready: Callable[[Node, str], None] | None = None) -> None:
    """samples -> decisions until stopped: the whole life of a node, alone in its folder.

    ``ready`` is called once with the node and the address of its OPC UA server (empty without one).
    """
    with _alone(place):
        await _served(path, source, place, ready)


async def _served(path: Path, source: str, place: Place, ready: Callable[[Node, str], None] | None) -> None:
    node = open_node(path, place)
    async with AsyncExitStack() as stack:
        stack.callback(node.close)
        await stack.enter_async_context(supervised())  # up: a plant that is away is waited for, not failed over
        connector = open_connector(source, guard=None, **place.options)
        await _open(connector, source)
        stack.push_async_callback(connector.close)
        tags = await addressed(connector, node.loop.bundle.manifest.tags)
        url = await _publish(node, place, stack)
        quiet_process()
        node.start()
        if ready is not None:
            ready(node, url)
        await node.run(connector.subscribe(tags, node.loop.period_ns))


async def _open(connector: Connector, source: str) -> None:
    """Connect; a plant that is away is waited for, since a node that starts first is no mistake."""
    pause = BACK_OFF_S[0]
    while True:
        try:
            await connector.open()
            return
        except UsageError:
            raise
        except LineshaftError:
            await asyncio.sleep(pause)
            pause = min(2 * pause, BACK_OFF_S[1])


async def addressed(connector: Connector, tags: Sequence[Tag]) -> list[Tag]:
    """The tags under the addresses that this source has for them; those that carry one already need no browsing.

    All else stays as it was learnt: the connector marks what comes in another unit.
    """
    if all(tag.address for tag in tags):
        return list(tags)
    there = {tag.path: tag for tag in await connector.browse()}
    return [replace(tag, address=there[tag.path].address) if tag.path in there else tag for tag in tags]


async def _publish(node: Node, place: Place, stack: AsyncExitStack) -> str:
    """Decisions and health over OPC UA: the loop hands them over and does not wait."""
    if place.opcua_port is None:
        return ""
    from lineshaft.connect.opcua.publisher import Publisher

    loop, asset = node.loop.name, node.loop.asset
    publisher = Publisher(f"opc.tcp://127.0.0.1:{place.opcua_port}/lineshaft/node/")
    await publisher.start()
    stack.push_async_callback(publisher.stop)
    await publisher.add(asset, loop)
    events = asyncio.get_running_loop()
    under_way: set[asyncio.Task[None]] = set()

    def soon(work: Coroutine[None, None, None]) -> None:
        task = events.create_task(work)
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    def on_health(report: HealthReport) -> None:
        # Health is told on a thread of its own; the server lives on the event loop's.
        shown = publisher.show_health(asset, loop, report.state, time.time_ns())
        events.call_soon_threadsafe(soon, shown)

    node.on_decision.append(lambda decision: soon(publisher.publish(decision)))
    node.on_health.append(on_health)
    return publisher.url
