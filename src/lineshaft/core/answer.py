"""Answer: what one place of a model's value stands for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One place of ``value`` [V]: a class, a forecast tag, the remaining life.

    ``unit`` is a UCUM unit (empty for a probability); ``ahead`` how many periods in the future it holds for.
    """

    name: str
    unit: str = ""
    ahead: int = 0
