"""A fake engine in NumPy, and nodes built on it; time is turned by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.errors import Refused
from lineshaft.core.manifest import Budget, Limits, Lineage, Manifest
from lineshaft.core.sample import Samples
from lineshaft.core.step import Array, Engine, Port, StepSignature
from lineshaft.core.tag import Tag
from lineshaft.node.agent import Node, NodeSettings
from lineshaft.node.seat import Loaded

START = 1_700_000_000 * SECOND
TAGS = ("cell/flow", "cell/level", "cell/pressure")


class FakeEngine:
    """Score = |sum of the last 4 ticks' values| / 100; alarm from 1. ``fail`` and ``cost_ns`` are for faults."""

    def __init__(self, tags: int, clock: ManualClock, gain: float = 1.0) -> None:
        self.signature = StepSignature(tags, (Port("score", (1,)), Port("alarm", (1,)), Port("confidence", (1,)),
                                              Port("cause", (tags,))), (Port("window", (4, tags)),))
        self.assets, self.gain, self.cost_ns, self.steps = 1, gain, 0, 0
        self.x = np.zeros((1, tags), np.float32)
        self.quality = np.ones((1, tags), np.float32)
        self.fail: Exception | float | None = None
        self._clock = clock
        self._window = np.zeros((1, 4, tags), np.float32)
        self._out = {port.name: np.zeros((1, *port.shape), np.float32) for port in self.signature.outputs}

    @property
    def out(self) -> Mapping[str, Array]:
        return self._out

    def step(self) -> None:
        self.steps += 1
        self._clock.advance(self.cost_ns)
        if isinstance(self.fail, Exception):
            raise self.fail
        self._window = np.concatenate([self._window[:, 1:], (self.x * self.quality)[:, None]], axis=1)
        score = self.fail if self.fail is not None else abs(float(self._window.sum())) * self.gain / 100
        self._out["score"][:] = score
        self._out["alarm"][:] = float(score >= 1)
        self._out["confidence"][:] = 0.99
        self._out["cause"][:] = np.abs(self._window[:, -1])

    def state(self) -> dict[str, Array]:
        return {"window": self._window.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._window[:] = state["window"]

    def reset(self) -> None:
        self._window[:] = 0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def load(clock: ManualClock) -> Callable[..., Loaded]:
    """Builds what the app would hand to a node; keywords change the manifest."""

    def build(*, version: int = 1, tags: tuple[str, ...] = TAGS, gain: float = 1.0, period_ns: int = SECOND,
              deadline_ns: int = SECOND // 10, limits: Mapping[str, Any] | None = None, loop: str = "cell",
              refuse: str = "", tag_period_ns: int | None = None) -> Loaded:
        engine = FakeEngine(len(tags), clock, gain)
        manifest = Manifest(loop, "monitor", version, tuple(Tag(t, period_ns=tag_period_ns) for t in tags),
                            period_ns, 5 * period_ns, engine.signature, Budget(deadline_ns, 10**8),
                            Limits(dict(limits or {})), Lineage("", "", "", 0, "fake", "a test"))

        def verify(paced: Engine) -> None:
            paced.step()
            if refuse:
                raise Refused(refuse, where="golden replay")

        return Loaded(engine, manifest, f"sha256:{version:064x}", verify)

    return build


@pytest.fixture
def row(clock: ManualClock) -> Callable[..., Samples]:
    """One value of every tag now, or at ``time``."""

    def build(*values: float, time: int | None = None, quality: int = 0,
              tags: tuple[str, ...] = TAGS) -> Samples:
        return Samples.row(tags, clock.now() if time is None else time, np.array(values, np.float64),
                           np.full(len(values), quality, np.uint32))

    return build


@pytest.fixture
def node(load: Callable[..., Loaded], clock: ManualClock, tmp_path: Path) -> Iterator[Node]:
    """A started node without a control server."""
    made = Node(load(), tmp_path / "node", clock=clock, settings=NodeSettings(control_port=None))
    made.start()
    yield made
    made.close()
