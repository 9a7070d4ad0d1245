"""The anchor of remaining life: a boosted-tree library on rolling statistics, as most people would do it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
WINDOW, ROUNDS = 30, 300
SETTINGS = slice(2, 5)
DECIMALS = (0, 1, 0)  # altitude in kft, Mach number, throttle: six conditions become six words


def anchor(train: Matrix, target: NDArray[np.float64], test: Matrix) -> NDArray[np.float64]:
    """LightGBM's answer for every row of ``test``; rows are unit, cycle, settings, sensors."""
    import lightgbm

    words = [np.column_stack([np.round(rows[:, SETTINGS][:, i], d) for i, d in enumerate(DECIMALS)])
             for rows in (train, test)]
    _, code = np.unique(np.vstack(words), axis=0, return_inverse=True)
    known, other = code.reshape(-1)[:len(train)], code.reshape(-1)[len(train):]
    settings = {"objective": "regression", "num_threads": 1, "verbose": -1, "learning_rate": 0.05, "seed": 0}
    model = lightgbm.train(settings, lightgbm.Dataset(_features(train, _scaled(train, known, train, known)), target),
                           ROUNDS)
    return np.asarray(model.predict(_features(test, _scaled(train, known, test, other))), np.float64)


def _scaled(reference: Matrix, known: NDArray[np.intp], rows: Matrix, code: NDArray[np.intp]) -> Matrix:
    """Sensors by the mean and deviation of their condition."""
    z = np.zeros((len(rows), rows.shape[1] - 5))
    for word in np.unique(code):
        own = reference[known == word, 5:] if (known == word).any() else reference[:, 5:]
        z[code == word] = (rows[code == word, 5:] - own.mean(axis=0)) / np.maximum(own.std(axis=0), 1e-6)
    return z


def _features(rows: Matrix, z: Matrix) -> Matrix:
    """Sensors, their mean and deviation over the newest cycles of the engine, and the cycle."""
    parts = []
    for unit in np.unique(rows[:, 0]):
        own = z[rows[:, 0] == unit]
        stop = np.arange(1, len(own) + 1)
        start = np.maximum(stop - WINDOW, 0)
        first, second = (np.vstack([np.zeros(z.shape[1]), np.cumsum(own**power, axis=0)]) for power in (1, 2))
        count = (stop - start)[:, None]
        average = (first[stop] - first[start]) / count
        spread = np.sqrt(np.maximum((second[stop] - second[start]) / count - average**2, 0.0))
        parts.append(np.hstack([own, average, spread, stop[:, None]]))
    return np.vstack(parts)
