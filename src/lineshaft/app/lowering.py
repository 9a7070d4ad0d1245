"""graph + targets -> certified lowerings: every backend that a target allows is tried, what passes is kept.

A no is kept too, with its reason: it is what ``lineshaft graph targets`` and ``bundle pack`` show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from lineshaft import backend as backends
from lineshaft.bundle import oci
from lineshaft.bundle.certify import certify
from lineshaft.bundle.contents import Lowering
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Budget
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Backend
from lineshaft.core.target import Target
from lineshaft.graph.check import signature


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One backend on one target: a certified ``lowering``, or the ``reason`` why there is none."""

    backend: str
    target: str
    lowering: Lowering | None = None
    reason: str = ""


def supported(graph: bytes, target: Target) -> tuple[Attempt, ...]:
    """What each backend of a target says of a graph before anything is compiled; an empty reason is a yes."""
    return tuple(Attempt(name, target.name, reason="; ".join(backends.backend(name).supports(graph, target).reasons))
                 for name in target.backends)


def lower(graph: bytes, sequences: Sequence[Golden], target: Target, budget: Budget | None = None, *,
          progress: Progress = silent) -> tuple[Attempt, ...]:
    """Compile and certify a graph with each backend of a target, in the target's order of preference.

    ``sequences`` carry the reference's outputs for this very graph. ``budget`` is the task's promise, the target's
    own unless given.
    """
    budget = budget or Budget(target.deadline_ns, target.memory_bytes)
    return tuple(_attempt(graph, sequences, target, budget, backends.backend(name), progress)
                 for name in target.backends)


def passed(attempts: Sequence[Attempt], *, where: str) -> list[Lowering]:
    """The lowerings there are; ``Refused`` with every reason where a target has none."""
    for target in dict.fromkeys(one.target for one in attempts):
        tried = [one for one in attempts if one.target == target]
        if not any(one.lowering for one in tried):
            raise Refused(f"no backend of target {target} runs this graph as promised: "
                          + "; ".join(f"{one.backend}: {one.reason}" for one in tried), where=where,
                          do="choose another target, a smaller learner, or compress the graph")
    return [one.lowering for one in attempts if one.lowering is not None]


def _attempt(graph: bytes, sequences: Sequence[Golden], target: Target, budget: Budget, backend: Backend,
             progress: Progress) -> Attempt:
    support = backend.supports(graph, target)
    if not support:
        return Attempt(backend.name, target.name, reason="; ".join(support.reasons))
    try:
        artifact = backend.compile(graph, target)
        facts = backend.facts(artifact, target)
        factory = partial(backend.load, artifact, signature(graph), target)
        certificate = certify(factory, sequences, target, backend=backend.name, graph=oci.digest(graph), budget=budget,
                              facts=facts, artifact_bytes=len(artifact), progress=progress)
    except (Refused, EnvironmentFailed) as error:
        return Attempt(backend.name, target.name, reason=str(error))
    return Attempt(backend.name, target.name, Lowering(artifact, certificate))
