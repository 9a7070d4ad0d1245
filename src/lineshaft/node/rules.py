"""The declared rule limits: what decides when no bundle can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.node.align import LatestValues

# (score, alarm, confidence)
Word = tuple[float, bool, float]
Pairs = Mapping[str, tuple[float | None, float | None]]


class LimitRules:
    """Low and high per tag. The score is 1 at a limit and 0 in the middle of a range that has both ends.

    With one end only, it is 0 inside and from 1 upward outside. Masked tags are left out; with none left
    ``decide`` gives None, since there is nothing to decide from.
    """

    def __init__(self, limits: Pairs, tags: Sequence[str]) -> None:
        known = [(place, *limits[tag]) for place, tag in enumerate(tags) if tag in limits]
        kept = [(place, low, high) for place, low, high in known if low is not None or high is not None]
        self.tags = tuple(tags[place] for place, _, _ in kept)
        self._place = np.array([place for place, _, _ in kept], np.intp)
        self._low = np.array([-np.inf if low is None else low for _, low, _ in kept])
        self._high = np.array([np.inf if high is None else high for _, _, high in kept])

    def decide(self, table: LatestValues) -> tuple[Word, tuple[tuple[str, float], ...]] | None:
        """The word and the tags outside their limits, or None."""
        usable = table.quality[self._place] > 0
        if not usable.any():
            return None
        score = np.where(usable, self._scores(table.x[self._place].astype(np.float64)), 0.0)
        outside = np.flatnonzero(score >= 1.0)
        total = float(score[outside].sum())
        causes = tuple((self.tags[i], float(score[i]) / total)
                       for i in outside[np.argsort(-score[outside], kind="stable")].tolist())
        return (float(score.max()), bool(len(outside)), 0.0), causes

    def _scores(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        both = np.isfinite(self._low) & np.isfinite(self._high)
        low, high = np.where(both, self._low, 0.0), np.where(both, self._high, 1.0)
        half = np.maximum((high - low) / 2, 1e-12)
        inside = np.abs(x - (low + high) / 2) / half
        end = np.where(np.isfinite(self._low), self._low, self._high)
        beyond = np.where(np.isfinite(self._low), end - x, x - end)
        single = np.where(beyond >= 0, 1.0 + beyond / np.maximum(np.abs(end), 1.0), 0.0)
        return np.where(both, inside, single)
