"""Labels: from a column of the data, and from people's verdicts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import ABNORMAL, NORMAL, UNLABELLED
from lineshaft.core.feedback import Feedback
from lineshaft.core.feedback import labels as labels_of


def from_column(values: NDArray[np.float64]) -> NDArray[np.int8]:
    """0 is normal, any other number abnormal, NaN unlabelled.

    >>> from_column(np.array([0.0, 1.0, np.nan, 3.0])).tolist()
    [0, 1, -1, 1]
    """
    labels = np.where(values == 0, NORMAL, ABNORMAL).astype(np.int8)
    labels[np.isnan(values)] = UNLABELLED
    return labels


def with_feedback(labels: NDArray[np.int8], times: NDArray[np.int64], verdicts: Iterable[Feedback]
                  ) -> NDArray[np.int8]:
    """A copy in which people's verdicts overrule what was there; of two that overlap the later given wins."""
    return labels_of(verdicts, times, before=labels)
