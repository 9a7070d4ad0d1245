"""graph + targets -> certified lowerings: every backend that a target allows is tried, what passes is kept.

A no is kept too, with its reason: it is what ``lineshaft graph targets`` and ``bundle pack`` show.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from lineshaft import backend as backends
from lineshaft.app.forms import Form, offered
from lineshaft.app.in_turns import in_turns
from lineshaft.app.precision import in_precision
from lineshaft.bundle import oci
from lineshaft.bundle.certify import certify
from lineshaft.bundle.contents import Lowering
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.foreign import told
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Budget
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Backend, Facts
from lineshaft.core.target import Target
from lineshaft.graph.check import signature
from lineshaft.graph.rewrite import Change

TRIAL_BLOCKS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One backend on one target: a certified ``lowering``, or the ``reason`` why there is none.

    ``changes`` are the rewrites of the form that was kept, empty where the graph as written was the quickest.
    """

    backend: str
    target: str
    lowering: Lowering | None = None
    reason: str = ""
    changes: tuple[Change, ...] = ()


def supported(graph: bytes, target: Target) -> tuple[Attempt, ...]:
    """What each backend of a target says of a graph before anything is compiled; an empty reason is a yes."""
    return tuple(Attempt(name, target.name, reason=offered(graph, backends.backend(name), target)[1])
                 for name in target.backends)


def lower(graph: bytes, sequences: Sequence[Golden], target: Target, budget: Budget | None = None, *,
          progress: Progress = silent) -> tuple[Attempt, ...]:
    """Compile and certify a graph with each backend of a target, in the target's order of preference.

    ``sequences`` carry the reference's outputs for this very graph. ``budget`` is the task's promise, the target's
    own unless given.
    """
    budget = budget or Budget(target.deadline_ns, target.memory_bytes)
    try:
        with told(f"bringing the graph into {target.precision}"):
            own = in_precision(graph, sequences, target)
    except (Refused, EnvironmentFailed) as error:
        return tuple(Attempt(name, target.name, reason=str(error)) for name in target.backends)
    return tuple(_attempt(graph, own, sequences, target, budget, backends.backend(name), progress)
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


def _attempt(graph: bytes, own: bytes, sequences: Sequence[Golden], target: Target, budget: Budget, backend: Backend,
             progress: Progress) -> Attempt:
    """The quickest form of ``own``, the graph in the target's precision, that this backend takes and that passes."""
    try:
        with told("compiling and running it"):
            forms, reason = offered(own, backend, target)
            if not forms:
                return Attempt(backend.name, target.name, reason=reason)
            compiled = [_Compiled(form, backend.compile(form.graph, target)) for form in forms]
            refused: Refused | None = None
            for one in _quickest_first(compiled, target, backend, sequences):
                try:
                    return _certified(one, graph, sequences, target, budget, backend, progress)
                except Refused as error:
                    refused = refused or error
            assert refused is not None  # each of them was refused
            raise refused
    except (Refused, EnvironmentFailed) as error:
        return Attempt(backend.name, target.name, reason=str(error))


@dataclass(frozen=True, slots=True, eq=False)
class _Compiled:
    form: Form
    artifact: bytes


def _certified(one: _Compiled, graph: bytes, sequences: Sequence[Golden], target: Target, budget: Budget,
               backend: Backend, progress: Progress) -> Attempt:
    facts = _of_the_target(backend.facts(one.artifact, target), target)
    notes = {"form": one.form.name, **facts.notes}
    factory = partial(backend.load, one.artifact, signature(one.form.graph), target)
    certificate = certify(factory, sequences, target, backend=backend.name, graph=oci.digest(graph), budget=budget,
                          facts=replace(facts, notes=notes), artifact_bytes=len(one.artifact), progress=progress)
    return Attempt(backend.name, target.name, Lowering(one.artifact, certificate), changes=one.form.changes)


def _of_the_target(facts: Facts, target: Target) -> Facts:
    """A runtime that is the same everywhere runs here natively, which says nothing of another machine's times."""
    if facts.emulator or target.runs_on(platform.machine()):
        return facts
    return replace(facts, emulator=f"natively on {platform.machine()} in place of {target.architecture}")


def _quickest_first(compiled: Sequence[_Compiled], target: Target, backend: Backend, sequences: Sequence[Golden]
                    ) -> Sequence[_Compiled]:
    """By the median of a step on this machine, in turns; as they are where they run emulated."""
    if len(compiled) < 2 or backend.facts(compiled[0].artifact, target).emulator:
        return compiled
    engines = [backend.load(one.artifact, signature(one.form.graph), target) for one in compiled]
    medians = in_turns(engines, sequences, TRIAL_BLOCKS)
    return [one for _, one in sorted(zip(medians, compiled, strict=True), key=lambda pair: pair[0][0])]
