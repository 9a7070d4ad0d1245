"""Water circulation: a monitor of the longest experiment, from its first rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from monitor_files import skab
from skab import NORMAL_ROWS


def given(folder: Path) -> tuple[Dataset, NDArray[np.bool_]]:
    values, _, names = max(skab(folder).values(), key=lambda found: len(found[0]))
    return Dataset.of(values, tuple(Tag(name) for name in names)), np.arange(len(values)) < NORMAL_ROWS
