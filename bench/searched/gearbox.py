"""Gearbox: healthy or with a broken tooth, from every second load."""

from __future__ import annotations

import sys
from pathlib import Path

from by_blocks import examples, task
from gearbox import NAMES, SENSORS, VIBRATION, pooled, read
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning


def given(folder: Path) -> tuple[Learning, Examples]:
    files = read(folder)
    found = pooled(files, set(sorted({load for _, load in files})[::2]))
    if found is None:
        sys.exit(f"{folder}: a class is missing at every second load")
    return task(VIBRATION), examples(found[0], found[1], found[2], NAMES, SENSORS)
