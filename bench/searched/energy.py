"""A country's consumption by the day: 1, 7 and 28 days ahead with the calendar, from all but the last year."""

from __future__ import annotations

from pathlib import Path

from energy import table, task_before
from forecast_files import energy
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning


def given(folder: Path) -> tuple[Learning, Examples]:
    rows, columns = table(*energy(folder))
    return task_before(rows, tuple(columns))
