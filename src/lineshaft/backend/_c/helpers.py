"""C functions that a program brings along: those that it calls, and those that these call."""

from __future__ import annotations

import re

_CALLED = re.compile(r"ls_\w+")
_DEFINED = re.compile(r"(?:static inline|LS_CALLED) \w+ (ls_\w+)\(")
_BETWEEN = re.compile(r"\n\n(?=static|LS_CALLED|/\*|#ifdef)")


def pieces(text: str) -> dict[str, str]:
    """Each function of a text with its comment, by name; every one stands before it is called."""
    found = {}
    for piece in _BETWEEN.split(text.strip()):
        match = _DEFINED.search(piece)
        assert match is not None, piece
        found[match[1]] = piece + "\n"
    return found


def chosen(text: dict[str, str], used: set[str]) -> list[str]:
    """The text of the functions with these names and of those that they call, in order."""
    needed = set(used)
    for name, piece in reversed(text.items()):
        if name in needed:
            needed |= set(_CALLED.findall(piece))
    return [piece for name, piece in text.items() if name in needed]
