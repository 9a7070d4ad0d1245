"""Turbofans: remaining life, from the training engines of the subset that has the most rows."""

from __future__ import annotations

from pathlib import Path

from life_files import cmapss, engines
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.tasks.prognose import Prognose


def given(folder: Path) -> tuple[Learning, Examples]:
    return Prognose(), engines(max((fleet.train for fleet in cmapss(folder).values()), key=len))
