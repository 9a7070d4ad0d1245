"""The tags of one row, as a table is classified: every head for classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.signal import Tags
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.diagnosis import Settings, with_heads
from lineshaft.model.examples import Examples
from lineshaft.model.head import Settings as HeadSettings
from lineshaft.model.pipeline import Block
from lineshaft.model.supervised import Candidate

HEADS: dict[str, HeadSettings] = {
    "discriminant": {}, "forest": {}, "trees": {}, "logistic": {}, "svm": {}, "bayes": {}, "neighbours": {}}


class OfRows:
    """Rows that stand alone; where windows are allowed only the cheapest heads, as what a window has to beat."""

    name: ClassVar[str] = "tags"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        if settings.vibration:
            return ()
        channels = len(examples.dataset.tags)

        def front() -> Sequence[Block]:
            return (Guard(), Modes(), Standardise(channels), Tags())

        alone = max(settings.windows) < 2
        kinds = HEADS if alone else {"discriminant": HEADS["discriminant"]}
        return with_heads("tags", kinds, front, "standardised tags", examples, settings)


LEARNER = OfRows
