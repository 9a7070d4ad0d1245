"""What a graph would have said had some tags read otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array, Executor
from lineshaft.graph.replay import Replay

How = Literal["=", "+=", "*="]
MASKED = "masked"
_WRITTEN = re.compile(r"(.+?)\s*(\+=|\*=|=)\s*(\S+)")


@dataclass(frozen=True, slots=True)
class Change:
    """One tag set to a value (None: masked), or moved or scaled by it."""

    tag: str
    how: How
    value: float | None

    @classmethod
    def parse(cls, text: str) -> Change:
        """Out of ``tag=5``, ``tag+=0.5``, ``tag*=1.1`` or ``tag=masked``.

        >>> Change.parse("cell/flow += -2")
        Change(tag='cell/flow', how='+=', value=-2.0)
        >>> Change.parse("cell/flow=masked").value
        """
        found = _WRITTEN.fullmatch(text.strip())
        try:
            if found is None:
                raise ValueError(text)
            tag, how, written = found.groups()
            value = None if written == MASKED and how == "=" else float(written)
            if value is not None and not np.isfinite(value):
                raise ValueError(text)
        except ValueError:
            raise UsageError(f"{text!r} is no change of a tag", where="--set",
                             do="write TAG=5, TAG+=0.5, TAG*=1.1 or TAG=masked") from None
        return cls(tag, how, value)  # type: ignore[arg-type]  # the expression allows these three


def changed(x: Array, quality: Array, tags: Sequence[str], changes: Sequence[Change], rows: NDArray[np.bool_]
            ) -> tuple[Array, Array]:
    """``x`` and ``quality`` [T, C] with the changes at ``rows`` [T]; a set value counts as good.

    One that was masked and is moved or scaled stays masked.
    """
    x, quality = x.copy(), quality.copy()
    for one in changes:
        if one.tag not in tags:
            raise UsageError(f"the bundle has no tag {one.tag!r}", where="--set", do=f"name one of: {', '.join(tags)}")
        column = tags.index(one.tag)
        if one.how == "=":
            x[rows, column], quality[rows, column] = one.value or 0.0, float(one.value is not None)
        else:
            usable = rows & (quality[:, column] > 0)
            amount = np.float32(one.value)  # a number: only "=" may mask
            x[usable, column] = x[usable, column] + amount if one.how == "+=" else x[usable, column] * amount
    return x, quality


def what_if(graph: bytes, x: Array, quality: Array, other: tuple[Array, Array], execute: Executor
            ) -> tuple[dict[str, Array], dict[str, Array]]:
    """Outputs by name [T, ...] as it was and as it would have been, as two assets of one replay from zero state."""
    batch = (np.stack(pair, axis=1) for pair in ((x, other[0]), (quality, other[1])))
    said = Replay(graph, execute)(*batch)
    was, would = ({name: wire[:, place] for name, wire in said.items()} for place in (0, 1))
    return was, would
