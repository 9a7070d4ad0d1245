"""Text to tree."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedToken

from lineshaft.plc import syntax as s
from lineshaft.plc.declarations import Declarations
from lineshaft.plc.errors import At, SourceError, wrong
from lineshaft.plc.lexer import StructuredTextLexer, grammar, keywords
from lineshaft.plc.tree import Expressions, Statements

_NAMES = {"SEMI": "';'", "COMMA": "','", "COLON": "':'", "ASSIGN": "':='", "LPAR": "'('", "RPAR": "')'",
          "LBRACK": "'['", "RBRACK": "']'", "DOTDOT": "'..'", "IDENT": "a name", "STRING_TYPE": "STRING"}


def parse(text: str) -> s.Source:
    """The tree of a text. Raises ``SourceError`` naming line and column."""
    try:
        return cast(s.Source, _parser().parse(text))
    except UnexpectedToken as error:
        raise _unexpected(error) from None


def _unexpected(error: UnexpectedToken) -> SourceError:
    wanted = sorted(_NAMES.get(name, name) for name in error.expected if name != "$END")
    do = f"expected {' or '.join(wanted)}" if 0 < len(wanted) <= 4 else ""
    at = At(max(int(error.line), 1), max(int(error.column), 1))
    if error.token.type == "$END":
        return wrong(at, "the text ends in the middle", do)
    if error.token.type in keywords() and "IDENT" in error.expected and str(error.token).upper() == error.token.type:
        return wrong(at, f"{str(error.token)!r} is a word of the language and can't stand here", "a name is expected")
    return wrong(at, f"{str(error.token)[:40]!r} can't stand here", do)


class _Tree(Expressions, Statements, Declarations, Transformer[Token, Any]):
    """One method a rule of the grammar."""


@cache
def _parser() -> Lark:
    return Lark(grammar(), parser="lalr", lexer=StructuredTextLexer, transformer=_Tree(), maybe_placeholders=False)
