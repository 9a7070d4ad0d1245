"""Text to tokens: keywords in any case, comments that may nest, literals with their type in front."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

from lark import Token
from lark.lexer import Lexer

from lineshaft.plc.errors import At, wrong
from lineshaft.plc.words import REFUSED

MOST_CHARACTERS = 16 * 2**20
MOST_TOKENS = 300_000
MOST_NAME = 255

_REAL = r"[+-]?\d[\d_]*\.\d[\d_]*(?:[eE][+-]?\d+)?"
_WHOLE = r"[+-]?\d+"
_TOKEN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in {
    "SPACE": r"[ \t\r\n\f\v\ufeff]+",
    "OPEN": r"\(\*|/\*",
    "SKIP": r"//[^\n]*|\{[^}]*\}",
    # A long list of plain numbers is one token: weights come by the thousand. No index has eight places.
    "NUMBERS": rf"\[\s*(?:{_REAL}(?:\s*,\s*{_REAL})+|{_WHOLE}(?:\s*,\s*{_WHOLE}){{7,}})\s*\]",
    "TIME": r"(?i:T|TIME)#[+-]?[\d_.a-zA-Z]+",
    "TYPED": r"[A-Za-z]\w*#(?:'(?:[^'$\n]|\$.)*'|[+-]?\w+(?:#\w+)?(?:\.\d[\d_]*(?:[eE][+-]?\d+)?)?)",
    "DECIMAL": r"\d[\d_]*\.\d[\d_]*(?:[eE][+-]?\d+)?|\d[\d_]*[eE][+-]?\d+",
    "INTEGER": r"\d[\d_]*#\w+|\d[\d_]*",
    "IDENT": r"[A-Za-z_][A-Za-z0-9_]*",
    "STRING": r"'(?:[^'$\n]|\$.)*'",
    "ASSIGN": r":=", "ARROW": r"=>", "DOTDOT": r"\.\.", "DOT": r"\.", "COLON": r":", "SEMI": r";", "COMMA": r",",
    "LPAR": r"\(", "RPAR": r"\)", "LBRACK": r"\[", "RBRACK": r"\]",
    "EQUALITY": r"<>|=", "RELATION": r"<=|>=|<|>", "PLUS": r"\+", "MINUS": r"-", "POWER": r"\*\*", "TIMES": r"\*|/",
    "AND": r"&",
}.items()), re.ASCII)
_COMMENT = re.compile(r"\(\*|\*\)|/\*|\*/")

_STRANGE = {
    '"': "strings in double quotes are WSTRING, which is not taken; use single quotes",
    "'": "this string does not end on its line",
    "%": "direct addresses such as %IX0.0 are not taken: give the value as VAR_INPUT or VAR_OUTPUT",
    "^": "references and pointers are not taken",
    "{": "this pragma does not end",
}


@cache
def grammar() -> str:
    return (resources.files(__package__) / "grammar.lark").read_text("utf-8")


@cache
def keywords() -> frozenset[str]:
    """The words that the grammar takes: its declared terminals up to those that are no words."""
    words, _, _ = grammar().partition("// Not words")
    return frozenset(re.findall(r"[A-Z_]{2,}", " ".join(re.findall(r"^%declare (.*)$", words, re.MULTILINE))))


class StructuredTextLexer(Lexer):
    """The lexer that lark's parser asks for tokens."""

    def __init__(self, conf: Any) -> None:
        pass

    def lex(self, data: Any, parser_state: Any = None) -> Iterator[Token]:
        found = list(islice(tokens(data), MOST_TOKENS + 1))  # counted before the parser, which takes ten times as long
        if len(found) > MOST_TOKENS:
            raise wrong(At(found[-1].line or 1, found[-1].column or 1), f"the text has more than {MOST_TOKENS} words",
                        "split it")
        return iter(found)


def tokens(text: str) -> Iterator[Token]:
    """Raises ``SourceError`` at what is no token, and at words that are known and not taken."""
    if len(text) > MOST_CHARACTERS:
        raise wrong(At(1, 1), f"the text has {len(text)} characters, more than {MOST_CHARACTERS}")
    position, line, start = 0, 1, 0
    words = keywords()
    while position < len(text):
        match = _TOKEN.match(text, position)
        at = At(line, position - start + 1)
        if match is None:
            raise wrong(at, _STRANGE.get(text[position], f"character {text[position]!r} has no meaning here"))
        kind, end = str(match.lastgroup), match.end()
        if kind == "OPEN":
            end = _end_of_comment(text, position, at)
        elif kind not in ("SPACE", "SKIP"):
            value = match.group()
            if kind == "IDENT":
                kind = _word(value, at, words)
            yield Token(kind, value, line=line, column=at.column)
        breaks = text.count("\n", position, end)
        if breaks:
            line += breaks
            start = text.rindex("\n", position, end) + 1
        position = end


def _end_of_comment(text: str, position: int, at: At) -> int:
    """Comments nest, each kind in itself and in the other."""
    open_: list[str] = []
    for match in _COMMENT.finditer(text, position):
        mark = match.group()
        if mark in ("(*", "/*"):
            open_.append("*)" if mark == "(*" else "*/")
        elif mark == open_[-1]:
            open_.pop()
            if not open_:
                return match.end()
    raise wrong(at, "this comment does not end")


def _word(word: str, at: At, words: frozenset[str]) -> str:
    if len(word) > MOST_NAME:
        raise wrong(at, f"a name of {len(word)} characters", f"at most {MOST_NAME} are taken")
    upper = word.upper()
    if upper in words:
        return upper
    if upper in ("TRUE", "FALSE"):
        return "BOOL"
    if upper == "STRING":
        return "STRING_TYPE"
    if upper in REFUSED:
        raise wrong(at, f"{upper}: {REFUSED[upper]}")
    return "IDENT"
