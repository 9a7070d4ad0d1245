"""Machining: whether it fails, from the whole table."""

from __future__ import annotations

from pathlib import Path

from ai4i2020 import FAILURE, read
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.tables.classify import Classify
from table_files import rows_of


def given(folder: Path) -> tuple[Learning, Examples]:
    return Classify(), read(*rows_of(folder, (FAILURE, "Type")))[0]
