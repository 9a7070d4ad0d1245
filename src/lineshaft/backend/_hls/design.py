"""From a step graph to the core that an FPGA is to hold: everything that needs neither hls4ml nor a compiler."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lineshaft.backend._hls.bounds import Interval, bounds, propagate
from lineshaft.backend._hls.estimate import Estimate, estimate
from lineshaft.backend._hls.graph import StepView
from lineshaft.backend._hls.layers import Core, core
from lineshaft.backend._hls.options import Options
from lineshaft.backend._hls.partition import Partition, partition
from lineshaft.backend._hls.region import Region, network, obstacles
from lineshaft.core.errors import Refused


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """A core with its types, what it needs, and the parts around it; ``saturates`` is where its input ends."""

    partition: Partition
    core: Core
    estimate: Estimate
    saturates: float


def design(graph: bytes, options: Options) -> Design:
    """The core of a step graph. Raises ``Refused`` with the reason where there is none or it does not fit."""
    view = StepView(graph)
    region = network(view)
    if region is None:
        raise Refused("; ".join(("it has no neural part (weights followed by an activation)", *obstacles(view))),
                      do="run it on a CPU target")
    known = _saturated(view, region, options)
    made = core(view, region, known, options)
    needed = estimate(made.work, options)
    problems = needed.problems(options)
    if problems:
        raise Refused("; ".join(problems), do="change the target's options or take a larger part")
    return Design(partition(view, region), made, needed, known[region.source].farthest)


def _saturated(view: StepView, region: Region, options: Options) -> dict[str, Interval]:
    """Bounds of the core's tensors, its input at most as wide as the declared range."""
    source = bounds(view)[region.source]
    if options.range:
        source = Interval(np.maximum(source.low, -options.range), np.minimum(source.high, options.range))
    if not np.isfinite(source.farthest):
        raise Refused(f"the input of its neural part, {region.source}, has no bounds",
                      do="clip it in the graph, or set options.hls.range of the target to where it may saturate")
    known = {region.source: source}
    propagate(view, region.nodes, known)
    return known
