"""Transformer temperatures: a day ahead, from the first series' training year."""

from __future__ import annotations

from pathlib import Path

from forecast_files import ett
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.tasks.forecast import Forecast

HOUR_NS, YEAR = 3_600_000_000_000, 12 * 30 * 24


def given(folder: Path) -> tuple[Learning, Examples]:
    _, (values, names) = next(iter(sorted(ett(folder).items())))
    task = Forecast(ahead=(1, 24))
    return task, task.examples(Dataset.of(values[:YEAR], tuple(Tag(name) for name in names), period_ns=HOUR_NS))
