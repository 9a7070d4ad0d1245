"""What is wrong with a program, and what stopped it while it ran; both name the line and column."""

from __future__ import annotations

from typing import NamedTuple

from lineshaft.core.errors import Refused, UsageError


class At(NamedTuple):
    """A place in the text, counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


class SourceError(UsageError):
    """The text is no program that this interpreter takes.

    >>> print(SourceError("unknown name 'x'", where="2:7", do="declare it"))
    2:7: unknown name 'x'; declare it
    """


class Fault(Refused):
    """A running program was stopped: a division by zero, an index out of bounds, a loop without end."""


def wrong(at: At, what: str, do: str = "") -> SourceError:
    return SourceError(what, where=str(at), do=do)
