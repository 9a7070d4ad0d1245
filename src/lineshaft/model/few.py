"""Few examples: what was learnt where history is long makes five examples a class enough where it is not.

The front and the discriminant directions come from a source (another machine, another load, the simulator); of the new
site only the class means are learnt, from its few labelled rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.model.blocks.embedding import Embedding
from lineshaft.model.examples import Examples
from lineshaft.model.head import Settings, heads
from lineshaft.model.pipeline import Pipeline, extend
from lineshaft.model.supervised import Candidate

SHOTS = 5


def few_shot(candidate: Candidate, source: Examples, site: Examples, execute: Executor, head: str = "means",
             settings: Mapping[str, float] | None = None) -> Pipeline:
    """The candidate's front and an embedding from ``source``, and a head from the known rows of ``site``.

    Both have the same tags; the site's classes may be others than the source's. Raises ``UsageError`` otherwise, and
    where the site has labelled rows of fewer than two classes.
    """
    if len(source.dataset.tags) != len(site.dataset.tags):
        raise UsageError(f"the source has {len(source.dataset.tags)} tags and the site {len(site.dataset.tags)}",
                         where="site", do="give the same tags in the same order")
    if len(np.unique(site.target[site.known])) < 2:
        raise UsageError("the site has labelled rows of fewer than two classes", where="site",
                         do=f"label about {SHOTS} rows of each class, normal operation being one")
    learnt = extend(Pipeline(len(source.dataset.tags), ()), (*candidate.front(), Embedding()), source.dataset,
                    source.known, execute, _given(source))
    told: Settings = dict(settings or ({"own_scale": 0} if head == "means" else {}))
    last = heads("class")[head](len(site.names), "class", told)
    return extend(learnt, (last,), site.dataset, site.known, execute, _given(site))


def shots(examples: Examples, count: int = SHOTS) -> NDArray[np.bool_]:
    """The first ``count`` known rows [N] of each class, as a site would label them.

    >>> from lineshaft.core.dataset import Dataset
    >>> from lineshaft.core.tag import Tag
    >>> rows = Dataset.of(np.zeros((5, 1)), (Tag("a"),))
    >>> given = Examples(rows, np.array([[0.0], [0.0], [1.0], [0.0], [1.0]]), np.zeros(5, np.int32), ("good", "worn"))
    >>> shots(given, 1).tolist()
    [True, False, True, False, False]
    """
    keep = np.zeros(len(examples), np.bool_)
    for kind in np.unique(examples.target[examples.known]):
        keep[np.flatnonzero(examples.known & (examples.target[:, 0] == kind))[:count]] = True
    return keep


def _given(examples: Examples) -> dict[str, NDArray[Any]]:
    return {"target": examples.target, "group": examples.group}
