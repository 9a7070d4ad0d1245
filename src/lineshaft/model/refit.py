"""Held-out rows teach the head too, once they have set intervals and limits.

As scikit-learn's calibration without an ensemble does: what is calibrated was learnt from a part of the rows, what
answers from all of them, since a tenth more examples is worth more to a small table than an interval that is exact.
Figures come before this, from the head that has not seen the held-out rows.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from lineshaft.core.step import Executor
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Pipeline, extend
from lineshaft.model.supervised import Candidate


@runtime_checkable
class Refits(Protocol):
    """A learning whose head may be learnt again from every row with a target."""

    def refits(self, examples: Examples) -> bool: ...


def refitted(learning: object, candidate: Candidate, whole: Pipeline, examples: Examples, execute: Executor
             ) -> Pipeline:
    """The finished pipeline of a candidate with its head from all rows, where the learning asks for that.

    Front and tail stay as they are: features keep their places and scales, limits their values.
    """
    if not isinstance(learning, Refits) or not learning.refits(examples):
        return whole
    place = len(candidate.front())
    given: dict[str, NDArray[Any]] = {"target": examples.target, "group": examples.group}
    front = Pipeline(whole.channels, whole.blocks[:place])
    taught = extend(front, (candidate.head(),), examples.dataset, examples.known, execute, given)
    return Pipeline(whole.channels, (*taught.blocks, *whole.blocks[place + 1:]))
