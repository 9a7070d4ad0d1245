"""Learners whose energy is quadratic: PCA, dynamic PCA, CVA differ in the root they fit, and in nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.learner import Matrix, Settings, scaled
from lineshaft.model.pipeline import Wires

ROUNDS = 3
LEAST_GAIN = 1e-6  # of the energy: far above float32's rounding, far below what counts


class Quadratic:
    """Energy |(f - centre) / scale R|^2 of the features f; a learner's ``fit`` sets the three."""

    reads: tuple[str, ...] = ("features",)

    def __init__(self, channels: int, settings: Settings) -> None:
        self.channels = channels
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.root: Matrix = np.zeros((1, 1))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        features = scaled(g, wires["features"], self.centre, self.scale)
        return quadratic(g, features, self.root, self.channels, wires.get("lost"))


def quadratic(g: StepBuilder, features: Wire, root: Matrix, channels: int, lost: Wire | None = None) -> Wires:
    """Energy |f R|^2 of features f [n * channels], and each channel's reconstruction-based contribution.

    With M = R R' and B the n places of a channel, it contributes (M f)_B' inv(M_BB) (M f)_B: the energy that
    vanishes when that channel's places are replaced by their best reconstruction (Alcala and Qin, Automatica
    45, 2009, for several places at once).
    """
    scores = g.project(features, root)
    if lost is not None:
        scores = _without(g, scores, root, lost)
    places = features.shape[0] // channels
    pull = g.square(g.project(scores, _reconstruction(root, channels)))
    contribution = pull if places == 1 else g.reshape(
        g.sum(g.reshape(pull, (places, channels)), axis=0), (channels,))
    return {"energy": g.sum(g.square(scores)), "contribution": contribution}


def _without(g: StepBuilder, scores: Wire, root: Matrix, lost: Wire) -> Wire:
    """Scores f R after the places of lost tags are moved to where the energy is least.

    Conjugate directions, preconditioned by each tag's own block: exact at once for one lost tag, never above the
    energy before, and so near the least for a few, which can't be above that of the values that were lost.
    """
    channels = lost.shape[0]
    everywhere = g.concat([lost] * (len(root) // channels))
    towards = _blocks(root, channels, lambda rows: np.linalg.pinv(rows @ rows.T, 1e-10, hermitian=True) @ rows).T
    gone: list[tuple[Wire, Wire]] = []
    for _ in range(ROUNDS):
        change = g.project(g.multiply(g.project(scores, towards), everywhere), root)
        for other, size in gone:
            change = g.subtract(change, g.multiply(other, g.divide(g.sum(g.multiply(change, other)), size)))
        gone.append((change, g.maximum(g.sum(g.square(change)), 1e-30)))
        # Once nothing is left to gain the direction is rounding alone, and must not carry off what it happens to meet.
        worth = g.add(gone[-1][1], g.multiply(g.sum(g.square(scores)), LEAST_GAIN))
        scores = g.subtract(scores, g.multiply(change, g.divide(g.sum(g.multiply(scores, change)), worth)))
    return scores


def _reconstruction(root: Matrix, channels: int) -> Matrix:
    """[r, n]: columns of channel i's places are R' M_B inv-root(M_BB), so their squares sum to its contribution."""
    return _blocks(root, channels, lambda rows: inverse_root(rows @ rows.T) @ rows).T


def _blocks(root: Matrix, channels: int, change: Callable[[Matrix], Matrix]) -> Matrix:
    """``root`` with the rows of each channel's places changed together."""
    changed = np.empty_like(root)
    for channel in range(channels):
        places = np.arange(channel, len(root), channels)
        changed[places] = change(root[places])
    return changed


def inverse_root(covariance: Matrix) -> Matrix:
    """Symmetric inverse square root; directions with less than 1e-7 of the largest variance count as
    having that, since in float32 they hold nothing but rounding."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 1e-7 * max(values.max(), 1e-12))
    root: Matrix = (vectors * values**-0.5) @ vectors.T
    return root
