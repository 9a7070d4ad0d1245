"""The checked program: every name is a place, every conversion stands there, operands have the operator's type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lineshaft.plc.datatypes import Enumeration, Structure, Type
from lineshaft.plc.errors import At

# -- places


@dataclass(frozen=True, slots=True)
class Member:
    name: str


@dataclass(frozen=True, slots=True)
class Element:
    indices: tuple[Expression, ...]
    bounds: tuple[tuple[int, int], ...]
    at: At


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is kept. ``home`` is local (gone after the call), self (kept by the instance) or global."""

    home: str
    name: str
    steps: tuple[Member | Element, ...]
    type: Type
    at: At


# -- expressions


@dataclass(frozen=True, slots=True)
class Const:
    """``type`` None: a literal whose type its surroundings decide."""

    value: Any
    type: Type | None


@dataclass(frozen=True, slots=True)
class Load:
    place: Place
    type: Type


@dataclass(frozen=True, slots=True)
class Unary:
    """``-`` or NOT."""

    operator: str
    operand: Expression
    type: Type


@dataclass(frozen=True, slots=True)
class Binary:
    """Both operands have one type, but for TIME times or over a number and for the exponent of ``**``."""

    operator: str
    left: Expression
    right: Expression
    type: Type
    at: At


@dataclass(frozen=True, slots=True)
class Convert:
    """To ``type``; ``cut`` for TRUNC, which rounds towards zero."""

    operand: Expression
    type: Type
    at: At
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard function."""

    name: str
    arguments: tuple[Expression, ...]
    type: Type
    at: At


@dataclass(frozen=True, slots=True)
class Invoke:
    """A function of the program: its inputs in their order, then its VAR_IN_OUT; outputs go to ``outputs``."""

    unit: str
    inputs: tuple[Expression, ...]
    shared: tuple[Place, ...]
    outputs: tuple[tuple[str, Place, bool], ...]
    type: Type | None
    at: At


Expression = Const | Load | Unary | Binary | Convert | Standard | Invoke

# -- statements


@dataclass(frozen=True, slots=True)
class Store:
    place: Place
    value: Expression
    at: At


@dataclass(frozen=True, slots=True)
class Run:
    """One call of a function block's instance."""

    instance: Place
    unit: str
    inputs: tuple[tuple[str, Expression], ...]
    shared: tuple[tuple[str, Place], ...]
    outputs: tuple[tuple[str, Place, bool], ...]
    at: At


@dataclass(frozen=True, slots=True)
class Do:
    """A function called for what it writes; ``target`` takes its result, where somebody wants that."""

    call: Invoke
    target: Place | None


@dataclass(frozen=True, slots=True)
class If:
    arms: tuple[tuple[Expression, Body], ...]
    otherwise: Body


@dataclass(frozen=True, slots=True)
class Case:
    """Arms with the inclusive ranges that they are for."""

    subject: Expression
    arms: tuple[tuple[tuple[tuple[int, int], ...], Body], ...]
    otherwise: Body


@dataclass(frozen=True, slots=True)
class For:
    place: Place
    first: Expression
    last: Expression
    step: int
    body: Body
    at: At


@dataclass(frozen=True, slots=True)
class Loop:
    condition: Expression
    body: Body
    until: bool
    at: At


@dataclass(frozen=True, slots=True)
class Jump:
    kind: str


Statement = Store | Run | Do | If | Case | For | Loop | Jump
Body = tuple[Statement, ...]

# -- units


@dataclass(frozen=True, slots=True)
class Variable:
    """``initial`` is a number, text or truth; for arrays a flat list; for structures and instances a dict of fields."""

    name: str
    type: Type
    kind: str
    home: str
    constant: bool
    retained: bool
    initial: Any
    given: bool
    at: At


@dataclass(slots=True)
class Unit:
    """A checked PROGRAM, FUNCTION or FUNCTION_BLOCK; names are lower case."""

    kind: str
    name: str
    result: Type | None
    variables: dict[str, Variable]
    at: At
    body: Body = ()
    calls: dict[str, At] = field(default_factory=dict)

    def of(self, *kinds: str) -> list[Variable]:
        return [v for v in self.variables.values() if v.kind in kinds]


@dataclass(slots=True)
class Names:
    """What a text declares, by lower-case name. ``defaults`` are initial values that a named type brings,
    ``held`` counts the values of all variables, ``counts`` those of one of a type."""

    types: dict[str, Type] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    structures: dict[str, dict[str, tuple[Type, Any]]] = field(default_factory=dict)
    enumerations: dict[str, tuple[Enumeration, int]] = field(default_factory=dict)
    globals: dict[str, Variable] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    held: int = 0
    counts: dict[Type, int] = field(default_factory=dict)

    def fields(self, kind: Structure) -> dict[str, tuple[Type, Any]]:
        return self.structures[kind.name.lower()]
