"""A decision as the loop hands it on: one flat tuple, made into a ``Decision`` when somebody reads it."""

from __future__ import annotations

from lineshaft.core.answer import Answer
from lineshaft.core.decision import Cause, Decision, Source

SOURCES = tuple(Source)

# (answers, values, low, high, known)
Said = tuple[tuple[Answer, ...], tuple[float, ...], tuple[float, ...], tuple[float, ...], bool]
# (time, score, alarm, confidence, latency_ns, missed, place in SOURCES, masked, causes, bundle, said)
Record = tuple[int, float, bool, float, int, bool, int, tuple[str, ...], tuple[tuple[str, float], ...], str,
               Said | None]
NOTHING: Said = ((), (), (), (), True)


def decision(record: Record, loop: str, asset: str) -> Decision:
    """The record in words.

    >>> decision((0, 1.5, True, 0.99, 40_000, False, 0, (), (("cell/flow", 0.9),), "sha256:1", None), "cell",
    ...          "").causes
    (Cause(tag='cell/flow', share=0.9),)
    """
    time, score, alarm, confidence, latency, missed, source, masked, causes, bundle, said = record
    return Decision(loop, asset, time, score, alarm, tuple(Cause(tag, share) for tag, share in causes),
                    confidence, latency, missed, SOURCES[source], masked, bundle, *(said or NOTHING))
