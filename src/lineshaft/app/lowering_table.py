"""What became of each backend of each target, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.app.autotune import Tuned
from lineshaft.app.lowering import Attempt
from lineshaft.app.sizes import size
from lineshaft.core.clock import format_duration
from lineshaft.core.manifest import Certificate

HEAD = ["target", "backend", "", "parity", "flips", "p50", "p99", "memory", "size"]


def attempt_rows(attempts: Sequence[Attempt]) -> list[list[str]]:
    """A row each of those that passed, with the heading; none where none did."""
    kept = [one.lowering.certificate for one in attempts if one.lowering is not None]
    return [HEAD, *(_row(one) for one in kept)] if kept else []


def refusals(attempts: Sequence[Attempt]) -> list[str]:
    """A sentence each of those that didn't."""
    return [f"{one.target}, {one.backend}: {one.reason}" for one in attempts if one.reason]


def tuned_rows(tuned: Sequence[Tuned]) -> list[list[str]]:
    """Every candidate that is in, quickest first, with the heading."""
    return [["backend", "precision", "threads", "p50", "p99", "parity", "flips", "memory", "size"],
            *([one.backend, one.precision, str(one.threads), format_duration(one.p50), format_duration(one.p99),
               f"{one.parity:.1e}", str(one.flips), size(one.memory_bytes), size(one.artifact_bytes)]
              for one in tuned if not one.reason)]


def left_out(tuned: Sequence[Tuned]) -> list[str]:
    """Why the others are out; reasons that several share are said once."""
    names: dict[str, list[str]] = {}
    for one in tuned:
        if one.reason:
            names.setdefault(one.reason, []).append(one.name)
    return [f"{', '.join(who)}: {reason}" for reason, who in names.items()]


def _row(one: Certificate) -> list[str]:
    fixed = [one.target, one.backend, one.precision, f"{one.parity:.1e}", str(one.flips)]
    if one.emulator:
        return [*fixed, "emulated", "", f"{size(one.ram_bytes)} RAM" if one.ram_bytes else "",
                f"{size(one.flash_bytes)} flash" if one.flash_bytes else size(one.artifact_bytes)]
    p50, p99 = (format_duration(one.latency_ns[i]) for i in range(2))
    return [*fixed, p50, p99, size(one.memory_bytes), size(one.artifact_bytes)]
