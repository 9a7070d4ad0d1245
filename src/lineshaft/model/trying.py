"""Learners of a monitor one after another, each calibrated and tried, as far as the time goes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lineshaft.core.progress import Progress
from lineshaft.core.step import Executor
from lineshaft.model.calibrate import Calibrated, Front, Normal, calibrate
from lineshaft.model.learner import Settings, learners
from lineshaft.model.memory import memory
from lineshaft.model.pipeline import Pipeline, longest, replay
from lineshaft.model.search.limits import NO_TIME
from lineshaft.model.trial import Stretch, Trial, trial

REFERENCE = "zscore"
FRONT_RUNNERS = 1  # learners that are tried once more, one for each operating mode
Unfit = Callable[[Calibrated], str]
"""Why the graph of a candidate, as it would be sealed, may not run; nothing where it may."""


def endless() -> float:
    """Nobody waits."""
    return math.inf


def part(left: Callable[[], float], share: float) -> Callable[[], float]:
    """The seconds of ``share`` of what is left now.

    >>> part(lambda: 8.0, 0.25)(), part(endless, 0.25)()
    (2.0, inf)
    """
    kept = (1.0 - share) * left()
    return left if math.isinf(kept) else lambda: left() - kept


@dataclass(slots=True, eq=False)
class Trying:
    """Fills ``trials`` and ``candidates`` (by learner) on the stretches ``where``.

    ``before`` is what stands in front of every learner; ``heard`` is told of each trial. Nothing is stopped midway: a
    learner begins if ``left()`` seconds are as many as the slowest one before it took, the first one always.
    """

    before: Pipeline
    roles: Normal
    settings: Settings
    where: Sequence[Stretch]
    execute: Executor
    heard: Callable[[Trial], None]
    left: Callable[[], float] = endless
    trials: list[Trial] = field(default_factory=list)
    candidates: dict[str, Calibrated] = field(default_factory=dict)
    _fronts: dict[str, Front] = field(default_factory=dict)
    _took: dict[str, float] = field(default_factory=dict)

    def all(self, names: Sequence[str], progress: Progress, *, suited: bool) -> None:
        """One trial a name, the plain reference first; of those that are not ``suited``, why."""
        slowest = _slowest_memory(self.before, self.roles, self.execute) if suited else 0.0
        for number, name in enumerate(sorted(names, key=lambda name: name != REFERENCE)):
            progress(number, len(names), "learning")
            reason = _unsuited(name, slowest, self.roles, self.settings) if suited else ""
            reason = reason or (NO_TIME if self.left() < max(self._took.values(), default=-math.inf) else "")
            self.trials.append(Trial(name, reason=reason) if reason else self._tried(name))
            self.heard(self.trials[-1])
        progress(len(names), len(names), "learning")

    def apart(self, unfit: Unfit) -> None:
        """The best learner is replaced by one for each mode, if that is clearly better, may run, and there is time.

        The others stay as they are, since a trial of all would double the time.
        """
        for shared in sorted((t for t in self.trials if not t.reason), key=lambda t: -t.merit)[:FRONT_RUNNERS]:
            if self.left() < self._took[shared.learner]:
                continue
            own = calibrate(shared.learner, self._front(shared.learner), self.execute, by_mode=True)
            apart = trial(own, self.where, self.roles, self.settings, self.execute)
            if apart.merit > shared.merit + self.settings.lead and not unfit(own):
                self.candidates[shared.learner], self.trials[self.trials.index(shared)] = own, apart

    def _tried(self, name: str) -> Trial:
        begun = time.monotonic()
        self.candidates[name] = calibrate(name, self._front(name), self.execute)
        found = trial(self.candidates[name], self.where, self.roles, self.settings, self.execute)
        self._took[name] = time.monotonic() - begun
        return found

    def _front(self, name: str) -> Front:
        kind = learners()[name].features
        if kind not in self._fronts:
            self._fronts[kind] = Front.of(kind, self.before, self.roles, self.settings, self.execute)
        return self._fronts[kind]


def _unsuited(name: str, slowest: float, roles: Normal, settings: Settings) -> str:
    """Why a learner stands aside, or (one of dynamics) would only memorise so short a stretch; empty if it is tried."""
    if learners()[name].aside or learners()[name].features != "past":
        return learners()[name].aside
    rows, width = int(roles.fit.sum()), settings.lags * len(roles.dataset.tags)
    if rows < 3 * width:
        return f"{rows} rows for {width} lagged values (3 times as many are needed)"
    if rows < settings.memories * slowest:
        return (f"the slowest tag remembers {slowest:.0f} ticks, so the stretch holds only {rows / slowest:.0f} "
                f"independent looks at it ({settings.memories:.0f} are needed)")
    return ""


def _slowest_memory(prefix: Pipeline, roles: Normal, execute: Executor) -> float:
    """Memory in ticks of the slowest tag, over the longest run of fit rows."""
    start, stop = longest(roles.fit, roles.dataset.run)
    return float(memory(replay(prefix, roles.dataset.rows(slice(start, stop)), ("z",), execute)["z"]).max())
