"""Faults injected into held-out normal history: how learners are compared where no real fault is on record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.step import Array

SIZES = (1.0, 2.0, 4.0, 8.0)
MOST_TAGS = 16


@dataclass(frozen=True, slots=True)
class Injection:
    """One synthetic fault: what happens to one tag; ``size`` in normal deviations of that tag."""

    kind: str
    tag: int
    size: float


def injections(channels: int, random: np.random.Generator) -> list[Injection]:
    """Every kind and size on at most 16 tags drawn at random."""
    tags = random.permutation(channels)[:MOST_TAGS].tolist()
    return [Injection(kind, tag, size) for kind, size in _kinds() for tag in tags]


def kinds(tag: int) -> list[Injection]:
    """Each kind once on one tag, at its largest size."""
    return list({kind: Injection(kind, tag, size) for kind, size in _kinds()}.values())


def injected(x: Array, faults: list[Injection], onset: int, random: np.random.Generator) -> Array:
    """[T, len(faults), C]: copies of ``x`` [T, C], each with one fault from row ``onset`` on."""
    scale = x.std(axis=0, dtype=np.float64)
    copies = np.repeat(x[:, None], len(faults), axis=1)
    for place, fault in enumerate(faults):
        copies[onset:, place, fault.tag] = _altered(x[:, fault.tag], fault, onset, float(scale[fault.tag]), random)
    return copies


def _kinds() -> Iterator[tuple[str, float]]:
    for kind in ("bias", "drift", "noise"):
        for size in SIZES:
            yield kind, size
    yield "freeze", 1.0
    yield "decouple", 1.0


def _altered(signal: Array, fault: Injection, onset: int, scale: float, random: np.random.Generator
             ) -> NDArray[np.floating]:
    after, length = signal[onset:], len(signal) - onset
    step = fault.size * scale
    if fault.kind == "bias":
        return after + step * _sign(random)
    if fault.kind == "drift":
        return after + step * _sign(random) * np.linspace(0, 2, length)
    if fault.kind == "noise":
        return after + step * random.normal(size=length)
    if fault.kind == "freeze":
        return np.full(length, signal[onset - 1])
    # decouple: values this tag has had, at the wrong time, so only its relation to the others is broken
    return np.asarray(np.roll(signal, len(signal) // 2)[onset:])


def _sign(random: np.random.Generator) -> float:
    return 1.0 if random.random() < 0.5 else -1.0
