"""What a plant told of the target: good samples of a laboratory or an analyser, each about a moment that has passed."""

from __future__ import annotations

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Seen, Wires

LONGEST = 1e6


class Told:
    """The newest sample of the tag ``column`` that came before this tick, with the inputs that it was about.

    A good value of the tag that is not the one of the tick before (a node holds a value until the next one comes)
    describes the inputs of ``delay`` ticks before. What comes at a tick counts from
    the next one on: an answer is never given with the value it is compared with. Wires: ``told`` [1] the value (0
    before the first), ``told_any`` [1] whether there was one, ``told_age`` [1] ticks since what it describes,
    ``told_z`` [n] the inputs then; ``arrives`` [1] (a condition) and ``arriving`` [1] are of this tick, for blocks that
    learn from it, and ``about_z`` [n] are the inputs that it is about.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, column: int, delay: int = 0) -> None:
        self.column, self.delay = column, delay

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = wires["z"]
        arriving = g.slice(wires["x"], self.column, self.column + 1)
        good = g.greater(g.slice(wires["quality"], self.column, self.column + 1), 0.5)
        fresh = self._fresh(g, arriving, good)
        arrives = g.both(g.both(good, fresh), g.greater(g.ticks("told_ticks", self.delay + 1), self.delay + 0.5))
        about = before(g, "told_about", z, self.delay)
        value, any_yet, age, then = (g.state(f"told_{name}_held", shape) for name, shape in (
            ("value", (1,)), ("any", (1,)), ("age", (1,)), ("z", z.shape)))
        g.keep("told_value_held", g.where(arrives, arriving, value))
        g.keep("told_any_held", g.maximum(any_yet, g.number(arrives)))
        older = g.minimum(g.add(age, 1.0), LONGEST)
        g.keep("told_age_held", g.where(arrives, self.delay + 1.0, older))
        g.keep("told_z_held", g.where(arrives, about, then))
        return {"told": value, "told_any": any_yet, "told_age": age, "told_z": then, "arrives": arrives,
                "arriving": arriving, "about_z": about}

    def _fresh(self, g: StepBuilder, arriving: Wire, good: Wire) -> Wire:
        """Whether this tick's good value [1] is another than the one before, or the first after none."""
        last, there = g.state("told_last", (1,)), g.state("told_there", (1,))
        g.keep("told_last", arriving)
        g.keep("told_there", g.number(good))
        changed = g.greater(g.absolute(g.subtract(arriving, last)), 0.0)
        return g.either(changed, g.less(there, 0.5))


def before(g: StepBuilder, name: str, wire: Wire, delay: int) -> Wire:
    """The wire [n] as it was ``delay`` ticks ago; zeros before the first."""
    if not delay:
        return wire
    return g.reshape(g.slice(g.window(name, wire, delay + 1), 0, 1), wire.shape)
