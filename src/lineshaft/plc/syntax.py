"""The tree of a text, as it was written: names aren't looked up yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lineshaft.plc.errors import At

# -- expressions; ``depth`` is how deep the tree below is


@dataclass(frozen=True, slots=True)
class Literal:
    """``kind`` is the type written before ``#`` or one of INTEGER, DECIMAL, BOOL, TIME, STRING."""

    at: At
    kind: str
    value: Any
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Field:
    at: At
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    at: At
    places: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    at: At
    name: str
    steps: tuple[Field | Index, ...] = ()
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Unary:
    at: At
    operator: str
    operand: Expression
    depth: int


@dataclass(frozen=True, slots=True)
class Binary:
    at: At
    operator: str
    left: Expression
    right: Expression
    depth: int


@dataclass(frozen=True, slots=True)
class Argument:
    """``output`` for ``name => variable``, which ``NOT`` before the name may invert."""

    at: At
    name: str
    value: Expression
    output: bool = False
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    at: At
    callee: Variable
    arguments: tuple[Argument, ...]
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """An expression in parentheses: only ``**`` asks."""

    at: At
    inner: Expression
    depth: int


Expression = Literal | Variable | Unary | Binary | Call | Group

# -- statements


@dataclass(frozen=True, slots=True)
class Assign:
    at: At
    target: Variable
    value: Expression


@dataclass(frozen=True, slots=True)
class If:
    at: At
    arms: tuple[tuple[Expression, Body], ...]
    otherwise: Body
    depth: int


@dataclass(frozen=True, slots=True)
class Label:
    """One value of a CASE, or the range up to ``last``."""

    at: At
    first: Expression
    last: Expression | None


@dataclass(frozen=True, slots=True)
class Case:
    at: At
    subject: Expression
    arms: tuple[tuple[tuple[Label, ...], Body], ...]
    otherwise: Body
    depth: int


@dataclass(frozen=True, slots=True)
class For:
    at: At
    variable: Variable
    first: Expression
    last: Expression
    step: Expression | None
    body: Body
    depth: int


@dataclass(frozen=True, slots=True)
class Loop:
    """WHILE, or with ``until`` REPEAT."""

    at: At
    condition: Expression
    body: Body
    until: bool
    depth: int


@dataclass(frozen=True, slots=True)
class Jump:
    """EXIT, CONTINUE or RETURN."""

    at: At
    kind: str


Statement = Assign | Call | If | Case | For | Loop | Jump
Body = tuple[Statement, ...]

# -- declarations


@dataclass(frozen=True, slots=True)
class Named:
    at: At
    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """STRING, of ``length`` characters where that is given."""

    at: At
    length: Expression | None


@dataclass(frozen=True, slots=True)
class Subrange:
    at: At
    base: str
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class Range:
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class Array:
    at: At
    ranges: tuple[Range, ...]
    of: Specification
    depth: int


@dataclass(frozen=True, slots=True)
class Enumeration:
    at: At
    values: tuple[tuple[str, Expression | None], ...]


@dataclass(frozen=True, slots=True)
class Structure:
    at: At
    fields: tuple[Declaration, ...]
    depth: int


Specification = Named | Text | Subrange | Array | Enumeration | Structure


@dataclass(frozen=True, slots=True)
class Numbers:
    """A long list of plain numbers, read at once."""

    at: At
    values: tuple[float, ...] | tuple[int, ...]
    decimal: bool


@dataclass(frozen=True, slots=True)
class ArrayInitial:
    """Items with how often each is repeated."""

    at: At
    items: tuple[tuple[int, Initial], ...]
    depth: int


@dataclass(frozen=True, slots=True)
class StructureInitial:
    at: At
    fields: tuple[tuple[Field, Initial], ...]
    depth: int


Initial = Expression | Numbers | ArrayInitial | StructureInitial


@dataclass(frozen=True, slots=True)
class Declaration:
    at: At
    name: str
    specification: Specification
    initial: Initial | None


@dataclass(frozen=True, slots=True)
class Section:
    """VAR ... END_VAR: ``kind`` is its first word, ``qualifiers`` CONSTANT, RETAIN or NON_RETAIN."""

    at: At
    kind: str
    qualifiers: tuple[str, ...]
    declarations: tuple[Declaration, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A PROGRAM, FUNCTION or FUNCTION_BLOCK; ``result`` for functions that give one."""

    at: At
    kind: str
    name: str
    result: Specification | None
    sections: tuple[Section, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class TypeDeclaration:
    at: At
    name: str
    specification: Specification
    initial: Initial | None


@dataclass(frozen=True, slots=True)
class Source:
    units: tuple[Unit, ...]
    types: tuple[TypeDeclaration, ...]
    globals: tuple[Section, ...]
