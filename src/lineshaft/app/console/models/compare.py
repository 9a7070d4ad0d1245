"""The bundle that decides and the one beside it, over the same ticks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lineshaft.app.console.context import Console
from lineshaft.app.console.models.shelf import Shelved, shelf
from lineshaft.core.decision import Decision

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Scores:
    """Both scores at each of ``t`` (ms), the ticks at which both spoke."""

    t: list[int] = field(default_factory=list)
    champion: list[float] = field(default_factory=list)
    shadow: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Compared:
    """``figures`` is the node's own comparison (``node/shadow.py``), None where nothing runs beside."""

    champion: Shelved | None
    shadow: Shelved | None
    figures: dict[str, Any] | None
    scores: Scores


def compared(console: Console, after: int) -> Compared:
    """As it stands; scores of ticks after ``after`` (ms). Fails with a sentence where no node answers."""
    node = console.node()
    status = node.status()
    figures: dict[str, Any] | None = status["shadow"]
    by_digest = {one.digest: one for one in shelf(console.existing()).values() if one.content}
    champion = by_digest.get(status["bundle"])
    if figures is None:
        return Compared(champion, None, None, Scores())
    since = max(after * MS + MS - 1, (figures["since"] or 0) - 1)
    return Compared(champion, by_digest.get(figures["bundle"]), figures,
                    _beside(node.decisions(since), node.shadow_decisions(since)))


def _beside(champion: list[Decision], shadow: list[Decision]) -> Scores:
    ours, theirs = ({one.time: one.score for one in said} for said in (champion, shadow))
    times = sorted(ours.keys() & theirs.keys())
    return Scores([time // MS for time in times], [ours[time] for time in times], [theirs[time] for time in times])
