"""How long work tells how far it is, without knowing who looks."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with how much is done; ``total`` 0 means unknown."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """``what`` is the work in a few words, the same text for all calls of one piece of work."""


def silent(done: int, total: int, what: str) -> None:
    """Nobody looks."""
