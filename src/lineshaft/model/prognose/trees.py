"""Boosted trees on the trend of wear and of every tag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lineshaft.model.examples import Examples
from lineshaft.model.heads.trees import Trees as Head
from lineshaft.model.prognosis import Settings, with_head
from lineshaft.model.supervised import Candidate

CHOSEN = {"trees": 250, "leaves": 15, "least": 100, "features": 0.5}


class Trees:
    """The head "trees", its leaves large: rows of one machine say nearly the same."""

    name: ClassVar[str] = "trees"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        return (with_head("trees", examples, settings, lambda: Head(1, "number", CHOSEN, settings.seed), **CHOSEN),)


LEARNER = Trees
