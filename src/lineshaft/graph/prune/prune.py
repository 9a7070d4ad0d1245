"""Which channels go, and the graph without them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Executor
from lineshaft.graph.fidelity import Run
from lineshaft.graph.prune.channels import Chain, chains, multiply_adds, per_channel, slimmed
from lineshaft.graph.prune.reconstruct import Sampler, importance, solved
from lineshaft.graph.view import Edit, View

MOST_OF_A_CHAIN = 0.9
FEWEST = 4  # channels that are always left
# Kernels for images take whole blocks of channels: ONNX Runtime was half as fast with 437 of 480 as with 480.
BLOCK, IMAGES = 8, 4
NOTHING = "no channels run from one product to the next through what handles each by itself"


def pruned(graph: View, share: float, runs: Sequence[Run], execute: Executor, *, progress: Progress = silent
           ) -> View | str:
    """The graph without the channels that matter least, until about ``share`` of the multiply-adds are gone.

    A channel matters by the share of its consumer's variance over the multiply-adds it costs; one yardstick for all
    chains. Each consumer is then solved anew on ``runs``. Gives the reason where nothing can go.
    """
    graph = Edit(graph).done()  # in the order that every later edit gives, so that chains keep their places
    found = chains(graph)
    if not found:
        return NOTHING
    sampler = Sampler(runs, execute)
    progress(0, len(found), "pruning")
    consumers = [chain.consumer for chain in found]
    weight = [importance(taken, graph, node)
              for taken, node in zip(sampler.taken(graph, consumers), consumers, strict=True)]
    # Of a consumer's own channels none has gone when its turn comes: they are the next chain's.
    wanted = sampler.given(graph, consumers)
    keeps = _kept(graph, found, weight, share)
    now = graph
    for i, keep in enumerate(keeps):
        progress(i, len(found), "pruning")
        chain = chains(now)[i]  # the same chain in the graph as it is by now
        if len(keep) < chain.count:
            taken = sampler.taken(now, [chain.consumer])[0]
            now = slimmed(now, chain, keep, *solved(taken, wanted[i], now, chain, keep))
    return now


def _kept(graph: View, found: Sequence[Chain], weight: Sequence[NDArray[np.float64]], share: float
          ) -> list[NDArray[np.intp]]:
    """The channels of each chain that stay: one limit on importance for what a channel costs, found by bisection."""
    costs = [per_channel(graph, chain) for chain in found]
    total = sum(multiply_adds(graph, n) for n in {n for c in found for n in (c.producer, c.consumer)})
    values = [own / cost for own, cost in zip(weight, costs, strict=True)]
    blocks = [BLOCK if graph.constants[chain.producer.inputs[1]].ndim == IMAGES else 1 for chain in found]

    def kept(limit: float) -> list[NDArray[np.intp]]:
        return [_above(v, limit, block) for v, block in zip(values, blocks, strict=True)]

    low, high = 0.0, max(float(v.max()) for v in values)
    for _ in range(40):
        limit = (low + high) / 2
        gone = sum(cost * (len(v) - len(keep)) for cost, v, keep in zip(costs, values, kept(limit), strict=True))
        low, high = (limit, high) if gone < share * total else (low, limit)
    return kept(high)


def _above(values: NDArray[np.float64], limit: float, block: int) -> NDArray[np.intp]:
    """The channels over the limit, in their order, and the best of the others up to a whole block; never fewer than a
    tenth of them, nor than ``FEWEST``.
    """
    fewest = max(FEWEST, round(len(values) * (1.0 - MOST_OF_A_CHAIN)))
    keep = max(int((values > limit).sum()), fewest)
    if keep > block:
        keep = -(-keep // block) * block
    return np.sort(np.argsort(values)[max(len(values) - keep, 0):])
