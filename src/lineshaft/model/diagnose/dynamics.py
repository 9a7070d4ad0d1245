"""Dynamics: which class's linear model predicts the newest ticks best (blocks/evidence.py has the papers)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from lineshaft.model.blocks.evidence import Evidence, Posterior
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.diagnosis import Settings
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Block
from lineshaft.model.supervised import Candidate


class Dynamics:
    """One candidate a window; needs ticks that follow one another."""

    name: ClassVar[str] = "dynamics"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        if settings.vibration or max(settings.windows) < 2:
            return ()
        channels, classes = len(examples.dataset.tags), len(examples.names)

        def front(window: int) -> Callable[[], Sequence[Block]]:
            return lambda: (Guard(), Modes(), Standardise(channels), Evidence(classes, window))

        return [Candidate(f"dynamics {window}", f"evidence {window}", front(window), Posterior, {"window": window})
                for window in settings.windows if window > 1]


LEARNER = Dynamics
