"""A decision as the loop hands it on: one flat tuple, made into a ``Decision`` when somebody reads it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from lineshaft.core.answer import Answer
from lineshaft.core.decision import Cause, Decision, Source

SOURCES = tuple(Source)

# (answers, values, low, high, known)
Said = tuple[tuple[Answer, ...], tuple[float, ...], tuple[float, ...], tuple[float, ...], bool]
# (time, score, alarm, confidence, latency_ns, missed, place in SOURCES, masked, causes, bundle, said)
Record = tuple[int, float, bool, float, int, bool, int, tuple[str, ...], tuple[tuple[str, float], ...], str,
               Said | None]
MOST_SHOWN = 24
NOTHING: Said = ((), (), (), (), True)


@dataclass(frozen=True, slots=True)
class Answered:
    """The newest values, each with its name, unit, periods ahead and interval (None: the model gives none).

    ``known`` is False where the model says that it does not know; ``more`` values of a long forecast are left out here.
    """

    time: int
    known: bool
    values: tuple[dict[str, str | int | float | None], ...]
    more: int = 0


def answered(latest: Decision | None) -> Answered | None:
    """The answer of a decision; None where its task has none, or rules decided."""
    if latest is None or not latest.answers:
        return None
    none = (None,) * len(latest.values)
    rows = zip(latest.answers, latest.values, latest.low or none, latest.high or none, strict=False)
    return Answered(latest.time, latest.known, tuple(
        {"name": one.name, "unit": one.unit, "ahead": one.ahead, "value": value, "low": low, "high": high}
        for one, value, low, high in islice(rows, MOST_SHOWN)), max(len(latest.values) - MOST_SHOWN, 0))


def decision(record: Record, loop: str, asset: str) -> Decision:
    """The record in words.

    >>> decision((0, 1.5, True, 0.99, 40_000, False, 0, (), (("cell/flow", 0.9),), "sha256:1", None), "cell",
    ...          "").causes
    (Cause(tag='cell/flow', share=0.9),)
    """
    time, score, alarm, confidence, latency, missed, source, masked, causes, bundle, said = record
    return Decision(loop, asset, time, score, alarm, tuple(Cause(tag, share) for tag, share in causes),
                    confidence, latency, missed, SOURCES[source], masked, bundle, *(said or NOTHING))
