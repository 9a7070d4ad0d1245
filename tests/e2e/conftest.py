"""Real processes: a plant on OPC UA, and ``lineshaft run`` on it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.processes import WAIT_S, Process, until

from lineshaft.app.cli import main
from lineshaft.app.remote import RemoteNode
from lineshaft.connect.plant.plant import Plant
from lineshaft.connect.plant.tags import TAGS
from lineshaft.core.sample import Samples
from lineshaft.core.store import Historian
from lineshaft.historian.store import open_historian


def settle(folder: Path, source: str, *, period: str = "200ms", learn: str = "60s") -> None:
    """A project with some of the plant's tags, free ports, and one quick learner."""
    assert main(["init", str(folder), "--source", source, "--period", period, "--learn", learn]) == 0
    file = folder / "lineshaft.toml"
    text = file.read_text("utf-8")
    for old, new in (("8421", "0"), ("4841", "0"), ('tags = ["*"]', 'tags = ["*/P10?/*", "*/T10?/*", "*/FV*/*"]'),
                     ('# learner = "auto"', 'learner = "pca"')):
        assert old in text
        text = text.replace(old, new)
    file.write_text(f"{text}\n[console]\nport = 0\n", "utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start a process; all end with the test, whatever happens, and a test that failed shows what they said."""
    begun: list[Process] = []

    def begin(*words: str, **more: Any) -> Process:
        begun.append(Process(words, tmp_path / f"{words[0]}-{len(begun)}.log", **more))
        return begun[-1]

    yield begin
    for process in reversed(begun):
        process.close()
        print(f"{process.log.name}:\n{process.said()}")


@pytest.fixture
def plant(start: Callable[..., Process]) -> tuple[Process, str]:
    """A plant of its own, and where it is served."""
    process = start("plant", "serve", "--speed", "10")
    return process, str(process.first_line()["url"])


@pytest.fixture
def project(plant: tuple[Process, str], tmp_path: Path) -> Path:
    """A project on that plant with a history of 80 s behind it, so that learning can begin at once."""
    return with_history(tmp_path / "project", plant[1])


def with_history(folder: Path, source: str) -> Path:
    """A project in ``folder`` on the plant at ``source``, which has recorded 80 s already."""
    settle(folder, source)
    past = Plant(3, speed=10.0, start=time.time_ns() - 80_000_000_000)
    times, values, quality = past.record(800)
    with open_historian(folder / "history") as historian:
        historian.register(TAGS)
        historian.append(Samples.rows([tag.path for tag in TAGS], times[::2], values[::2], quality[::2]))
    return folder


def numbered(historian: Historian) -> int:
    """How many decisions the outboxes have given out that the history knows of: each numbers its own from 1."""
    paths = [tag.path for tag in historian.tags() if tag.path.startswith("node/") and tag.path.endswith("/sequence")]
    return sum(int(sample.value) for sample in historian.as_of(paths, 2**62).values())


def node_of(folder: Path) -> RemoteNode:
    """The node that decides in this project; waits for its first decisions."""

    def deciding() -> RemoteNode | None:
        node = RemoteNode(folder / "node")
        return node if node.status()["ticks"] > 3 else None

    return until(deciding, "deciding node", 2 * WAIT_S)  # a busy machine may refuse the first certificate
