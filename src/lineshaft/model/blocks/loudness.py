"""Loudness: how strong each band of a signal is in absolute terms, as standards of vibration severity measure it."""

from __future__ import annotations

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.signal import joined
from lineshaft.model.blocks.spectrum import linear_bands, welch
from lineshaft.model.pipeline import Seen, Wires

SMALLEST = 1e-12


class Loudness:
    """Appends to ``features``, for each sensor of ``signal`` [C, T]: log power of ``bands`` bands of equal width.

    They reach up to ``top``, a share of the rate. Right where learning and use share sensor, place and gain.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, bands: int = 5, segment: int = 512, top: float = 0.5) -> None:
        self.bands, self.segment, self.top = bands, segment, top

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        signal = wires["signal"]
        segment = min(self.segment, signal.shape[1])
        power = g.project(welch(g, signal, segment), linear_bands(segment, self.bands, self.top))
        return joined(g, wires, [g.log(g.add(power, SMALLEST))])
