"""Answer: what one place of a model's value stands for."""

from __future__ import annotations

from dataclasses import dataclass

VALUE, LOW, HIGH, KNOWN = "value", "low", "high", "known"
"""Outputs of a graph with an answer: the values, the ends of their intervals, whether they are known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One place of ``value`` [V]: a class, a forecast tag, the remaining life.

    ``unit`` is a UCUM unit (empty for a probability); ``ahead`` how many periods in the future it holds for.
    """

    name: str
    unit: str = ""
    ahead: int = 0

    @property
    def label(self) -> str:
        """The name with its distance in periods: unlike every other one of the same model.

        >>> Answer("hall1/load", "kW", ahead=3).label, Answer("NOX").label
        ('hall1/load+3', 'NOX')
        """
        return f"{self.name}+{self.ahead}" if self.ahead else self.name
