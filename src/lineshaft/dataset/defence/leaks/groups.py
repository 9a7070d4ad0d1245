"""Groups: one asset, bearing or exposure on both sides of the split."""

from __future__ import annotations

import numpy as np

from lineshaft.dataset.defence.evidence import Evidence, Leak, some


def find(evidence: Evidence) -> list[Leak]:
    """Every named group column of which a value both teaches and judges."""
    found = []
    for name, codes in evidence.groups.items():
        known = codes >= 0
        shared = np.intersect1d(codes[evidence.teaches & known], codes[evidence.judges & known])
        if len(shared):
            rows = evidence.judges & np.isin(codes, shared)
            many = len(np.unique(codes[evidence.judges & known]))
            found.append(Leak("groups", True, f"{len(shared)} of {many} values of {name} that judge also teach", name,
                              f"keep all rows of one {name} on one side", int(rows.sum()), some(rows)))
    return found
