"""Wrong labels: confident learning (Northcutt, Jiang and Chuang, J. Artif. Intell. Res. 70, 2021)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError


@dataclass(frozen=True, slots=True, eq=False)
class Suspects:
    """Rows whose label is doubted, the worst first, what each probably is, and how sure the models were of the label.

    ``joint`` [K, K] estimates the share of rows by (given label, true label).
    """

    rows: NDArray[np.intp]
    probably: NDArray[np.int64]
    sureness: NDArray[np.float64]
    joint: NDArray[np.float64]


def suspects(probability: NDArray[np.float64], label: NDArray[np.int64]) -> Suspects:
    """From out-of-sample probabilities [N, K] and given labels [N].

    A row is counted for class j if its probability of j is at least the mean that rows labelled j have for j; of
    several such classes the likeliest counts. Rows counted for another class than their label are the suspects,
    ordered by the margin between the two. Probabilities of rows that the model has learnt from make every label look
    right: they must come from folds. Raises ``UsageError`` for shapes that don't fit or a class without rows.

    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.1, 0.9]])
    >>> suspects(p, np.array([0, 0, 1, 1, 0])).rows.tolist()
    [4]
    """
    if probability.ndim != 2 or len(probability) != len(label):
        raise UsageError(f"probabilities {probability.shape} are not one row for each of {len(label)} labels",
                         where="suspects")
    classes = probability.shape[1]
    counts = np.bincount(label, minlength=classes)
    if len(counts) > classes or not counts.all():
        raise UsageError("a class has no row, or a label has no probability", where="suspects")
    threshold = np.array([probability[label == k, k].mean() for k in range(classes)])
    counted = np.where(probability >= threshold - 1e-12, probability, -1.0)
    probably = counted.argmax(axis=1)
    sure = counted.max(axis=1) >= 0
    doubted = sure & (probably != label)
    margin = probability[np.arange(len(label)), label] - probability.max(axis=1)
    rows = np.flatnonzero(doubted)
    rows = rows[np.argsort(margin[rows], kind="stable")]
    own = probability[rows, label[rows]]
    return Suspects(rows, probably[rows].astype(np.int64), own, _joint(label, probably, sure, counts))


def _joint(label: NDArray[np.int64], probably: NDArray[np.intp], sure: NDArray[np.bool_],
           counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """The confident joint, each row scaled to how often its label was given."""
    found = np.zeros((len(counts), len(counts)))
    np.add.at(found, (label[sure], probably[sure]), 1.0)
    found[found.sum(axis=1) == 0] = np.eye(len(counts))[found.sum(axis=1) == 0]
    scaled = found / found.sum(axis=1, keepdims=True) * counts[:, None]
    return np.asarray(scaled / scaled.sum())
