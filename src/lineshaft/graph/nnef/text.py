"""The flat text of an NNEF 1.0 graph, without fragments of its own: read and printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lineshaft.core.errors import Refused, UsageError

MOST_STATEMENTS, MOST_NESTED = 50_000, 8
_TOKEN = re.compile(r"""\s+ | \#[^\n]* | (?P<t>[A-Za-z_]\w* | -?\d+\.?\d*(?:[eE][+-]?\d+)? | '[^'\n]*' | "[^"\n]*" | ->
                    | <[a-z]+> | [()\[\]{}=,;])""", re.VERBOSE)


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a tensor, in contrast to a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """``results = kind(given, name = value)``."""

    results: tuple[str, ...]
    kind: str
    given: tuple[Any, ...]
    named: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A graph: names of inputs and outputs, and statements in order."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    statements: tuple[Statement, ...]


def parse(text: str) -> Document:
    """The graph that the text says. Raises ``UsageError`` with the line where it is none."""
    return _Parser(text).document()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0
        self.token, self.start = "", 0
        self._next()

    def document(self) -> Document:
        self._take("version")
        if not self._taken().startswith("1.0"):
            raise self._wrong("another version than 1.0")
        self._take(";")
        if self.token in ("extension", "fragment"):
            raise Refused(f"line {self._line()}: it has an {self.token} of its own, and only flat graphs are taken")
        self._take("graph")
        self._taken()
        inputs = self._names()
        self._take("->")
        outputs = self._names()
        self._take("{")
        statements = []
        while self.token != "}":
            statements.append(self._statement())
            if len(statements) > MOST_STATEMENTS:
                raise Refused(f"it has more than {MOST_STATEMENTS:,} statements")
        return Document(inputs, outputs, tuple(statements))

    def _statement(self) -> Statement:
        left = self._value(0)
        results = tuple(one.text for one in (left if isinstance(left, list | tuple) else [left])
                        if isinstance(one, Name))
        self._take("=")
        kind = self._taken()
        if not kind.isidentifier() or not results:
            raise self._wrong("no statement")
        if self.token.startswith("<"):
            self._next()
        self._take("(")
        given, named = [], {}
        while self.token != ")":
            value = self._value(0)
            if self.token == "=" and isinstance(value, Name):
                self._next()
                named[value.text] = self._value(0)
            else:
                given.append(value)
            if self.token != ")":
                self._take(",")
        self._take(")")
        self._take(";")
        return Statement(results, kind, tuple(given), named)

    def _names(self) -> tuple[str, ...]:
        found = self._value(0)
        names = found if isinstance(found, tuple) else (found,)
        if not all(isinstance(one, Name) for one in names):
            raise self._wrong("no list of names")
        return tuple(one.text for one in names)

    def _value(self, depth: int) -> Any:
        if depth > MOST_NESTED:
            raise self._wrong("lists nested too deep")
        token = self._taken()
        if token in "([":
            closing, found = {"(": ")", "[": "]"}[token], []
            while self.token != closing:
                found.append(self._value(depth + 1))
                if self.token != closing:
                    self._take(",")
            self._next()
            return found if closing == "]" else tuple(found)
        if token[0] in "'\"":
            return token[1:-1]
        if token in ("true", "false"):
            return token == "true"
        if token[0].isalpha() or token[0] == "_":
            return Name(token)
        try:
            return float(token) if any(c in token for c in ".eE") else int(token)
        except ValueError:
            raise self._wrong(f"{token!r}") from None

    def _next(self) -> None:
        while True:
            found = _TOKEN.match(self.text, self.place)
            if found is None:
                if self.place < len(self.text):
                    raise self._wrong(f"{self.text[self.place]!r}")
                self.token = ""
                return
            self.start, self.place = self.place, found.end()
            if found["t"] is not None:
                self.token = found["t"]
                return

    def _taken(self) -> str:
        token = self.token
        if not token:
            raise self._wrong("its end")
        self._next()
        return token

    def _take(self, wanted: str) -> None:
        if self.token != wanted:
            raise self._wrong(f"{self.token or 'its end'!r} instead of {wanted!r}")
        self._next()

    def _line(self) -> int:
        return self.text.count("\n", 0, self.start) + 1

    def _wrong(self, what: str) -> UsageError:
        return UsageError(f"line {self._line()}: {what} is not NNEF", do="give the graph.nnef of a model")


def printed(value: Any) -> str:
    """One value as NNEF writes it.

    >>> printed([1, (0, 1), Name("x"), "same", 0.5, True])
    "[1, (0, 1), x, 'same', 0.5, true]"
    """
    if isinstance(value, Name):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        inner = ", ".join(printed(one) for one in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return f"'{value}'" if isinstance(value, str) else repr(value)


def document(inputs: Sequence[str], outputs: Sequence[str], statements: Sequence[Statement]) -> str:
    """The text of a graph."""
    lines = []
    for one in statements:
        arguments = [printed(v) for v in one.given] + [f"{k} = {printed(v)}" for k, v in one.named.items()]
        typed = "<scalar>" if one.kind in ("external", "variable") else ""
        lines.append(f"    {', '.join(one.results)} = {one.kind}{typed}({', '.join(arguments)});")
    body = "\n".join(lines)
    return f"version 1.0;\n\ngraph step({', '.join(inputs)}) -> ({', '.join(outputs)})\n{{\n{body}\n}}\n"
