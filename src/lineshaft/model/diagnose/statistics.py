"""Statistics of the newest ticks of every tag, classified by forests, boosted trees or a linear discriminant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.signal import Recent
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.blocks.statistics import Statistics
from lineshaft.model.diagnosis import Settings, with_heads
from lineshaft.model.examples import Examples
from lineshaft.model.head import Settings as HeadSettings
from lineshaft.model.pipeline import Block
from lineshaft.model.supervised import Candidate

FEW_CLASSES = 8  # boosting grows a tree a class and a round: with many classes it is not worth its time
HEADS: dict[str, HeadSettings] = {
    "discriminant": {}, "forest": {"features": 0.1}, "trees": {"trees": 60, "features": 0.2}}


class OfWindows:
    """A window after the other, each with every head."""

    name: ClassVar[str] = "statistics"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        if settings.vibration or max(settings.windows) < 2:
            return ()
        channels = len(examples.dataset.tags)

        def front(window: int) -> Callable[[], Sequence[Block]]:
            return lambda: (Guard(), Modes(), Standardise(channels), Recent(window), Statistics())

        few = len(examples.names) <= FEW_CLASSES
        kinds = {kind: told for kind, told in HEADS.items() if few or kind != "trees"}
        found: list[Candidate] = []
        for window in (w for w in settings.windows if w > 1):
            name = f"statistics {window}"
            found += with_heads(name, kinds, front(window), name, examples, settings)
        return found


LEARNER = OfWindows
