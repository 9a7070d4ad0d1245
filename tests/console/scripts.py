"""The console's own JavaScript, read as far as its tests need it: strings, templates, and what calls are given.

Not a parser: a walk over the text that knows comments, strings, templates inside templates, and where a slash begins
a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lineshaft.app.console.pages import STATIC

HOLE = "\x00"
"""Stands in a template's text where something is put in."""
_NAME = re.compile(r"[\w$]")
_BEFORE_REGEX = re.compile(r"(^|[=(,;:!&|?{}\[+\-*/<>~^%]|=>|\breturn|\btypeof|\bcase)\s*$")
_PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A string or template: ``text`` with a HOLE for each ``${...}``; ``tag`` is ``html`` in front of it, or empty."""

    path: Path
    line: int
    start: int
    end: int
    text: str
    tag: str = ""

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(STATIC)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function by its name; ``arguments`` are (start, end) in the text of the file."""

    script: Script
    line: int
    arguments: tuple[tuple[int, int], ...]

    @property
    def place(self) -> str:
        return f"{self.script.path.relative_to(STATIC)}:{self.line}"

    def text(self, number: int) -> str:
        start, end = self.arguments[number]
        return self.script.text[start:end].strip()

    def pieces(self, number: int) -> list[Piece]:
        """The strings within an argument, also those of inner expressions."""
        if number >= len(self.arguments):
            return []
        start, end = self.arguments[number]
        return [piece for piece in self.script.pieces if start <= piece.start and piece.end <= end]


class Script:
    """One file."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text
        self.pieces: list[Piece] = []
        self._code = bytearray(len(text))  # 1 where a character is code, neither string nor comment
        self._walk(0, None)
        self.pieces.sort(key=lambda piece: piece.start)

    def calls(self, name: str) -> Iterator[Call]:
        """Every ``name(...)`` that is no method and no definition."""
        for found in re.finditer(rf"(?<![\w$.]){re.escape(name)}\(", self.text):
            if self._code[found.start()]:
                yield Call(self, self._line(found.start()), tuple(self._split(found.end())))

    def parts(self, start: int, end: int) -> list[tuple[int, int]]:
        """What stands between commas of this stretch, which is the inside of brackets."""
        return [(first, min(last, end)) for first, last in self._split(start, end)]

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def _split(self, start: int, end: int | None = None) -> Iterator[tuple[int, int]]:
        deep, first, limit = 0, start, len(self.text) if end is None else end
        for at in range(start, limit):
            if not self._code[at]:
                continue
            one = self.text[at]
            if one in _PAIRS:
                deep += 1
            elif one in _PAIRS.values():
                deep -= 1
                if deep < 0:
                    limit = at
                    break
            elif one == "," and deep == 0:
                yield first, at
                first = at + 1
        if self.text[first:limit].strip():
            yield first, limit

    def _walk(self, at: int, until: str | None) -> int:
        """Code up to the closing bracket ``until``; where it ended."""
        deep = 0
        while at < len(self.text):
            one, two = self.text[at], self.text[at:at + 2]
            if two == "//":
                at = self._after(at, "\n")
            elif two == "/*":
                at = self._after(at + 2, "*/")
            elif one in "'\"":
                at = self._string(at)
            elif one == "`":
                at = self._template(at)
            elif one == "/" and _BEFORE_REGEX.search(self.text[max(0, at - 20):at]):
                at = self._regex(at)
            else:
                if one == until and deep == 0:
                    return at
                deep += (one == "{") - (one == "}")
                self._code[at] = 1
                at += 1
        return at

    def _after(self, at: int, mark: str) -> int:
        found = self.text.find(mark, at)
        return len(self.text) if found < 0 else found + len(mark)

    def _string(self, at: int) -> int:
        end = at + 1
        while self.text[end] != self.text[at]:
            end += 2 if self.text[end] == "\\" else 1
        self.pieces.append(Piece(self.path, self._line(at), at, end + 1, self.text[at + 1:end]))
        return end + 1

    def _regex(self, at: int) -> int:
        inside, end = False, at + 1
        while inside or self.text[end] != "/":
            inside = {"[": True, "]": False}.get(self.text[end], inside)
            end += 2 if self.text[end] == "\\" else 1
        return end + 1

    def _template(self, at: int) -> int:
        tag, end, text = at, at + 1, ""
        while tag and _NAME.match(self.text[tag - 1]):
            tag -= 1
        while self.text[end] != "`":
            if self.text[end:end + 2] == "${":
                end = self._walk(end + 2, "}") + 1
                text += HOLE
                continue
            step = 2 if self.text[end] == "\\" else 1
            text += self.text[end:end + step]
            end += step
        self.pieces.append(Piece(self.path, self._line(at), at, end + 1, text, self.text[tag:at]))
        return end + 1


@cache
def scripts() -> tuple[Script, ...]:
    """Every script that is ours."""
    return tuple(Script(path, path.read_text("utf-8")) for path in sorted(STATIC.rglob("*.js"))
                 if path.parent.name != "vendor")
