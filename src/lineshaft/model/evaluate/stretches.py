"""Splits for classes: whole groups where a class has several, else blocks of time, with nothing looking across."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.model.evaluate.splits import Fold, Rows
from lineshaft.model.examples import Examples


def by_stretch(examples: Examples, folds: int, gap: int, seed: int = 0) -> list[Fold]:
    """Each class is dealt into parts, each part judging once.

    A class that was seen in several groups (bearings, machines, runs) is dealt by whole groups, so it is judged on one
    that taught nothing; a class of one group is cut in time. ``gap`` ticks after a row of the other side count for
    neither, so that no window holds both. Groups of a class fewer than ``folds`` lower the number of parts to theirs.
    """
    known = examples.known
    kind = _kinds(examples)
    groups = {k: np.unique(examples.group[kind == k]) for k in np.unique(kind[known])}
    parts = min([folds, *(len(g) for g in groups.values() if len(g) > 1)])
    random = np.random.default_rng(seed)
    part = np.full(len(kind), -1)
    for k, own in groups.items():
        rows = np.flatnonzero(kind == k)
        part[rows] = _dealt(examples.group[rows], own, parts, random) if len(own) > 1 else _cut(len(rows), parts)
    found = [purged(Fold((part >= 0) & (part != p), part == p), examples.dataset.run, gap) for p in range(parts)]
    if not all(fold.fit.any() and fold.judge.any() for fold in found):
        raise UsageError(f"{int(known.sum())} rows in {len(groups)} classes are too few for {parts} parts with windows "
                         f"of {gap + 1} ticks", where="split", do="give longer runs, or shorter windows")
    return found


def middle_share(examples: Examples, share: float) -> Rows:
    """Rows [N] from the middle of each stretch of one class in one group, to calibrate by.

    Not the last ones: a fault that grows is at its clearest there, and a learner has to have seen that.
    """
    held = np.zeros(len(examples), np.bool_)
    kind = _kinds(examples)
    for k in np.unique(kind[kind >= 0]):
        for group in np.unique(examples.group[kind == k]):
            rows = np.flatnonzero((kind == k) & (examples.group == group))
            count = round(share * len(rows))
            start = (len(rows) - count) // 2
            held[rows[start:start + count]] = True
    return held


def purged(fold: Fold, run: NDArray[np.int32], gap: int) -> Fold:
    """Without the rows whose window of ``gap`` earlier ticks in their run holds a row of the other side."""
    return Fold(fold.fit & ~_after(fold.judge, run, gap), fold.judge & ~_after(fold.fit, run, gap))


def _kinds(examples: Examples) -> NDArray[np.int64]:
    """The class [N] of each row, -1 where nobody knows it."""
    return np.where(examples.known, np.nan_to_num(examples.target[:, 0]), -1).astype(np.int64)


def _after(rows: Rows, run: NDArray[np.int32], gap: int) -> Rows:
    """Ticks that lie at most ``gap`` after one of ``rows`` in the same run."""
    places = np.arange(len(rows))
    last = np.maximum.accumulate(np.where(rows, places, -1))
    before = np.concatenate([[-1], last[:-1]]) if len(rows) else last
    near = (before >= 0) & (places - before <= gap)
    return np.asarray(near & (run[np.maximum(before, 0)] == run), np.bool_)


def _dealt(group: NDArray[np.int32], own: NDArray[np.int32], parts: int, random: np.random.Generator
           ) -> NDArray[np.int64]:
    place = np.empty(len(own), np.int64)
    place[random.permutation(len(own))] = np.arange(len(own)) % parts
    return np.asarray(place[np.searchsorted(own, group)], np.int64)


def _cut(rows: int, parts: int) -> NDArray[np.int64]:
    """Blocks of time, the newest first: a search that runs out of time has judged on what is likest the future."""
    return np.asarray(parts - 1 - np.arange(rows) * parts // rows, np.int64)
