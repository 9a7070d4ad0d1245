"""Splits for fitting, calibrating and testing: by time or by asset, with a gap, never at random.

Rows next to each other in time are alike, so a random split tests on what it has seen; a gap of the
window's length keeps a window of one part from reaching into another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError

FIT, CALIBRATE, TEST, PURGED = 0, 1, 2, -1


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """``part`` int8 [N]: FIT, CALIBRATE, TEST, or PURGED for rows in a gap between two of them."""

    part: NDArray[np.int8]

    def of(self, data: Dataset) -> tuple[Dataset, Dataset, Dataset]:
        """(fit, calibrate, test)."""
        return data.rows(self.part == FIT), data.rows(self.part == CALIBRATE), data.rows(self.part == TEST)


def by_time(data: Dataset, shares: Sequence[float] = (0.6, 0.2, 0.2), *, purge: int = 0) -> Split:
    """Cut all runs at the same two times: the earliest rows fit, the latest test.

    ``shares`` (fit, calibrate, test) sum to 1; the last ``purge`` periods before each cut are left out,
    so the part after a cut keeps every row it is judged on.
    """
    return _checked(_cut_in_time(data.times, shares, purge * data.period_ns), shares)


def _cut_in_time(times: NDArray[np.int64], shares: Sequence[float], gap_ns: int) -> NDArray[np.int8]:
    ordered = np.sort(times)
    part = np.full(len(times), FIT, np.int8)
    cuts = [ordered[row] if row < len(ordered) else None for row in _cuts(len(times), shares)]
    for number, cut in enumerate(cuts, start=1):
        if cut is not None:
            part[times >= cut] = number
    for cut in cuts:
        if cut is not None:
            part[(times < cut) & (times >= cut - gap_ns)] = PURGED
    return part


def _checked(part: NDArray[np.int8], shares: Sequence[float]) -> Split:
    for number, share in enumerate(shares):
        if share > 0 and not bool(np.any(part == number)):
            name = ("fit", "calibrate", "test")[number]
            raise UsageError(f"{len(part)} rows leave none to {name}",
                             do="give more history, a smaller gap, or other shares")
    return Split(part)


def within_runs(data: Dataset, shares: Sequence[float] = (0.6, 0.2, 0.2), *, purge: int = 0) -> Split:
    """Cut every run in itself: for recordings that each begin healthy."""
    part = np.full(len(data), PURGED, np.int8)
    for number in np.unique(data.run):
        rows = np.flatnonzero(data.run == number)
        part[rows] = _cut_in_time(data.times[rows], shares, purge * data.period_ns)
    return _checked(part, shares)


def by_asset(data: Dataset, shares: Sequence[float] = (0.6, 0.2, 0.2), *,
             asset_of_run: Sequence[str] | None = None) -> Split:
    """Whole assets go to one part, in order of their first appearance; ``asset_of_run[k]`` is run k's asset.

    Without it every run counts as an asset of its own. Every part with a share gets at least one asset.
    """
    runs = np.unique(data.run)
    names = [asset_of_run[run] if asset_of_run is not None else str(run) for run in runs.tolist()]
    assets = list(dict.fromkeys(names))
    wanted = sum(share > 0 for share in shares)
    if len(assets) < wanted:
        raise UsageError(f"{len(assets)} assets can't fill {wanted} parts", do="split by time instead")
    cuts = _asset_cuts(len(assets), shares)
    number = {asset: int(np.searchsorted(cuts, i, side="right")) for i, asset in enumerate(assets)}
    of_run = np.array([number[name] for name in names], np.int8)
    return Split(of_run[np.searchsorted(runs, data.run)])


def _asset_cuts(count: int, shares: Sequence[float]) -> tuple[int, int]:
    """Where calibration and test begin, leaving at least one asset to every part that has a share."""
    first, second = _cuts(count, shares)
    fit, calibrate, test = (int(share > 0) for share in shares)
    second = min(max(second, fit + calibrate), count - test)
    first = min(max(first, fit), second - calibrate)
    return first, second


def _cuts(count: int, shares: Sequence[float]) -> tuple[int, int]:
    """First row of calibration and of test."""
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise UsageError(f"shares {tuple(shares)} are not three that sum to 1",
                         do="give (fit, calibrate, test) such as (0.6, 0.2, 0.2)")
    return round(count * shares[0]), round(count * (shares[0] + shares[1]))
