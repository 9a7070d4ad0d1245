"""Recorder: classes that were recorded with another sampling rate or another filter, which a model would learn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lineshaft.dataset.defence.evidence import Evidence, Leak

FEWEST_ROWS = 256
APART = 0.25  # of the larger one
ENERGY = 0.999  # of a signal's power lies below its band's edge
BLOCK = 256


def find(evidence: Evidence) -> list[Leak]:
    """One recording is a file or a unit; a class whose recordings all differ from all others' is told."""
    if evidence.label is None:
        return []
    found = []
    for what, facts, do in (
            ("sampling interval (s)", _intervals(evidence), "resample all recordings to one rate"),
            ("band edge (share of the sampling rate)", _edges(evidence),
             "low-pass all recordings to the narrowest band")):
        found += _told(evidence, what, facts, do)
    return found


def _told(evidence: Evidence, what: str, facts: Mapping[int, float], do: str) -> list[Leak]:
    label = evidence.label
    assert label is not None
    kind = {run: int(np.bincount(label[(evidence.run == run) & (label >= 0)]).argmax())
            for run in facts if (label[evidence.run == run] >= 0).any()}
    found = []
    for code in sorted(set(kind.values())):
        mine = [facts[run] for run in kind if kind[run] == code]
        others = [facts[run] for run in kind if kind[run] != code]
        if mine and others and _apart(mine, others):
            rows = int((evidence.judges & (label == code)).sum())
            found.append(Leak("recorder", True, f"recordings of class {evidence.class_name(code)} have a {what} of "
                              f"{np.median(mine):.3g}, all others of {np.median(others):.3g}", what, do, rows))
    return found


def _apart(mine: list[float], others: list[float]) -> bool:
    low, high = (mine, others) if max(mine) < min(others) else (others, mine)
    return max(low) < (1 - APART) * min(high)


def _intervals(evidence: Evidence) -> dict[int, float]:
    if evidence.times is None:
        return {}
    found = {}
    for run in np.unique(evidence.run).tolist():
        steps = np.diff(evidence.times[evidence.run == run])
        if len(steps):
            found[run] = float(np.median(steps)) / 1e9
    return found


def _edges(evidence: Evidence) -> dict[int, float]:
    """Where a recording's power ends, in shares of its sampling rate, in the median over its columns."""
    found = {}
    for run in np.unique(evidence.run).tolist():
        values = evidence.values[evidence.run == run]
        edges = [_edge(column) for column in values.T if len(column) >= FEWEST_ROWS and np.isfinite(column).all()
                 and column.std() > 0]
        if edges:
            found[run] = float(np.median(edges))
    return found


def _edge(signal: NDArray[np.float64]) -> float:
    blocks = signal[:len(signal) // BLOCK * BLOCK].reshape(-1, BLOCK)
    power = (np.abs(np.fft.rfft((blocks - blocks.mean(axis=1, keepdims=True)) * np.hanning(BLOCK))) ** 2).mean(axis=0)
    share = np.cumsum(power) / max(power.sum(), 1e-300)
    return float(np.searchsorted(share, ENERGY)) / BLOCK
