"""What a forecaster is: a head that continues the newest window of standardised tags, all leads at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lineshaft.core import discovery
from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.head import Settings
from lineshaft.model.pipeline import Seen, Wires

FAMILY = "lineshaft.model.forecast"
Matrix = NDArray[np.float64]
Single = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is forecast of a dataset with ``channels`` columns.

    ``ahead`` are the H leads in periods, ascending; ``targets`` the K columns that are forecast; ``given`` columns that
    are known ahead of time: a row holds their value at ``reach`` periods later (``model.given`` makes such columns);
    ``season`` is the length of the main cycle in periods, 1 where there is none; ``year`` are the two given columns
    that tell the place in the year, its sine and its cosine.
    """

    channels: int
    ahead: tuple[int, ...]
    targets: tuple[int, ...]
    season: int = 1
    given: tuple[int, ...] = ()
    year: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not self.ahead or self.ahead[0] < 1 or any(b <= a for a, b in pairwise(self.ahead)):
            raise UsageError(f"leads {self.ahead} are not ascending and from 1 on", where="ahead",
                             do="give leads in periods, such as 1, 7, 28")
        if not self.targets:
            raise UsageError("no tag is to be forecast", where="targets", do="name one")

    @property
    def reach(self) -> int:
        """The farthest lead."""
        return self.ahead[-1]

    @property
    def shape(self) -> tuple[int, int]:
        """Leads and tags of a forecast."""
        return len(self.ahead), len(self.targets)

    @property
    def places(self) -> NDArray[np.intp]:
        """Where the leads lie among all leads from 1 to ``reach``."""
        return np.asarray(self.ahead, np.intp) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """What the graph said of the rows that may teach: ``z`` float32 [N, K] in stretches without a break.

    Nothing after the last row of a stretch is looked at, also as a target.
    """

    z: Single
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, seen: Seen) -> Series:
        return cls(np.asarray(seen["series"], np.float32), stretches(seen))

    @property
    def longest(self) -> int:
        """Rows of the longest stretch."""
        return max((b - a for a, b in self.spans), default=0)

    def windows(self, length: int, reach: int, step: int = 1) -> Iterator[tuple[Single, Single]]:
        """Pairs of past [n, K, length] and future [n, K, reach], one pair of views a stretch; every ``step``-th row."""
        for start, stop in self.spans:
            if stop - start < length + reach:
                continue
            whole = sliding_window_view(self.z[start:stop], length + reach, axis=0)[::step]
            yield whole[..., :length], whole[..., length:]

    def count(self, length: int, reach: int) -> int:
        """How many such pairs there are."""
        return sum(max(b - a - length - reach + 1, 0) for a, b in self.spans)

    def pairs(self, length: int, plan: Plan, step: int = 1) -> tuple[Single, Single]:
        """Past [n, K, length] and its continuation at the leads [n, K, H] of all stretches; needs one at least."""
        found = [(past, future[..., plan.places]) for past, future in self.windows(length, plan.reach, step)]
        if not found:
            raise UsageError(f"no stretch of {length + plan.reach} rows without a gap is there to learn from, the "
                             f"longest has {self.longest}", where="history", do="give a longer history or nearer leads")
        return np.concatenate([past for past, _ in found]), np.concatenate([future for _, future in found])

    def parted(self, length: int, share: float = 0.75) -> tuple[Series, Series]:
        """The first ``share`` of the rows, and the later ones with ``length`` rows before them as past."""
        cut = _row_at(self.spans, share)
        early = tuple((a, min(b, cut)) for a, b in self.spans if a < cut)
        late = tuple((max(a, cut - length), b) for a, b in self.spans if b > cut)
        return Series(self.z, early), Series(self.z, late)


class Forecaster(ABC):
    """A learner of the task: reads ``series`` [K] of history, says ``value`` [H * K], a lead after another.

    Learnt and spoken in standardised units; ``value`` is in the tags' own. ``past`` [memory, K] is the window that the
    front keeps for it, newest last; ``effects`` [H, K], where the front gives it, is what the columns known ahead add.
    ``cost`` orders them: 0 a baseline, from 5 on what is tried only where it is named. Equal seeds
    give equal forecasters.
    """

    name: ClassVar[str]
    cost: ClassVar[int] = 1
    reads: tuple[str, ...] = ("x", "quality", "series")
    memory: int = 1

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        self.plan, self.settings, self.seed = plan, dict(settings or {}), seed
        self.mean: Matrix = np.zeros(len(plan.targets))
        self.deviation: Matrix = np.ones(len(plan.targets))

    @classmethod
    def choices(cls, plan: Plan) -> Sequence[Settings]:
        """Settings worth trying, the default first."""
        return ({},)

    def fit(self, seen: Seen) -> None:
        self.mean, self.deviation = units(seen, self.plan)
        self.learn(Series.of(seen))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        ahead = self.forecast(g, wires)
        if "effects" in wires:
            ahead = g.add(ahead, wires["effects"])
        leads, tags = self.plan.shape
        value = g.add(g.multiply(ahead, self.deviation), self.mean)
        return {"value": g.reshape(value, (leads * tags,))}

    @abstractmethod
    def learn(self, series: Series) -> None:
        """From the standardised rows."""

    @abstractmethod
    def forecast(self, g: StepBuilder, wires: Wires) -> Wire:
        """The continuation [H, K] in standardised units, from ``series`` [K] and ``past`` [memory, K]."""


@cache
def forecasters() -> Mapping[str, type[Forecaster]]:
    """Every forecaster there is, by name."""
    return {name: discovery.load(FAMILY, name).FORECASTER for name in discovery.names(FAMILY)}


def stretches(seen: Seen) -> tuple[tuple[int, int], ...]:
    """``(start, stop)`` of rows that follow each other without a break."""
    breaks = np.flatnonzero((np.diff(seen.age) != 1) | (np.diff(seen.run) != 0)) + 1
    return tuple((a, b) for a, b in pairwise([0, *breaks.tolist(), len(seen)]) if b > a)


def units(seen: Seen, plan: Plan) -> tuple[Matrix, Matrix]:
    """Mean and deviation of the targets, as ``Standardise`` found them in the same rows."""
    scale, columns = Standardise(plan.channels), list(plan.targets)
    mode = np.ones((len(seen), 1), np.float32)
    scale.fit(Seen({"x": seen["x"], "quality": seen["quality"], "mode": mode}, seen.run, seen.age))
    return scale.mean[0, columns], scale.deviation[0, columns]


def gathered(g: StepBuilder, a: Wire, places: Sequence[int] | NDArray[np.integer]) -> Wire:
    """Rows of [n, ...] at constant places, in that order."""
    index = g.constant(np.asarray(places), np.int64)
    return g.op("Gather", [a, index], (len(places), *a.shape[1:]), axis=1)


def mapped(g: StepBuilder, past: Wire, matrix: NDArray[np.floating]) -> Wire:
    """The same linear map [L, H] of every tag's window [L, K], as [H, K]."""
    return g.transpose(g.project(g.transpose(past, (1, 0)), matrix), (1, 0))


def season_places(plan: Plan, length: int, cycles_back: int = 0) -> NDArray[np.intp]:
    """Where in a window of ``length`` rows the same place of the cycle lies, for each lead."""
    ahead = np.asarray(plan.ahead, np.intp)
    return np.asarray(length - 1 + ahead - plan.season * (-(-ahead // plan.season) + cycles_back))


def _row_at(spans: Sequence[tuple[int, int]], share: float) -> int:
    rows = np.concatenate([np.arange(a, b) for a, b in spans]) if spans else np.zeros(1, np.intp)
    return int(rows[min(int(share * len(rows)), len(rows) - 1)])
