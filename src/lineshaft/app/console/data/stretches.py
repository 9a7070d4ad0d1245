"""Which parts of a span are looked at: all of it where that is little, evenly spread stretches where it is much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lineshaft.core.clock import SECOND
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag

Spans = tuple[tuple[int, int], ...]
PIECES, PROBES, PROBE_NS = 60, 3, 20 * SECOND
MOST_A_TAG, MOST_ROWS, LEAST_A_TAG = 20_000, 3_000_000, 600


@dataclass(frozen=True, slots=True)
class Plan:
    """Tags that are looked at in the same ``spans``; ``whole`` where these leave nothing out."""

    tags: tuple[Tag, ...]
    spans: Spans
    whole: bool


def plans(historian: Historian, tags: Sequence[Tag], start: int, end: int) -> list[Plan]:
    """Fast tags in stretches, so that each has about ``most_a_tag`` samples at most; all others whole."""
    most = most_a_tag(len(tags))
    rate = rates(historian, tags, start, end)
    fast = tuple(tag for tag in tags if rate[tag.path] * (end - start) > most)
    slow = tuple(tag for tag in tags if rate[tag.path] * (end - start) <= most)
    found = [Plan(slow, ((start, end),), True)] if slow else []
    if fast:
        quickest = max(rate[tag.path] for tag in fast)
        found.append(Plan(fast, tuple(spread([(start, end)], PIECES, round(most / PIECES / quickest))), False))
    return found


def most_a_tag(tags: int) -> int:
    """Samples of one tag, so that all of them fit in memory and in a person's patience.

    >>> most_a_tag(50), most_a_tag(1000), most_a_tag(100_000)
    (20000, 3000, 600)
    """
    return max(LEAST_A_TAG, min(MOST_A_TAG, MOST_ROWS // max(tags, 1)))


def rates(historian: Historian, tags: Sequence[Tag], start: int, end: int) -> dict[str, float]:
    """Samples a nanosecond of each tag: what it promises, or what a few moments of the span show, if that is more."""
    found = {tag.path: 1 / tag.period_ns if tag.period_ns else 0.0 for tag in tags}
    for first, last in spread([(start, end)], PROBES, PROBE_NS):
        for path, series in historian.read(list(found), first, last).items():
            found[path] = max(found[path], len(series) / max(last - first, 1))
    return found


def spread(spans: Sequence[tuple[int, int]], pieces: int, piece_ns: int
           ) -> list[tuple[int, int]]:
    """At most about ``pieces`` stretches of ``piece_ns`` over all spans; the spans themselves where they are shorter.

    >>> spread([(0, 100)], 2, 10), spread([(0, 15)], 2, 10)
    ([(0, 10), (90, 100)], [(0, 15)])
    """
    total = sum(end - start for start, end in spans)
    if total <= pieces * piece_ns:
        return [span for span in spans if span[1] > span[0]]
    found = []
    for start, end in spans:
        count = max(1, round(pieces * (end - start) / total))
        length = min(piece_ns, (end - start) // count)
        free = end - length - start
        found += [(at, at + length) for at in (start + free * i // max(count - 1, 1) for i in range(count))]
    return found
