"""Streams of one signal: a monitor of the longest one, from its first half."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from nab import read


def given(folder: Path) -> tuple[Dataset, NDArray[np.bool_]]:
    values = max((signal.values for signal in read(folder)), key=len)
    return Dataset.of(values[:, None], (Tag("value"),)), np.arange(len(values)) < len(values) // 2
