"""All detectors over one table, the certain leaks first."""

from __future__ import annotations

from lineshaft.core import discovery
from lineshaft.core.errors import UsageError
from lineshaft.core.progress import Progress, silent
from lineshaft.dataset.defence.evidence import Evidence, Leak

FAMILY = "lineshaft.dataset.defence.leaks"


def find_leaks(evidence: Evidence, progress: Progress = silent) -> tuple[Leak, ...]:
    """What every detector finds. Raises ``UsageError`` where no row teaches or none judges."""
    if not evidence.judges.any() or evidence.judges.all():
        raise UsageError("all rows are on one side of the split", where="split",
                         do="name the column or the file that says which rows test")
    names = discovery.names(FAMILY)
    found: list[Leak] = []
    for number, name in enumerate(names):
        progress(number, len(names), "looking for leaks")
        found += discovery.load(FAMILY, name).find(evidence)
    progress(len(names), len(names), "looking for leaks")
    return tuple(sorted(found, key=lambda leak: (not leak.certain, -leak.rows)))
