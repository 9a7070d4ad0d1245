"""What every task's training gives, whatever it learnt: all that a bundle is made from."""

from __future__ import annotations

from typing import Protocol

from lineshaft.core.answer import Answer
from lineshaft.core.task import Task


class Windowed(Protocol):
    """What golden sequences must know of a model."""

    @property
    def window(self) -> int:
        """Ticks until its windows are full."""

    @property
    def seed(self) -> int:
        """Of everything that is drawn."""


class Learnt(Windowed, Protocol):
    """A fitted model as a graph, why it is this one, and what it says.

    ``answers`` are the places of the graph's ``value``, none where it has none; ``figures`` are held-out ones by name.
    """

    @property
    def task(self) -> Task: ...

    @property
    def learner(self) -> str: ...

    @property
    def graph(self) -> bytes: ...

    @property
    def why(self) -> str: ...

    @property
    def answers(self) -> tuple[Answer, ...]: ...

    @property
    def figures(self) -> dict[str, float]: ...
