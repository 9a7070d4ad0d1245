"""How sure a figure is: a bootstrap over whole groups, since neighbouring rows say nearly the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000


def bootstrap(figure: Callable[[NDArray[np.intp]], float], units: int, *, level: float = 0.95, seed: int = 0,
              draws: int = DRAWS) -> tuple[float, float]:
    """Percentile interval of ``figure`` (of the drawn places) over ``units`` independent units (Efron, 1979).

    >>> values = np.arange(100.0)
    >>> low, high = bootstrap(lambda places: float(values[places].mean()), 100)
    >>> bool(40 < low < 49.5 < high < 60)
    True
    """
    random = np.random.default_rng(seed)
    found = [figure(random.integers(0, units, units)) for _ in range(draws)]
    low, high = np.quantile(found, ((1 - level) / 2, (1 + level) / 2)).tolist()
    return low, high


def over_seeds(figures: Sequence[float], *, level: float = 0.95) -> tuple[float, float]:
    """Student interval of the mean over seeds; the figure itself where there is one seed."""
    values = np.asarray(figures, np.float64)
    if len(values) < 2:
        return float(values[0]), float(values[0])
    from scipy.stats import t

    half = float(t.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5)
    return float(values.mean()) - half, float(values.mean()) + half
