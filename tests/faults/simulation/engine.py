"""A model of few lines whose golden semantics anyone can replay: bundles of it, sound and unfit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from tests.faults.simulation.world import World

from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.manifest import Budget, Limits, Lineage, Manifest
from lineshaft.core.step import Array, Engine, Port, StepSignature
from lineshaft.core.tag import Tag
from lineshaft.node.seat import Loaded

LOOP, ASSET = "cell", "hall1"
TAGS = ("cell/flow", "cell/level", "cell/pressure")
LIMITS = {TAGS[0]: (0.0, 12.0), TAGS[2]: (2.0, 10.0)}
MEMORY = 4
Row = tuple[tuple[float, ...], tuple[float, ...]]
Answer = tuple[float, bool, float]
"""Score, alarm, confidence."""


def golden(rows: Sequence[Row], gain: float) -> Answer:
    """What the model says after these rows (values and qualities of its tags), the newest last.

    All numbers are eighths, so single precision holds them exactly.
    """
    score, seen = 0.0, 0.0
    for age, (x, quality) in enumerate(reversed(rows[-MEMORY:])):
        weight = MEMORY - age
        for place, (value, usable) in enumerate(zip(x, quality, strict=True)):
            score += weight * (place + 1) * value * usable
            seen += usable
    score = score * gain / 512
    return score, score >= 1.0, seen / 16


class SimEngine:
    """Keeps its rows as its state. ``trouble`` is one of "", "raise", "nan", "nan alarm", "slow"."""

    def __init__(self, world: World, tags: int, gain: float, digest: str, slow_ns: int) -> None:
        self._world, self.gain, self.digest, self._slow_ns = world, gain, digest, slow_ns
        self.trouble = ""
        self.signature = StepSignature(tags, (Port("score", (1,)), Port("alarm", (1,)), Port("confidence", (1,)),
                                              Port("cause", (tags,))), (Port("rows", (MEMORY, 2, tags)),))
        self.assets = 1
        self.x, self.quality = np.zeros((1, tags), np.float32), np.zeros((1, tags), np.float32)
        self._rows: list[Row] = []
        self._out = {port.name: np.zeros((1, *port.shape), np.float32) for port in self.signature.outputs}

    @property
    def out(self) -> Mapping[str, Array]:
        return self._out

    def step(self) -> None:
        self._rows = [*self._rows[1 - MEMORY:], (tuple(self.x[0].tolist()), tuple(self.quality[0].tolist()))]
        if self.trouble == "raise":
            raise RuntimeError("the engine's library gave up")
        if self.trouble == "slow":
            self._world.spend(self._slow_ns)
        score, alarm, confidence = golden(self._rows, self.gain)
        self._out["score"][0, 0] = np.nan if self.trouble == "nan" else score
        self._out["alarm"][0, 0] = np.nan if self.trouble == "nan alarm" else alarm
        self._out["confidence"][0, 0] = confidence
        self._out["cause"][0] = np.abs(self.x[0])

    def state(self) -> dict[str, Array]:
        rows = np.zeros((1, MEMORY, 2, self.signature.channels), np.float32)
        for place, row in enumerate(self._rows):
            rows[0, place] = row
        return {"rows": rows}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._rows = [(tuple(x), tuple(quality)) for x, quality in state["rows"][0].tolist()]

    def reset(self) -> None:
        self._rows = []

    @property
    def fails(self) -> bool:
        """Whether it gives no usable answer as it is."""
        return self.trouble in ("raise", "nan", "nan alarm")


@dataclass(slots=True)
class Shop:
    """Makes bundles and remembers each engine by its digest."""

    world: World
    period_ns: int
    stale_ns: int
    deadline_ns: int
    made: dict[str, tuple[Manifest, SimEngine]] = field(default_factory=dict)
    version: int = 1

    def first(self) -> Callable[[], Loaded]:
        """The bundle that a node is started with; a new engine each time."""
        return lambda: self._make("first", 1, TAGS, 1.0)

    def sound(self, *, tags: tuple[str, ...] = TAGS, stale_ns: int | None = None) -> Callable[[], Loaded]:
        """A newer version."""
        self.version += 1
        version, gain = self.version, self.world.chance.choice((0.5, 1.0, 2.0))
        return lambda: self._make(f"v{version}", version, tags, gain, stale_ns=stale_ns)

    def unfit(self, why: str) -> Callable[[], Loaded]:
        """One that must never decide, by what is wrong with it."""
        version = self.version + 1
        if why == "cannot be loaded":
            return self._lost
        changed: dict[str, dict[str, object]] = {
            "older": {"version": 0}, "another loop": {"loop": "press"}, "another period": {"period": 3},
            "an unknown tag": {"tags": (*TAGS[:2], "cell/new")}, "another golden answer": {"golden_gain": 3.0},
            "raises": {"trouble": "raise"}}
        return lambda: self._make(f"unfit, {why}", **{"version": version, "tags": TAGS, "gain": 1.0,  # type: ignore[arg-type]
                                                      **changed[why]})

    def _lost(self) -> Loaded:
        raise EnvironmentFailed("the bundle's folder is gone", where="bundle", do="copy it again")

    def _make(self, name: str, version: int, tags: tuple[str, ...], gain: float, *, stale_ns: int | None = None,
              loop: str = LOOP, period: int = 1, trouble: str = "", golden_gain: float | None = None) -> Loaded:
        digest = f"sha256:{name}/{len(self.made)}"
        engine = SimEngine(self.world, len(tags), gain, digest, 2 * self.deadline_ns)
        engine.trouble = trouble
        manifest = Manifest(loop, "monitor", version, tuple(Tag(tag) for tag in tags), period * self.period_ns,
                            stale_ns or self.stale_ns, engine.signature, Budget(self.deadline_ns, 10**8),
                            Limits(dict(LIMITS)), Lineage("", "", "", 0, "sim", "a simulation"))
        self.made[digest] = manifest, engine
        return Loaded(engine, manifest, digest, _Replay(gain if golden_gain is None else golden_gain, len(tags)))


@dataclass(frozen=True, slots=True)
class _Replay:
    """The golden sequence of a bundle: six rows, answer by answer."""

    gain: float
    tags: int

    def __call__(self, engine: Engine) -> None:
        engine.reset()
        rows: list[Row] = []
        for number in range(6):
            x, quality = tuple(float(number + place) for place in range(self.tags)), (1.0,) * self.tags
            rows.append((x, quality))
            engine.x[:], engine.quality[:] = x, quality
            engine.step()
            if abs(float(engine.out["score"][0, 0]) - golden(rows, self.gain)[0]) > 1e-6:
                raise Refused(f"tick {number} differs from the reference", where="golden replay", do="pack it again")
