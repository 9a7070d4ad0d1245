"""The streaming monitor: signals watched one by one for what they have never been, learning as it runs.

For a stream without history worth fitting a model of how tags go together. The normal stretch gives a scale and
nothing else; all that is learnt later lies in the state of the graph.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.step import Executor
from lineshaft.model.blocks.explain import Cause, Confidence
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.novelty import News, Novelty
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.pipeline import Block, Pipeline, extend

STREAM = "novelty"
LIMIT = 7.0  # deviations of novelty; docs/adr/0027 says where it comes from
QUIET_SHARE, LEAST_QUIET, MOST_QUIET = 0.25, 20, 200  # of the normal stretch; ticks
CAUSE_WEIGHT = 0.5


def streaming(dataset: Dataset, normal: NDArray[np.bool_], execute: Executor) -> Pipeline:
    """Guard to confidence; the rows ``normal`` [N] give the scale, their number says how long an event is told once."""
    tags = dataset.tags
    spans = [0.0 if tag.low is None or tag.high is None else tag.high - tag.low for tag in tags]
    quiet = int(np.clip(round(QUIET_SHARE * int(normal.sum())), LEAST_QUIET, MOST_QUIET))
    blocks: tuple[Block, ...] = (Guard(), Modes(), Standardise(len(tags), spans), Novelty(), News(LIMIT, quiet),
                                 Cause(CAUSE_WEIGHT), Confidence())
    return extend(Pipeline(len(tags), ()), blocks, dataset, normal, execute)
