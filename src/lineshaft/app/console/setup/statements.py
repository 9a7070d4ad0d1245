"""A TOML text as its statements, each with exactly the characters it has; ``tomllib`` says where each one ends."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Path = tuple[str, ...]
_PART = r"""\s*(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)\s*"""
_KEY = re.compile(rf"{_PART}(?:\.{_PART})*(?==)")
_TOKEN = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:\\.|[^"\\\n])*"|' r"'[^'\n]*'|#[^\n]*", re.S)
INDENTED = 8


@dataclass(frozen=True, slots=True)
class Statement:
    """``kind`` is blank, comment, header or pair; ``text`` ends with its line.

    ``path`` is the table of a header, the whole key of a pair; ``table`` is where it stands. ``ghost``: it is
    commented out, and would be a statement without its ``#``; ``table`` then counts commented headers too.
    ``value`` is the span of a pair's value in the text.
    """

    kind: str
    text: str
    table: Path = ()
    path: Path = ()
    ghost: bool = False
    value: tuple[int, int] = (0, 0)
    comments: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        return self.kind in ("header", "pair") and not self.ghost


def scan(text: str) -> list[Statement]:
    """Every statement of a valid text, in order."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    found: list[Statement] = []
    table: Path = ()
    ghosts: Path | None = None
    at = 0
    while at < len(lines):
        end = _end(lines, at)
        one = _statement("".join(lines[at:end]), table, ghosts)
        if one.kind == "header":
            table, ghosts = (table, one.path) if one.ghost else (one.path, None)
        elif one.live:
            ghosts = None
        found.append(one)
        at = end
    return found


def comments_in(text: str) -> list[re.Match[str]]:
    """The comments in a piece of TOML, no ``#`` of a string among them."""
    return [token for token in _TOKEN.finditer(text) if token[0].startswith("#")]


def belongs_above(one: Statement) -> bool:
    """Whether a comment goes on with the remark at the end of the line before it."""
    return one.kind == "comment" and len(one.text) - len(one.text.lstrip(" \t")) >= INDENTED


def _end(lines: list[str], at: int) -> int:
    """The first line after the statement that begins in line ``at``."""
    if _bare(lines[at])[:1] in ("", "#", "["):
        return at + 1
    for end in range(at + 1, len(lines) + 1):
        if _parsed("".join(lines[at:end])) is not None:
            return end
    return at + 1  # not reached for a valid text


@lru_cache(maxsize=1024)  # a file is read again after each change, and nearly all of it stands as before
def _statement(text: str, table: Path, ghosts: Path | None) -> Statement:
    bare = _bare(text)
    if not bare:
        return Statement("blank", text, table)
    if not bare.startswith("#"):
        return _live(text, bare, table)
    body = bare.lstrip("#").strip()
    if body[:1] in ("", "#") or _parsed(body) is None:
        return Statement("comment", text, table)
    one = _live(body, body, table if ghosts is None else ghosts)
    return Statement(one.kind, text, one.table, one.path, True, comments=one.comments)


def _live(text: str, bare: str, table: Path) -> Statement:
    comments = tuple(token[0] for token in comments_in(text))
    data = _parsed(text) or {}
    if bare.startswith("["):
        path = _path(data, 99)[0]
        return Statement("header", text, path, path, comments=comments)
    key = _KEY.match(text)
    if key is None:
        return Statement("comment", text, table)
    path, _ = _path(data, len(re.findall(_PART, key[0])))
    return Statement("pair", text, table, (*table, *path), value=_value_span(text, key.end() + 1), comments=comments)


def _path(data: Any, depth: int) -> tuple[Path, Any]:
    """Down ``depth`` levels of tables that hold one key each."""
    keys: list[str] = []
    while isinstance(data, dict) and data and len(keys) < depth:
        key, data = next(iter(data.items()))
        keys.append(key)
    return tuple(keys), data


def _value_span(text: str, start: int) -> tuple[int, int]:
    """Where a value begins and ends, less the spaces and the remark around it."""
    end = len(text.rstrip())
    for token in reversed(comments_in(text)):
        if token.end() == end and token.start() >= start and not text[token.end():].strip():
            line = text.rfind("\n", 0, token.start()) + 1
            if text[max(line, start):token.start()].strip():
                end = len(text[:token.start()].rstrip())
    while start < end and text[start] in " \t":
        start += 1
    return start, end


def _bare(text: str) -> str:
    return text.strip(" \t\r\n")


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
