"""Steel plates: which defect it is, from the whole table."""

from __future__ import annotations

from pathlib import Path

from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.tables.classify import Classify
from steel_plates import TYPE, read
from table_files import rows_of


def given(folder: Path) -> tuple[Learning, Examples]:
    return Classify(), read(*rows_of(folder, (TYPE,)))
