"""Splits of rows for validation: later time, or other groups, and never a random draw of neighbouring rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.model.examples import Examples

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Masks [N]: rows that teach, and rows that judge."""

    fit: Rows
    judge: Rows


def by_group(examples: Examples, folds: int = 5, seed: int = 0) -> list[Fold]:
    """Groups dealt into ``folds`` parts at random, each judging once; with classes, each part gets all where it can.

    Raises ``UsageError`` for fewer than two groups with known targets.
    """
    known = examples.known
    groups = np.unique(examples.group[known])
    if len(groups) < 2:
        raise UsageError("all examples belong to one group, so none is left to judge by", where="split",
                         do="split by time, or give runs of more assets")
    random = np.random.default_rng(seed)
    kind = np.array([examples.target[known & (examples.group == g)][0, 0] for g in groups])
    order = sorted(random.permutation(len(groups)).tolist(), key=lambda place: kind[place])  # alike next to alike
    dealt = np.empty(len(groups), np.int64)
    dealt[order] = np.arange(len(groups)) % min(folds, len(groups))
    part = dealt[np.searchsorted(groups, examples.group).clip(0, len(groups) - 1)]
    return [Fold(known & (part != k), known & (part == k)) for k in range(min(folds, len(groups)))]


def by_time(examples: Examples, folds: int = 3, share: float = 0.5, gap: int = 0) -> list[Fold]:
    """Growing history: the first ``share`` teaches and the next part judges, then both teach, and so on.

    ``gap`` rows before each judged part teach nothing, so that no window or forecast crosses over. Rows of one run
    keep their order; several runs lie one after another.
    """
    places = np.flatnonzero(examples.known)
    edges = np.linspace(share, 1.0, folds + 1) * len(places)
    found = []
    for start, stop in zip(edges[:-1].astype(int), edges[1:].astype(int), strict=True):
        fit, judge = np.zeros(len(examples), np.bool_), np.zeros(len(examples), np.bool_)
        fit[places[:max(start - gap, 0)]], judge[places[start:stop]] = True, True
        if not fit.any() or not judge.any():
            raise UsageError(f"{len(places)} rows are too few for {folds} parts in time", where="split",
                             do="give a longer history")
        found.append(Fold(fit, judge))
    return found


def stratified(examples: Examples, folds: int = 5, seed: int = 0) -> list[Fold]:
    """For tables whose rows are independent: each part has every class in proportion."""
    known = np.flatnonzero(examples.known)
    random = np.random.default_rng(seed)
    shuffled = known[random.permutation(len(known))]
    ordered = shuffled[np.argsort(examples.target[shuffled, 0], kind="stable")]
    part = np.full(len(examples), -1)
    part[ordered] = np.arange(len(ordered)) % folds
    return [Fold((part >= 0) & (part != k), part == k) for k in range(folds)]
