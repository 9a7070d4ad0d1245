"""Values as TOML writes them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from lineshaft.app.console.setup.statements import comments_in
from lineshaft.core.errors import UsageError

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(part: str) -> str:
    """One level of a key, in quotes where it has to be.

    >>> key("leave-out"), key("hall1/P101/flow")
    ('leave-out', '"hall1/P101/flow"')
    """
    return part if _BARE.fullmatch(part) else _text(part)


def value(one: Any) -> str:
    """
    >>> value(["a", "b"]), value(True), value(2e-5), value({"low": 1.0})
    ('["a", "b"]', 'true', '2e-05', '{ low = 1.0 }')
    """
    if isinstance(one, bool):
        return "true" if one else "false"
    if isinstance(one, str):
        return _text(one)
    if isinstance(one, int | float):
        return repr(one)
    if isinstance(one, Mapping):
        return "{ " + ", ".join(f"{key(name)} = {value(part)}" for name, part in one.items()) + " }" if one else "{}"
    if isinstance(one, list | tuple):
        return f"[{', '.join(map(value, one))}]"
    raise UsageError(f"{one!r} cannot be written in a TOML file", do="give text, numbers, true or false, or lists")


def laid_out(one: Any, room: int, newline: str = "\n") -> str:
    """A value; a list that would not fit into ``room`` letters as one element a line.

    >>> print(laid_out(["a", "b"], 5))
    [
      "a",
      "b",
    ]
    """
    plain = value(one)
    if not isinstance(one, list | tuple) or len(one) < 2 or len(plain) <= room:
        return plain
    return f"[{newline}" + "".join(f"  {value(part)},{newline}" for part in one) + "]"


def relined(old: str, wanted: list[Any]) -> str | None:
    """An array of several lines with other elements, its remarks where they were; None where that is not possible.

    >>> print(relined('[\\n  "a",  # pump\\n  "b",\\n]', ["a", "c"]))
    [
      "a",  # pump
      "c",
    ]
    """
    lines = old.split("\n")
    if len(lines) < 3 or lines[0].split("#")[0].strip() != "[" or lines[-1].strip() != "]":
        return None
    kept = [done for line in lines[1:-1] if (done := _line(line, wanted)) is not None]
    there = [item for line in lines[1:-1] for item in _items(line) or ()]
    indent = re.match(r"\s*", lines[1])[0]  # type: ignore[index]  # matches always
    end = "\r" if lines[0].endswith("\r") else ""
    more = [f"{indent}{value(item)},{end}" for item in wanted if item not in there]
    made = "\n".join([lines[0], *kept, *more, lines[-1]])
    return made if _loaded(made) == wanted else None


def _line(line: str, wanted: list[Any]) -> str | None:
    """One line of an array with only what is wanted of it; None where nothing of it is left."""
    items = _items(line)
    if not items:
        return line
    remarks = comments_in(line)
    code = line[:remarks[0].start()] if remarks else line
    left = [item for item in items if item in wanted]
    if left == items and code.rstrip().endswith(","):
        return line
    indent = re.match(r"\s*", line)[0]  # type: ignore[index]  # matches always
    if not left:
        return f"{indent}# {line.strip()}" if remarks else None
    gap = code[len(code.rstrip()):]
    return f"{indent}{', '.join(map(value, left))},{gap}{remarks[0][0] if remarks else ''}"


def _items(line: str) -> list[Any] | None:
    found = _loaded(f"[\n{line}\n]")
    return found if isinstance(found, list) else None


def _loaded(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except (ValueError, RecursionError):
        return None


def _text(one: str) -> str:
    try:
        one.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{one!r} is no text", do="write it again") from None
    return json.dumps(one, ensure_ascii=False).replace("\x7f", "\\u007f")
