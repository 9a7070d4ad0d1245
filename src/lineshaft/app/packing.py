"""``lineshaft bundle pack``: a graph that exists, lowered and certified for more targets, in a bundle of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lineshaft import __version__
from lineshaft import backend as backends
from lineshaft.app.autotune import Tuned, autotune
from lineshaft.app.lowering import Attempt, lower, passed, supported
from lineshaft.app.normal import Rows
from lineshaft.app.precision import METHODS, prepared
from lineshaft.app.recorded import Recorded
from lineshaft.app.sizes import certified_line
from lineshaft.bundle.inspect import look
from lineshaft.bundle.memory import fresh_process_memory
from lineshaft.bundle.pack import Packed, pack
from lineshaft.core.errors import UsageError
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Budget, Limits, Lineage, Manifest
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import StepSignature
from lineshaft.core.target import Target
from lineshaft.graph.check import signature
from lineshaft.graph.reference import golden
from lineshaft.model.golden import golden_inputs
from lineshaft.model.learner import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """A packed bundle, and what became of each backend of each target."""

    packed: Packed
    manifest: Manifest
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a bundle is made of besides its lowerings."""

    manifest: Manifest
    graph: bytes
    golden: tuple[Golden, ...]
    card: str


def of_bundle(path: Path) -> Parts:
    """The parts of a bundle again, as its next version, which names this one as its parent."""
    bundle = look(path).bundle
    made = replace(bundle.manifest.lineage, parent=bundle.digest, created=time.time_ns(), code=__version__)
    manifest = replace(bundle.manifest, version=bundle.manifest.version + 1, lineage=made)
    return Parts(manifest, bundle.graph, bundle.golden, bundle.card.partition("## Certificates")[0])


def of_graph(path: Path, graph: bytes, plant: Recorded, normal: Rows, *, version: int = 1) -> Parts:
    """A step graph from elsewhere with the tags of a recorded plant; golden sequences come from its normal rows."""
    step, tags = signature(graph), plant.dataset.tags
    if step.channels != len(tags):
        raise UsageError(f"takes {step.channels} channels, and {plant.name} has {len(tags)} tags", where=str(path),
                         do="name the graph's tags in its own order with --tag")
    sequences = tuple(golden(graph, one.x, one.quality, one.name)
                      for one in golden_inputs(plant.dataset, normal, Settings()))
    lineage = Lineage(plant.dataset.digest, plant.dataset.version, __version__, time.time_ns(), "imported",
                      f"the graph of {path.name}")
    target = backends.target("pc")
    manifest = Manifest(plant.name, "monitor", version, tags, plant.dataset.period_ns, plant.stale_ns, step,
                        Budget(target.deadline_ns, target.memory_bytes), Limits(), lineage)
    card = f"# {plant.name}, version {version}\n\nThe step graph of `{path.name}`, made elsewhere.\n\n"
    return Parts(manifest, graph, sequences, card)


def pack_for(parts: Parts, targets: Sequence[Target], out: Path, key: Path, progress: Progress = silent) -> Lowered:
    """Lower for every target, certify each, keep only what passed; ``Refused`` where a target is left with nothing."""
    if out.exists():
        raise UsageError("exists already", where=str(out), do="choose another name, or remove it first")
    _require_backends(parts, targets)
    found = tuple(attempt for target in targets
                  for attempt in lower(parts.graph, parts.golden, target, _own(parts.manifest, target),
                                       progress=progress))
    lowerings = passed(found, where=parts.manifest.loop)
    certified = [f"- {certified_line(one.certificate)}" for one in lowerings]
    card = parts.card + "\n".join(["## Certificates", "", *certified, ""])
    packed = pack(out, manifest=parts.manifest, graph=parts.graph, lowerings=lowerings, golden=parts.golden, card=card,
                  key=key)
    return Lowered(packed, parts.manifest, found)


def _require_backends(parts: Parts, targets: Sequence[Target]) -> None:
    """A target that nothing can be compiled for is told before minutes go into the others."""
    for target in targets:
        if target.precision in METHODS:
            continue  # backends are asked of another graph, which is still to be made
        answers = supported(parts.graph, target)
        if all(answer.reason for answer in answers):
            passed(answers, where=parts.manifest.loop)


def tune(parts: Parts, target: Target, progress: Progress = silent) -> tuple[Tuned, ...]:
    """What runs this graph on this machine, the best first."""
    return autotune(parts.graph, parts.golden, target, prepared(parts.graph, parts.golden), memory_of=_memory,
                    progress=progress)


def as_tuned(target: Target, chosen: Tuned) -> Target:
    """The target with the candidate that won, and nothing else."""
    return replace(target, backends=(chosen.backend,), precision=chosen.precision, threads=chosen.threads)


def _memory(artifact: bytes, step: StepSignature, target: Target, backend: str) -> int:
    return fresh_process_memory(partial(backends.backend(backend).load, artifact, step, target))


def _own(manifest: Manifest, target: Target) -> Budget:
    """The task's deadline, and the target's memory: the task's was promised for a process on a PC."""
    return Budget(manifest.budget.deadline_ns, target.memory_bytes)
