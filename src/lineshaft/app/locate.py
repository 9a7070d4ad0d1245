"""Where in a TOML text a key stands, so that a mistake can be named by its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+))\s*(\.|$)""", re.ASCII)
_HEADER = re.compile(r"\s*\[+(.*?)\]+\s*(?:#.*)?$")
_KEY = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+)"""
_ENTRY = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=", re.ASCII)


def place_of(path: Path, text: str, *keys: str) -> str:
    """``file:line key.path`` for a sentence.

    >>> place_of(Path("lineshaft.toml"), "[plant]\\nsource = 1\\n", "plant", "source")
    'lineshaft.toml:2 plant.source'
    """
    shown = (key if key.isprintable() else repr(key) for key in keys)
    return f"{path}:{line_of(text, keys)} {'.'.join(map(shortened, shown))}".rstrip()


def shortened(text: str, longest: int = 80) -> str:
    """As much of a stranger's text as a sentence bears.

    >>> shortened("x" * 1000, 10)
    'xxxxxxxxx…'
    """
    return text if len(text) <= longest else f"{text[:longest - 1]}…"


def line_of(text: str, keys: Iterable[str]) -> int:
    """The line (from 1) where a key path stands, or as much of it as there is; 1 when nothing of it is there."""
    wanted = list(keys)
    table: list[str] = []
    best, depth = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            found = table = _split(header[1])
        elif entry := _ENTRY.match(line):
            found = [*table, *_split(entry[1])]
        else:
            continue
        if depth < len(found) <= len(wanted) and found == wanted[:len(found)]:
            best, depth = number, len(found)
    return best


def wildcard(at: str, data: object, fails: Callable[[object, str], bool]) -> list[str]:
    """The keys of msgspec's path such as "`$.tasks[...].period`"; ``fails`` finds out which entry ``...`` is."""
    keys: list[str] = []
    part: object = data
    for word in re.findall(r"[^.\[\]`$]+|\.\.\.", at.replace("key in", "")):
        entries = part if isinstance(part, dict) else {}
        if word != "...":
            name = word
        elif not entries:  # an element of a list: its key has the line
            return keys
        else:
            name = next((key for key, value in entries.items() if fails(value, keys[-1] if keys else "")), "")
        if not name or name.isdigit():
            return keys
        keys.append(name.strip())
        part = entries.get(name.strip())
    return keys


def near(name: str, known: Iterable[str]) -> str:
    """"did you mean ..." where something known is close, else nothing.

    >>> near("perod", ["period", "stale"]), near("xyz", ["period"])
    ("did you mean 'period'?", '')
    """
    found = difflib.get_close_matches(name.replace("_", "-"), list(known), 1, 0.6)
    return f"did you mean {found[0]!r}?" if found else ""


def _split(dotted: str) -> list[str]:
    return [double or single or bare for double, single, bare, _ in _PART.findall(dotted)]
