"""What a graph costs on its target: it is lowered, certified and timed as the bundle's own lowering is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lineshaft.app.lowering import Attempt, lower, passed
from lineshaft.app.sizes import size
from lineshaft.bundle import oci
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Budget, Certificate
from lineshaft.core.target import Target
from lineshaft.graph.reference import golden
from lineshaft.model.golden import Inputs
from lineshaft.model.search.cost import Cost

MOST_COMPACT = 4
"""A number of a graph (four bytes) takes no less than one byte, as int8."""
Lowered = tuple[list[Golden], tuple[Attempt, ...]]


class Measuring:
    """A ``Measure`` for one target and budget; the lowerings it made are there for the bundle.

    ``inputs`` gives those of the golden sequences for a window of so many ticks.
    """

    def __init__(self, inputs: Callable[[int], Sequence[Inputs]], target: Target, budget: Budget, where: str = ""
                 ) -> None:
        self._inputs, self._target, self._budget, self._where = inputs, target, budget, where
        self._made: dict[str, Lowered] = {}

    def __call__(self, graph: bytes, window: int) -> Cost:
        return cost(passed(self.lowered(graph, window)[1], where=self._where)[0].certificate)

    def lowered(self, graph: bytes, window: int) -> Lowered:
        """The golden sequences of a graph and what each backend of the target made of it, found out once."""
        digest = oci.digest(graph)
        if digest not in self._made:
            sequences = [golden(graph, one.x, one.quality, one.name) for one in self._inputs(window)]
            self._made[digest] = sequences, lower(graph, sequences, self._target, self._budget)
        return self._made[digest]

    def too_large(self, graph: bytes) -> str:
        allowed = self._target.flash_bytes or min(self._target.memory_bytes, self._budget.memory_bytes)
        if len(graph) <= MOST_COMPACT * allowed:
            return ""
        return f"its graph of {size(len(graph))} is far over the {size(allowed)} that target {self._target.name} has"


def cost(certificate: Certificate) -> Cost:
    """The figures of a certificate that a budget bounds."""
    return Cost(certificate.backend, *certificate.latency_ns[:2], certificate.memory_bytes, certificate.flash_bytes,
                certificate.ram_bytes, certificate.emulator)
