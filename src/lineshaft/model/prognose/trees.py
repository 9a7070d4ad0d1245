"""Boosted trees on the trend of wear and of every tag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lineshaft.model.examples import Examples
from lineshaft.model.heads.trees import Trees as Head
from lineshaft.model.pipeline import Seen
from lineshaft.model.prognosis import Settings, with_head
from lineshaft.model.supervised import Candidate

MOST_ROWS = 15_000
CHOSEN: dict[str, float | int | str] = {"trees": 250, "leaves": 15, "least": 60, "features": 0.5}


class Thinned(Head):
    """Learns from every k-th row where there are many: neighbouring ticks of one machine say nearly the same."""

    def fit(self, seen: Seen) -> None:
        keep = np.zeros(len(seen), np.bool_)
        keep[::-(-len(seen) // MOST_ROWS)] = True
        super().fit(seen.rows(keep))


class Trees:
    """The head "trees", its leaves large: rows of one machine say nearly the same."""

    name: ClassVar[str] = "trees"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        return (with_head("trees", examples, settings, lambda: Thinned(1, "number", CHOSEN, settings.seed),
                          told=CHOSEN),)


LEARNER = Trees
