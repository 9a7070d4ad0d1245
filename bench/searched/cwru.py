"""Bearings with seeded faults: which one it is, from all recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cwru import ORDERS_6205, SAMPLES, Part, examples, settings_with
from cwru_files import blocks, recordings
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.tasks.diagnose import Diagnose


def given(folder: Path) -> tuple[Learning, Examples]:
    parts = [Part(one, np.array(list(blocks(one, SAMPLES)))) for one in recordings(folder)]
    return Diagnose(settings_with(ORDERS_6205)), examples([part for part in parts if len(part.rows)])
