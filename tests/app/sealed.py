"""A small signed bundle of three tags, made once for the tests that lower, pack and run it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd

from lineshaft.app import api
from lineshaft.app.recorded import Recorded


@cache
def plant() -> Recorded:
    """600 rows of three related tags."""
    random, time = np.random.default_rng(0), np.arange(600) / 20
    flow = np.sin(time) + 0.1 * random.normal(size=600)
    frame = pd.DataFrame({"flow": flow, "pressure": 2 * flow + 0.1 * random.normal(size=600),
                          "level": np.cos(time) + 0.1 * random.normal(size=600)},
                         index=pd.date_range("2024-03-01", periods=600, freq="s"))
    return api.from_frame(frame, name="press")


@cache
def bundle() -> Path:
    """Its bundle; the keys lie beside it, as ``press.key`` and ``press.pub``."""
    folder = Path(mkdtemp(prefix="lineshaft-test-"))
    return api.fit(plant(), normal="400 rows", learner="pca").save(folder / "press")


def keys() -> tuple[Path, Path]:
    """Private and public."""
    return bundle().parent / "press.key", bundle().parent / "press.pub"
