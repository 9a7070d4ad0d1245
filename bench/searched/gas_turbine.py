"""Gas turbine: NOX from the other tags, by all years but the last."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.tasks.infer import Infer

TARGET, HOUR_NS = "NOX", 3_600_000_000_000


def given(folder: Path) -> tuple[Learning, Examples]:
    files = sorted(folder.glob("*.csv"))
    if len(files) < 2:
        sys.exit(f"{folder}: fewer than two years (CSV files)")
    names = files[0].read_text("utf-8").splitlines()[0].split(",")
    years = [np.genfromtxt(file, delimiter=",", skip_header=1) for file in files[:-1]]
    run = np.repeat(np.arange(len(years), dtype=np.int32), [len(year) for year in years])
    task = Infer((TARGET,))
    return task, task.examples(Dataset.of(np.vstack(years), tuple(Tag(name) for name in names), period_ns=HOUR_NS,
                                          run=run))
