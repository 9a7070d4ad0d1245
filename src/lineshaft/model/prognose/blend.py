"""A blend of two learners, weighted by how they did on machines that taught neither.

Breiman, "Stacked regressions", Machine Learning 24, 1996, with weights from 0 to 1 that sum to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.path import Lagged, Recent
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Block, Seen, Wires
from lineshaft.model.prognose.network import LENGTH, Network
from lineshaft.model.prognose.similarity import LAGS, Library
from lineshaft.model.prognose.trees import CHOSEN, Thinned
from lineshaft.model.prognosis import Capped, Settings, front
from lineshaft.model.supervised import Candidate

PARTS = 2
Make = Callable[[], Block]


class Copy:
    """A head learnt without one part of the machines: wire ``name`` [1] is what it says.

    It serves the choice of weights alone and leaves the graph with it.
    """

    def __init__(self, name: str, head: Block, part: int) -> None:
        self.name, self.head, self.part = name, head, part
        self.reads = (*head.reads, *(() if "group" in head.reads else ("group",)))

    def fit(self, seen: Seen) -> None:
        others = part_of(seen["group"]) != self.part
        if not others.any() or others.all():
            raise UsageError("one machine is too few to weigh two learners by", where="target",
                             do="give the histories of two or more to learn from")
        self.head.fit(seen.rows(others))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {self.name: self.head.emit(g, wires)["value"]}


class Blend:
    """Wire ``value`` [1]: ``weight`` of the first head and the rest of the second, both learnt from every machine."""

    def __init__(self, heads: Sequence[Block]) -> None:
        self.heads = tuple(heads)
        copies = tuple(copy_name(head, part) for head in range(len(self.heads)) for part in range(PARTS))
        self.reads = tuple(dict.fromkeys((*(name for head in self.heads for name in head.reads), "group", *copies)))
        self.weight = 0.5

    def fit(self, seen: Seen) -> None:
        part = part_of(seen["group"])
        first, second = (_left_out(seen, head, part) for head in range(2))
        apart = first - second
        wanted = np.asarray(seen["target"], np.float64)[:, 0] - second
        self.weight = float(np.clip((apart * wanted).sum() / max(float((apart**2).sum()), 1e-12), 0.0, 1.0))
        for head in self.heads:
            head.fit(seen)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        first, second = (head.emit(g, wires)["value"] for head in self.heads)
        return {"value": g.add(g.multiply(first, self.weight), g.multiply(second, 1.0 - self.weight))}


def part_of(group: NDArray[np.integer]) -> NDArray[np.int64]:
    """The part [N] of each row's machine: they are dealt in turn."""
    return np.asarray(np.unique(group, return_inverse=True)[1].reshape(-1) % PARTS, np.int64)


def copy_name(head: int, part: int) -> str:
    return f"blend_{head}_{part}"


def _left_out(seen: Seen, head: int, part: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the copies said of the machines that they had not seen [N]."""
    said = np.hstack([seen[copy_name(head, k)] for k in range(PARTS)]).astype(np.float64)
    return np.asarray(said[np.arange(len(part)), part], np.float64)


def _candidate(name: str, examples: Examples, settings: Settings, makes: Sequence[Make], more: Sequence[Block]
               ) -> Candidate:
    """The front with the copies behind it, then the blend."""
    before = front(examples, settings)

    def made() -> Sequence[Block]:
        copies = [Copy(copy_name(head, part), Capped(make(), settings.cap), part)
                  for head, make in enumerate(makes) for part in range(PARTS)]
        return (*before(), *more, *copies)

    return Candidate(name, name, made, lambda: Capped(Blend([make() for make in makes]), settings.cap),
                     {"cap": settings.cap, "parts": PARTS})


class Blends:
    """Trees with similarity; with the network instead (it costs more) where a search asks for variants."""

    name: ClassVar[str] = "blend"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        def trees() -> Block:
            return Thinned(1, "number", CHOSEN, settings.seed)

        def with_network() -> Sequence[Candidate]:
            return (_candidate("blend trees network", examples, settings, (trees, lambda: Network(settings)),
                               (Recent(LENGTH),)),)

        plain = _candidate("blend trees similarity", examples, settings, (trees, Library), (Lagged(LAGS),))
        return (replace(plain, variants=with_network),)


LEARNER = Blends
