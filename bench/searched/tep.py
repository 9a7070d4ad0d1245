"""Tennessee Eastman: which of the faults it is, from the training runs."""

from __future__ import annotations

import sys
from pathlib import Path

from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning
from lineshaft.model.tasks.diagnose import Diagnose
from monitor_files import tep
from tep_diagnose import examples


def given(folder: Path) -> tuple[Learning, Examples]:
    runs = tep(folder)
    kinds = [name[1:] for name in sorted(runs) if not name.endswith("_te")]
    if len(kinds) < 2:
        sys.exit(f"{folder}: fewer than two training runs (dNN.dat)")
    return Diagnose(), examples(runs, kinds)
