"""Golden replay: does this engine say what the independent reference said?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Tolerance
from lineshaft.core.step import Array, Engine

VERDICTS = frozenset({"alarm", "known"})  # outputs whose crossing of 0.5 is counted as a flip, not as distance
SMALL = 1e-3  # below it a relative gap says nothing


@dataclass(frozen=True, slots=True)
class Replay:
    """How far an engine was from the reference: the worst distance, where it was, and verdicts that differed.

    ``absolute`` is the largest |engine - reference|, ``relative`` the largest one over |reference| among values of at
    least 1e-3; both leave out places where either is infinite or no number, which ``parity`` counts.
    """

    parity: float
    flips: int
    ticks: int
    worst: str = ""
    absolute: float = 0.0
    relative: float = 0.0


def replay_golden(engine: Engine, golden: Sequence[Golden], tolerance: Tolerance, *, where: str = "") -> Replay:
    """Step the engine over every sequence from zero state; ``Refused`` with the figures if it is too far off.

    Every asset of the engine sees the same sequence and must give the same answer. The engine is left reset.
    """
    if not golden:
        raise Refused("there is no golden sequence to replay", where=where,
                      do="pack the bundle with at least one")
    parts = [_replay(engine, sequence, sequence.name or f"sequence {i}", where) for i, sequence in enumerate(golden)]
    worst = max(parts, key=lambda part: part.parity)
    total = Replay(worst.parity, sum(part.flips for part in parts), sum(part.ticks for part in parts), worst.worst,
                   max(part.absolute for part in parts), max(part.relative for part in parts))
    if not total.parity <= tolerance.parity:
        raise Refused(f"differs from the reference by {total.parity:.3g} at {total.worst}, more than the "
                      f"allowed {tolerance.parity:g}", where=where, do="use another backend or precision")
    if total.flips > tolerance.flips:
        raise Refused(f"{total.flips} of {total.ticks} golden verdicts flipped, {tolerance.flips} allowed",
                      where=where, do="use another backend or precision")
    return total


def _replay(engine: Engine, golden: Golden, name: str, where: str) -> Replay:
    _require_match(engine, golden, f"{where} {name}".strip())
    seen = {port: np.empty((len(golden), engine.assets, *expected.shape[1:]), np.float32)
            for port, expected in golden.outputs.items()}
    engine.reset()
    for tick in range(len(golden)):
        engine.x[...], engine.quality[...] = golden.x[tick], golden.quality[tick]
        engine.step()
        out = engine.out
        for port, kept in seen.items():
            kept[tick] = out[port]
    engine.reset()
    flips = sum(int(np.count_nonzero((seen[name] > 0.5) != (golden.outputs[name][:, None] > 0.5)))
                for name in seen.keys() & VERDICTS)
    parity, worst, absolute, relative = 0.0, "", 0.0, 0.0
    for port in sorted(seen.keys() - VERDICTS):
        expected = golden.outputs[port][:, None]
        gap = distance(seen[port], expected)
        if gap.size and not gap.max() <= parity:
            at = np.unravel_index(int(gap.argmax()), gap.shape)
            parity, worst = float(gap.max()), f"output {port} of {name}, tick {at[0]}"
        far, rated = _gaps(seen[port], expected)
        absolute, relative = max(absolute, far), max(relative, rated)
    return Replay(parity, flips, len(golden), worst, absolute, relative)


def _gaps(found: Array, expected: Array) -> tuple[float, float]:
    """Largest absolute and relative gap among finite values."""
    wide, reference = np.broadcast_arrays(found.astype(np.float64), expected.astype(np.float64))
    finite = np.isfinite(wide) & np.isfinite(reference)
    gap, size = np.abs(wide[finite] - reference[finite]), np.abs(reference[finite])
    rated = gap[size >= SMALL] / size[size >= SMALL]
    return float(gap.max(initial=0.0)), float(rated.max(initial=0.0))


def distance(found: Array, expected: Array) -> NDArray[np.float64]:
    """|found - expected| / (1 + |expected|); equal infinities and two NaN are 0, one NaN alone is infinite.

    >>> distance(np.float32([1.5, np.nan, np.nan]), np.float32([1.0, np.nan, 0.0])).tolist()
    [0.25, 0.0, inf]
    """
    wide, reference = found.astype(np.float64), expected.astype(np.float64)
    with np.errstate(invalid="ignore"):
        gap = np.abs(wide - reference) / (1.0 + np.abs(reference))
    same = (wide == reference) | (np.isnan(wide) & np.isnan(reference))
    return np.where(same, 0.0, np.where(np.isnan(gap), np.inf, gap))


def _require_match(engine: Engine, golden: Golden, where: str) -> None:
    channels = engine.signature.channels
    if golden.x.shape != (len(golden), channels):
        raise Refused(f"has {golden.x.shape[1]} channels and the engine {channels}", where=where,
                      do="pack the bundle again")
    ports = {port.name: port.shape for port in engine.signature.outputs}
    for name, expected in golden.outputs.items():
        if ports.get(name) != expected.shape[1:]:
            raise Refused(f"output {name} has shape {expected.shape[1:]} and the engine's "
                          f"{ports.get(name, 'is missing')}", where=where, do="pack the bundle again")
