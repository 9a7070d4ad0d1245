"""bundle -> engine on this machine: the certificate is read, never believed; every claim is measured again.

Loads neither the graph nor onnx: it is the node's side.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass

from lineshaft import backend as backends
from lineshaft.bundle.contents import Bundle, Lowering
from lineshaft.bundle.latency import measure
from lineshaft.bundle.machine import describe
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.errors import LineshaftError, Refused
from lineshaft.core.exhausted import Exhausted
from lineshaft.core.fit import Fit
from lineshaft.core.foreign import told
from lineshaft.core.step import Engine
from lineshaft.core.target import Target


@dataclass(frozen=True, slots=True, eq=False)
class Seated:
    """An engine that did on this machine what its certificate says, and how it compares."""

    engine: Engine
    fit: Fit
    lowering: Lowering


def seated(bundle: Bundle, target_name: str) -> Seated:
    """The engine of the first backend in the target's order that is in the bundle and passes here.

    It replays the golden sequences within the certified bound and its steps keep the deadline on this machine.
    Raises ``Refused`` with the reason of each backend when none does, ``Exhausted`` where memory ran out over it.
    """
    target = backends.target(target_name)
    passed_over: dict[str, str] = {}
    for lowering in _in_order(bundle, target):
        try:
            return _seated(bundle, lowering, target, dict(passed_over))
        except Exhausted:  # says nothing about the bundle
            raise
        except LineshaftError as error:  # a backend that is unknown here is no reason to leave the others untried
            passed_over[lowering.certificate.backend] = str(error)
    if not passed_over:
        there = ", ".join(f"{one.certificate.backend} on {one.certificate.target}" for one in bundle.lowerings)
        raise Refused(f"is not certified for target {target_name}, only for {there}", where=bundle.manifest.loop,
                      do=f"pack it again with --target {target_name}")
    raise Refused("; ".join(f"{name}: {why}" for name, why in passed_over.items()), where=bundle.manifest.loop,
                  do=f"certify it on this machine: `lineshaft bundle pack` with --target {target_name}")


def _in_order(bundle: Bundle, target: Target) -> list[Lowering]:
    """Those of this target: as it prefers them, then what the packing chose besides."""
    own = [one for one in bundle.lowerings if one.certificate.target == target.name]
    place = {name: i for i, name in enumerate(target.backends)}
    return sorted(own, key=lambda one: place.get(one.certificate.backend, len(place)))


def _seated(bundle: Bundle, lowering: Lowering, target: Target, passed_over: dict[str, str]) -> Seated:
    certificate = lowering.certificate
    where = f"{certificate.backend} on {target.name}"
    if not target.runs_on(platform.machine()):
        raise Refused(f"this machine is {platform.machine()}, and the target is {target.architecture}", where=where,
                      do="name the target that this machine is")
    step = certificate.signature(bundle.manifest.signature)
    deadline = min(target.deadline_ns, bundle.manifest.budget.deadline_ns)
    with told("loading and running its engine"):
        engine = backends.backend(certificate.backend).load(lowering.artifact, step, target)
        found = replay_golden(engine, bundle.golden, certificate.bound, where=where)
        latency = measure(engine, bundle.golden, deadline, where=where)
    return Seated(engine, Fit(certificate.backend, target.name, found.parity, latency, certificate.latency_ns,
                              differences(certificate.machine), passed_over), lowering)


def differences(certified: dict[str, str]) -> dict[str, str]:
    """What this machine has otherwise than the one of a certificate.

    >>> differences(describe())
    {}
    """
    here = describe()
    return {name: f"{here.get(name, 'none')} here, {said} there" for name, said in certified.items()
            if here.get(name) != said}
