"""Future: rows that teach are later than rows that judge."""

from __future__ import annotations

import numpy as np

from lineshaft.dataset.defence.evidence import Evidence, Leak, some

LEAST_SHARE = 0.05


def find(evidence: Evidence) -> list[Leak]:
    """Judging rows that have teaching rows of the same recording after them; a doubt, where recordings are apart."""
    if evidence.times is None:
        return []
    later = np.zeros(len(evidence), np.bool_)
    for number in np.unique(evidence.run):
        rows = evidence.run == number
        teaching = evidence.times[rows & evidence.teaches]
        if len(teaching):
            later |= rows & evidence.judges & (evidence.times < teaching.max())
    share = later.sum() / evidence.judges.sum()
    if share < LEAST_SHARE:
        return []
    what = f"{share:.0%} of the judging rows are older than rows of the same recording that teach"
    return [Leak("future", True, what, "the split in time", "let the past teach and the future judge",
                 int(later.sum()), some(later))]
