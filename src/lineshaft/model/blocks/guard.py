"""Guard: what is no number a plant can send counts as masked, whatever the node before it let through."""

from __future__ import annotations

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires

LARGEST = 1e30  # beyond it the square of a deviation leaves float32


class Guard:
    """Replaces ``x`` and ``quality`` [C]: NaN, infinities and sizes above 1e30 are masked and read 0.

    The node never passes such a value on; a graph that is stepped by other software can't rely on that, and one NaN
    in a window state would stay for ever.
    """

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        sound = g.less(g.absolute(wires["x"]), LARGEST)  # false for NaN
        return {"x": g.where(sound, wires["x"], 0.0), "quality": g.where(sound, wires["quality"], 0.0)}
