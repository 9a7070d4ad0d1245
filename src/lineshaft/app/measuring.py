"""What a graph costs on its target: it is lowered, certified and timed as the bundle's own lowering is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lineshaft.app.lowering import Attempt, lower, passed
from lineshaft.app.sizes import size
from lineshaft.bundle import oci
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Budget, Certificate
from lineshaft.core.progress import Progress, silent
from lineshaft.core.target import Target
from lineshaft.graph.reference import goldens
from lineshaft.model.golden import Inputs
from lineshaft.model.learnt import Windowed
from lineshaft.model.search.cost import Cost, Measure

MOST_COMPACT = 4
"""A number of a graph (four bytes) takes no less than one byte, as int8."""


@dataclass(frozen=True, slots=True)
class Warm:
    """A model of which no more is known than after how many ticks it is warm."""

    window: int
    seed: int = 0


Lowered = tuple[tuple[Golden, ...], tuple[Attempt, ...]]


class Measuring:
    """A ``Measure`` for one target and budget; the lowerings it made are there for the bundle.

    ``inputs`` gives those of the golden sequences for a model's window.
    """

    def __init__(self, inputs: Callable[[Windowed], Sequence[Inputs]], target: Target, budget: Budget, where: str = ""
                 ) -> None:
        self._inputs, self._target, self.budget, self._where = inputs, target, budget, where
        self._made: dict[str, Lowered] = {}

    def __call__(self, graph: bytes, window: int) -> Cost:
        return cost(passed(self.lowered(graph, Warm(window))[1], where=self._where)[0].certificate)

    def lowered(self, graph: bytes, model: Windowed, progress: Progress = silent) -> Lowered:
        """The golden sequences of a graph and what each backend of the target made of it, found out once."""
        digest = oci.digest(graph)
        if digest not in self._made:
            sequences = goldens(graph, [(one.x, one.quality, one.name) for one in self._inputs(model)])
            self._made[digest] = sequences, lower(graph, sequences, self._target, self.budget, progress=progress)
        return self._made[digest]

    def too_large(self, graph: bytes) -> str:
        allowed = self._target.flash_bytes or min(self._target.memory_bytes, self.budget.memory_bytes)
        if len(graph) <= MOST_COMPACT * allowed:
            return ""
        return f"its graph of {size(len(graph))} is far over the {size(allowed)} that target {self._target.name} has"


def refused(measure: Measure, window: int, graph: bytes) -> str:
    """Why a graph breaks the budget, with figure and limit; nothing where it keeps it."""
    try:
        measure(graph, window)
    except Refused as no:
        return str(no)
    return ""


def cost(certificate: Certificate) -> Cost:
    """The figures of a certificate that a budget bounds."""
    return Cost(certificate.backend, *certificate.latency_ns[:2], certificate.memory_bytes, certificate.flash_bytes,
                certificate.ram_bytes, certificate.emulator)
