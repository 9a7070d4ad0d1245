"""The alarm of remaining life: when its low end comes under what repair needs."""

from __future__ import annotations

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires

MOST_SCORE = 10.0


class LifeLeft:
    """Wires ``low`` and ``high`` [1] kept within 0 and ``cap``, ``task_score`` [1]: ``limit`` / ``low``, at most 10.

    The score is 1 where the low end of the interval comes down to the limit, so the alarm asks for no certainty: with
    an interval of 90 % some 5 % of machines fail before their low end. All in periods.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, limit: float, cap: float) -> None:
        self.limit, self.cap = limit, cap

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        low, high = (g.clip(wires[name], 0.0, self.cap) for name in ("low", "high"))
        score = g.divide(self.limit, g.maximum(low, self.limit / MOST_SCORE))
        return {"low": low, "high": high, "task_score": score}
