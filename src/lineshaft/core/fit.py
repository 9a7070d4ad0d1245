"""Fit: how a certificate made elsewhere agrees with the machine that an engine stands on now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fit:
    """What a node found when it took an engine.

    ``differs`` names what is not as certified (processor, system, libraries) as "here, certified there"; empty on a
    machine like the one of the certificate. ``latency_ns`` are p50, p99, p99.9 and max of a step, measured here,
    beside ``certified_ns``. ``passed_over`` are backends that the target prefers and that were not taken, with why.
    """

    backend: str
    target: str
    parity: float
    latency_ns: tuple[int, int, int, int]
    certified_ns: tuple[int, int, int, int]
    differs: Mapping[str, str]
    passed_over: Mapping[str, str]
