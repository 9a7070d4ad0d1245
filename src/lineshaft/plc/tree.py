"""Reductions of the grammar to the tree: expressions and statements. Called while parsing, so it needs no recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lark import Token

from lineshaft.plc import literals
from lineshaft.plc import syntax as s
from lineshaft.plc.datatypes import ELEMENTARY
from lineshaft.plc.errors import At, wrong
from lineshaft.plc.words import REFUSED

MOST_DEPTH = 100
MOST_LOOPS = 15
_VALUES = frozenset("IDENT INTEGER DECIMAL TIME STRING BOOL TYPED NUMBERS EQUALITY RELATION PLUS MINUS TIMES POWER OR "
                    "XOR AND MOD NOT".split())


def at_of(children: Iterable[Any]) -> At:
    """Where the first child stands."""
    for child in children:
        if isinstance(child, Token):
            return At(child.line or 1, child.column or 1)
        found = getattr(child, "at", None)
        if isinstance(found, At):
            return found
    return At(1, 1)


def deep(at: At, *children: Any) -> int:
    """One more than the deepest child. Raises ``SourceError`` past the limit: no text may exhaust the stack."""
    depth = 1 + max((child.depth for child in children if hasattr(child, "depth")), default=0)
    if depth > MOST_DEPTH:
        raise wrong(at, f"this is nested more than {MOST_DEPTH} deep", "split it by variables of its own")
    return depth


def kept(children: list[Any]) -> list[Any]:
    """Without keywords and punctuation."""
    return [child for child in children if not isinstance(child, Token) or child.type in _VALUES]


def is_token(child: Any, kind: str) -> bool:
    return isinstance(child, Token) and child.type == kind


class Expressions:
    """Methods are named by the grammar's rules."""

    def literal(self, children: list[Token]) -> s.Literal:
        return _LITERALS[children[0].type](str(children[0]), at_of(children))

    def binary(self, children: list[Any]) -> s.Binary:
        left, operator, right = children
        word = "AND" if operator == "&" else operator.upper()
        at = at_of([operator])
        if word == "**" and isinstance(left, s.Unary):
            raise wrong(at, "a sign before ** is read in two ways (editions 2 and 3 differ)", "write parentheses")
        return s.Binary(at, word, left, right, deep(at, left, right))

    def unary_(self, children: list[Any]) -> s.Unary:
        operator, operand = children
        return s.Unary(at_of(children), operator.upper(), operand, deep(at_of(children), operand))

    def negative(self, children: list[Any]) -> s.Unary:
        return self.unary_(children)

    def group(self, children: list[Any]) -> s.Group:
        inner = children[1]
        return s.Group(at_of(children), inner, deep(at_of(children), inner))

    def variable(self, children: list[Any]) -> s.Variable:
        at = at_of(children)
        places = [place for step in children[1:] if isinstance(step, s.Index) for place in step.places]
        if len(children) > MOST_DEPTH:
            raise wrong(at, f"this has more than {MOST_DEPTH} parts")
        return s.Variable(at, str(children[0]), tuple(children[1:]), deep(at, *places))

    def field(self, children: list[Token]) -> s.Field:
        return s.Field(at_of(children[1:]), str(children[1]))

    def index(self, children: list[Any]) -> s.Index:
        return s.Index(at_of(children), tuple(kept(children)))

    def call(self, children: list[Any]) -> s.Call:
        callee, *arguments = kept(children)
        at = at_of(children)
        return s.Call(at, callee, tuple(arguments), deep(at, callee, *(a.value for a in arguments)))

    def positional(self, children: list[Any]) -> s.Argument:
        return s.Argument(at_of(children), "", children[0])

    def input_argument(self, children: list[Any]) -> s.Argument:
        return s.Argument(at_of(children), str(children[0]), children[2])

    def output_argument(self, children: list[Any]) -> s.Argument:
        return s.Argument(at_of(children), str(children[0]), children[2], output=True)

    def inverted_argument(self, children: list[Any]) -> s.Argument:
        return s.Argument(at_of(children), str(children[1]), children[3], output=True, inverted=True)


class Statements:
    """Methods are named by the grammar's rules."""

    def body(self, children: list[Any]) -> s.Body:
        return tuple(kept(children))

    def assign(self, children: list[Any]) -> s.Assign:
        return s.Assign(at_of(children), children[0], children[2])

    def call_statement(self, children: list[Any]) -> s.Call:
        found: s.Call = children[0]
        return found

    def if_(self, children: list[Any]) -> s.If:
        parts, at = kept(children), at_of(children)
        otherwise = parts.pop() if len(parts) % 2 else ()
        arms = tuple(zip(parts[::2], parts[1::2], strict=True))
        return s.If(at, arms, otherwise, deep(at, *(p for c, body in arms for p in (c, *body)), *otherwise))

    def labels(self, children: list[Any]) -> tuple[s.Label, ...]:
        return tuple(kept(children))

    def label(self, children: list[Any]) -> s.Label:
        first, *last = kept(children)
        return s.Label(at_of(children), first, last[0] if last else None)

    def case(self, children: list[Any]) -> s.Case:
        at, (_, subject, _, *items) = at_of(children), children
        items.pop()
        otherwise: s.Body = ()
        if len(items) >= 2 and is_token(items[-2], "ELSE"):
            otherwise = items.pop()
        arms: list[tuple[tuple[s.Label, ...], list[s.Statement]]] = []
        for item in kept(items):
            if isinstance(item, tuple):
                arms.append((item, []))
            elif not arms:
                raise wrong(item.at, "a statement stands before the first label of this CASE")
            else:
                arms[-1][1].append(item)
        sealed = tuple((labels, tuple(body)) for labels, body in arms)
        depth = deep(at, subject, *(p for _, body in sealed for p in body), *otherwise)
        return s.Case(at, subject, sealed, otherwise, depth)

    def for_(self, children: list[Any]) -> s.For:
        variable, first, last, *step, body = kept(children)
        at = at_of(children)
        return s.For(at, variable, first, last, step[0] if step else None, body,
                     deep(at, variable, first, last, *step, *body))

    def while_(self, children: list[Any]) -> s.Loop:
        condition, body = kept(children)
        return s.Loop(at_of(children), condition, body, False, deep(at_of(children), condition, *body))

    def repeat(self, children: list[Any]) -> s.Loop:
        body, condition = kept(children)
        return s.Loop(at_of(children), condition, body, True, deep(at_of(children), condition, *body))

    def jump(self, children: list[Token]) -> s.Jump:
        return s.Jump(at_of(children), children[0].type)


def _typed(text: str, at: At) -> s.Literal:
    prefix, _, value = text.partition("#")
    kind = prefix.upper()
    if kind in REFUSED or kind in ("D", "LT", "LD"):
        raise wrong(at, f"{prefix}#: {REFUSED.get(kind, REFUSED['DATE'])}")
    if kind not in ELEMENTARY:
        return s.Literal(at, "ENUM", (prefix, value))
    family = ELEMENTARY[kind].family
    if family == "real":
        return s.Literal(at, kind, literals.decimal(value, at))
    if kind == "BOOL" and value.upper() in ("TRUE", "FALSE"):
        return s.Literal(at, kind, value.upper() == "TRUE")
    if kind == "STRING":
        if not value.startswith("'"):
            raise wrong(at, f"{text[:40]} is no string")
        return s.Literal(at, kind, literals.string(value, at))
    return s.Literal(at, kind, literals.integer(value, at))


_LITERALS: dict[str, Callable[[str, At], s.Literal]] = {
    "INTEGER": lambda text, at: s.Literal(at, "INTEGER", literals.integer(text, at)),
    "DECIMAL": lambda text, at: s.Literal(at, "DECIMAL", literals.decimal(text, at)),
    "BOOL": lambda text, at: s.Literal(at, "BOOL", text.upper() == "TRUE"),
    "TIME": lambda text, at: s.Literal(at, "TIME", literals.duration(text, at)),
    "STRING": lambda text, at: s.Literal(at, "STRING", literals.string(text, at)),
    "TYPED": _typed}
