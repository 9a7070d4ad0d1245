"""Bearings: remaining life, from the learning bearings of each condition."""

from __future__ import annotations

import sys
from pathlib import Path

from femto import LEARNING, lives
from life_files import femto
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.tasks.prognose import Prognose


def given(folder: Path) -> tuple[Learning, Examples]:
    bearings = {name: one for name, one in femto(folder).items() if name.endswith(LEARNING)}
    if len(bearings) < 2:
        sys.exit(f"{folder}: fewer than two learning bearings")
    return Prognose(), lives(bearings)
