"""Names in a sentence: the first few, and how many more."""

from __future__ import annotations

from collections.abc import Sequence


def some(names: Sequence[str], most: int = 8) -> str:
    """The first few names, and how many more.

    >>> some(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
