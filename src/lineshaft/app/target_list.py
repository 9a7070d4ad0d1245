"""Which targets there are, and what each of their backends says: of a graph, or of this installation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft import backend as backends
from lineshaft.app.lowering import Attempt, supported
from lineshaft.core.progress import Progress, silent
from lineshaft.core.target import Target
from lineshaft.graph.builder import StepBuilder


@dataclass(frozen=True, slots=True)
class Listed:
    """A target and the answers of its backends, in its order of preference."""

    target: Target
    answers: tuple[Attempt, ...]


def list_targets(graph: bytes | None = None, only: Sequence[str] = (), progress: Progress = silent
                 ) -> tuple[Listed, ...]:
    """All targets, or those named; without a graph a small one is asked about, so a no is about what is installed."""
    asked = graph if graph is not None else _plain()
    targets = [backends.target(name) for name in only or backends.targets()]
    found = []
    for number, target in enumerate(targets):
        progress(number, len(targets), "asking backends")
        found.append(Listed(target, supported(asked, target)))
    return tuple(found)


def _plain() -> bytes:
    """A dense layer over four tags: what every backend takes if its library is there."""
    g = StepBuilder(4)
    hidden = g.tanh(g.add(g.project(g.x, np.eye(4)), np.full(4, 0.5)))
    score = g.sum(g.square(hidden))
    return g.model({"score": score, "alarm": g.number(g.greater(score, 1.0))})
