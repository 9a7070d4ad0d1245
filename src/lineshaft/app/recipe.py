"""What a task is made of: everything between its tags and its bundle that a person may choose."""

from __future__ import annotations

from dataclasses import dataclass, field

from lineshaft.app.goal import MONITOR, Goal
from lineshaft.core.errors import UsageError
from lineshaft.core.manifest import Budget, Limits
from lineshaft.model.finding import AUTO, ONE, mode_learners
from lineshaft.model.learner import Settings
from lineshaft.model.train import choices

STALE_PERIODS = 3


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one task is learnt and what it may cost.

    ``modes`` are tags whose value says the operating mode (None: found in the data where it is clear),
    ``mode_learner`` finds modes that no tag says (see ``model.finding``), ``learner`` is
    a name or "auto", ``stale_ns`` the age at which a value is masked (None: three periods).
    ``settings`` are a monitor's, ``goal`` says what any other ``task`` learns.
    """

    loop: str
    period_ns: int
    stale_ns: int | None = None
    modes: tuple[str, ...] | None = None
    learner: str = "auto"
    target: str = "pc"
    budget: Budget | None = None
    limits: Limits = field(default_factory=Limits)
    settings: Settings = field(default_factory=Settings)
    task: str = MONITOR
    goal: Goal = field(default_factory=Goal)
    mode_learner: str = AUTO

    def __post_init__(self) -> None:
        if self.task != MONITOR:
            return
        for what, name, known in (("learner", self.learner, choices()),
                                  ("learner of modes", self.mode_learner, mode_learners())):
            if name not in known:
                raise UsageError(f"no {what} is called {name!r}", where=f"task {self.loop}",
                                 do=f"use one of: {', '.join(known)}")
        if self.modes and self.mode_learner not in (AUTO, ONE):
            raise UsageError("operating modes are to be told by tags and by a learner", where=f"task {self.loop}",
                             do="name the tags or the learner")

    @property
    def stale(self) -> int:
        """Age in ns at which a value counts no more."""
        return self.stale_ns or STALE_PERIODS * self.period_ns


def monitor_settings(false_alarm_rate: float | None) -> Settings:
    """The default configuration of a monitor, with another stated false-alarm rate where one is named."""
    if false_alarm_rate is None:
        return Settings()
    if not 0.0 < false_alarm_rate < 1.0:
        raise UsageError(f"{false_alarm_rate:g} is no share of ticks", where="false-alarm-rate",
                         do="name one between 0 and 1, such as 1e-3")
    return Settings(false_alarm_rate=false_alarm_rate)
