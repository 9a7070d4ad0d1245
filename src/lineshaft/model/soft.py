"""What a learner of soft sensors is: candidates that turn input tags, and what was told of the target, into a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Protocol

from lineshaft.core import discovery
from lineshaft.model.blocks.engineered import Engineered
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.history import History, Now
from lineshaft.model.blocks.impute import Impute
from lineshaft.model.blocks.inputs import Inputs, On
from lineshaft.model.blocks.mechanism import Mechanism
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.blocks.told import Told
from lineshaft.model.equations import Equations
from lineshaft.model.head import Head, Setting, heads
from lineshaft.model.pipeline import Block
from lineshaft.model.supervised import Candidate

FAMILY = "lineshaft.model.infer"


@dataclass(frozen=True, slots=True)
class Plan:
    """One soft sensor: the ``inputs`` (columns), the ``target``'s column where its samples come through x, their
    ``delay`` in ticks, ``lags`` and ``windows`` of inputs worth trying, and first principles, if any."""

    inputs: tuple[int, ...]
    target: int | None = None
    delay: int = 0
    lags: tuple[int, ...] = ()
    windows: tuple[int, ...] = ()
    equations: Equations | None = None
    timed: bool = True
    seed: int = 0

    def front(self, *features: Block) -> tuple[Block, ...]:
        """Blocks up to ``features``: guarded, scaled and filled inputs, samples of the target, the equations."""
        scale = Standardise(len(self.inputs))
        told = () if self.target is None else (Told(self.target, self.delay),)
        law = () if self.equations is None else (Mechanism(self.equations, scale, self.inputs),)
        scaled = On(scale, {"x": "inputs", "quality": "inputs_quality"})
        return (Guard(), Inputs(self.inputs), Modes(), scaled, Impute(len(self.inputs)), *told, *law, *features)

    def fronts(self) -> Mapping[str, Callable[[], tuple[Block, ...]]]:
        """Ways to look at the inputs, by name."""
        found: dict[str, Callable[[], tuple[Block, ...]]] = {"now": lambda: self.front(Now())}
        if self.timed and (self.lags or self.windows):
            found["history"] = lambda: self.front(History(self.lags, self.windows))
        if not self.timed:
            found["engineered"] = self._engineered
        return found

    def _engineered(self) -> tuple[Block, ...]:
        *before, _ = self.front(Now())
        scale = next(one.block for one in before if isinstance(one, On))
        assert isinstance(scale, Standardise)
        return (*before, Engineered(scale, "number", seed=self.seed))

    def head(self, name: str, settings: Mapping[str, Setting] | None = None) -> Head:
        """A head for the one number."""
        return heads("number")[name](1, "number", settings, self.seed)


class SoftSensor(Protocol):
    """One file of ``model/infer/``: its candidates for a plan; none where the plan lacks what it needs.

    ``turn`` is when it is worth trying: those with a smaller one come first.
    """

    name: ClassVar[str]
    turn: ClassVar[int]

    @classmethod
    def candidates(cls, plan: Plan) -> Sequence[Candidate]: ...


@cache
def soft_sensors() -> Mapping[str, type[SoftSensor]]:
    """Every learner of soft sensors, by name."""
    return {name: discovery.load(FAMILY, name).LEARNER for name in discovery.names(FAMILY)}
