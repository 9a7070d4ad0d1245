"""Which nodes bear eight bits: each is tried alone, and those that hurt the result most stay in float."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Array, Executor
from lineshaft.graph.fidelity import NORMAL, Run, say
from lineshaft.graph.quantise.observe import Seen
from lineshaft.graph.quantise.static import Plan, quantised
from lineshaft.graph.view import Node, View

OUTPUT = "score"


def error(graph: bytes, wanted: Array, runs: Sequence[Run], execute: Executor) -> float:
    """Root mean square of the score's change on rows that matter, over the score's own deviation there.

    For a score of one value these are the normal rows: far over the limit eight bits saturate, and nothing hangs on it.
    """
    gap = _score(graph, runs, execute) - wanted
    return float(np.sqrt(np.mean(gap**2)) / max(float(np.std(wanted)), 1e-12))


def sensitivities(graph: View, nodes: Sequence[Node], seen: Mapping[str, Seen], runs: Sequence[Run], execute: Executor,
                  plan: Plan, progress: Progress = silent) -> dict[Node, float]:
    """The error of the score with each node alone in eight bits."""
    wanted = _score(graph.bytes(), runs, execute)
    found = {}
    for i, node in enumerate(nodes):
        progress(i, len(nodes), "quantising node by node")
        found[node] = error(quantised(graph, [node], seen, plan).bytes(), wanted, runs, execute)
    return found


def bearable(errors: Mapping[Node, float], bound: float) -> tuple[Node, ...]:
    """As many nodes as can have eight bits, the harmless first, while their errors together stay below ``bound``.

    Errors of rounding add like independent ones, by their squares.
    """
    kept, total = set(), 0.0
    for node, own in sorted(errors.items(), key=lambda pair: pair[1]):
        total += own**2
        if total > bound**2:
            break
        kept.add(node)
    return tuple(node for node in errors if node in kept)


def _score(graph: bytes, runs: Sequence[Run], execute: Executor) -> Array:
    said = say(graph, runs, execute, (OUTPUT,))
    classes = said[0][OUTPUT].shape[-1] > 1
    return np.concatenate([one[OUTPUT][run.labels >= 0 if classes else run.labels == NORMAL]
                           for one, run in zip(said, runs, strict=True)])
