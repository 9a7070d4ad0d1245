"""Lives that are looked at in the midst: random ages of each machine, as machines in service are."""

from __future__ import annotations

import numpy as np

from lineshaft.core.errors import UsageError
from lineshaft.model.evaluate.splits import Rows
from lineshaft.model.examples import Examples


def at_cuts(examples: Examples, rows: Rows, cuts: int, youngest: int, seed: int = 0) -> Rows:
    """``cuts`` of the ``rows`` [N] of each group, at random, all ages from ``youngest`` ticks on being as likely.

    A group that is younger than that is looked at anywhere.
    """
    random = np.random.default_rng(seed)
    chosen = np.zeros(len(rows), np.bool_)
    for group in np.unique(examples.group[rows]):
        own = np.flatnonzero(rows & (examples.group == group))
        old = own[youngest:] if len(own) > youngest + cuts else own
        chosen[random.choice(old, min(cuts, len(old)), replace=False)] = True
    return chosen


def held_groups(examples: Examples, share: float, seed: int = 0) -> Rows:
    """All rows [N] of a share of the groups, one at least. Raises ``UsageError`` for fewer than three groups."""
    groups = np.unique(examples.group[examples.known])
    if len(groups) < 3:
        raise UsageError(f"{len(groups)} machines that ran to failure are too few: one has to teach, one to judge and "
                         "one to calibrate", where="target", do="give the histories of three or more")
    count = max(1, round(share * len(groups)))
    return np.isin(examples.group, np.random.default_rng(seed).permutation(groups)[:count])
