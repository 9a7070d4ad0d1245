"""Sensor drift: a tag that no longer agrees with what the others say of it.

A tag's residual is its value less the regression on all others, in deviations of that residual; both follow from the
inverse of the shrunken correlation of the reference. One drifting sensor moves the residuals of all tags that lean on
it, so the guilty one is the tag whose reconstruction from the others takes away most of the joint distance (the
reconstruction-based contribution of Alcala and Qin, Automatica 45, 2009); then the others are judged without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.feedback.drift import CHANCE
from lineshaft.feedback.onset import Onset, onset

Floats = NDArray[np.float64]
SHRINKAGE = 1e-3
LEAST_SHARE = 0.5
LEAST_ROWS = 3  # a tag


@dataclass(frozen=True, slots=True)
class SensorDrift:
    """Tag number ``column`` left what the others say of it; ``share`` of the joint distance is its doing."""

    column: int
    onset: Onset
    share: float


def sensor_drift(reference: Floats, window: Floats, *, run: NDArray[np.int32] | None = None, chance: float = CHANCE
                 ) -> list[SensorDrift]:
    """Sensors that drifted in ``window`` [M, C] against ``reference`` [N, C], the clearest first.

    All values are finite and rows in order of time. Tags that never moved in the reference take no part. At most half
    of the tags are named: where more disagree, it is the process that changed.
    """
    moving = np.flatnonzero(reference.std(axis=0) > 1e-9 * (1 + np.abs(reference.mean(axis=0))))
    if len(moving) < 2 or len(reference) < LEAST_ROWS * len(moving):
        return []
    mean, scale = reference[:, moving].mean(axis=0), reference[:, moving].std(axis=0)
    old, new = (reference[:, moving] - mean) / scale, (window[:, moving] - mean) / scale
    found: list[SensorDrift] = []
    left = np.arange(len(moving))
    while len(left) > max(1, len(moving) // 2):
        one = _worst(old[:, left], new[:, left], run, chance / len(moving))
        if one is None:
            break
        found.append(SensorDrift(int(moving[left[one.column]]), one.onset, one.share))
        left = np.delete(left, one.column)
    return found


def residuals(reference: Floats, z: Floats) -> Floats:
    """[N, C]: each standardised tag less what the others say of it, in deviations of that residual."""
    precision = np.linalg.inv(reference.T @ reference / len(reference) + SHRINKAGE * np.eye(reference.shape[1]))
    return np.asarray(z @ precision / np.sqrt(np.diag(precision)))


def _worst(old: Floats, new: Floats, run: NDArray[np.int32] | None, chance: float) -> SensorDrift | None:
    """The tag that the joint distance is most due to, if its residual drifted and it alone explains the greater part.
    """
    here, there = residuals(old, old), residuals(old, new)
    moved = [onset(here[:, c], there[:, c], run=run, chance=chance) for c in range(old.shape[1])]
    blamed = [c for c, one in enumerate(moved) if one is not None]
    if not blamed:
        return None
    column = max(blamed, key=lambda c: abs(_shift(here[:, c], there[:, c], moved[c])))
    begin = moved[column].begin  # type: ignore[union-attr]  # it is among the blamed
    far = new[begin:].mean(axis=0)
    precision = np.linalg.inv(old.T @ old / len(old) + SHRINKAGE * np.eye(old.shape[1]))
    whole = float(far @ precision @ far)
    own = float((precision @ far)[column]) ** 2 / float(precision[column, column])
    share = own / max(whole, 1e-12)
    if share < LEAST_SHARE:
        return None
    return SensorDrift(column, moved[column], share)  # type: ignore[arg-type]


def _shift(old: Floats, new: Floats, found: Onset | None) -> float:
    """How far the residual's mean moved since the change began."""
    return float(new[found.begin:].mean() - old.mean()) if found is not None else 0.0
