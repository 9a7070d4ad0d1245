"""A program of loops over static buffers. It knows numbers, places and loops, and nothing of ONNX.

One step of one asset: the statements of ``body``, in their order. The caller loops over assets. A buffer is one row of
memory; a place in it is an ``Index``, ``constant + sum(coefficient * atom)``, where an atom is a loop variable or an
expression of type int32 (a computed place: ``Gather``, a ring's position). Every loop runs from 0 in steps of 1 to a
constant extent. All the arithmetic is float32 (IEEE 754, NaN included), int32 or bool: no expression mixes them but
through ``cast``.

Kinds of ``Op``, by what they take and give:

=====================================  =====================================================================
``add sub mul div``                    float32 or int32; ``div`` of int32 rounds towards zero
``mod``                                int32, sign of the left
``neg abs sign``                       float32 or int32; ``sign`` gives NaN for NaN
``min max``                            float32 (NaN if either is NaN) or int32
``floor ceil round``                   float32; ``round`` takes halves to the even neighbour
``sqrt exp log sin cos tanh erf``      float32
``pow``                                float32
``lt le gt ge eq ne``                  two of one type to bool; with NaN all are false but ``ne``
``and or not``                         bool
``bitand lowest``                      int32 as 32 bits; ``lowest`` is the number of the lowest bit that is set.
                                       Only in programs with lanes
``select``                             (bool, a, b): a where it is true; both may be evaluated
``cast``                               any to ``dtype``; bool is 0 or 1, float32 to int32 cuts off towards zero and
                                       saturates, NaN gives 0; to bool it asks for ``!= 0``
=====================================  =====================================================================

A program of integers (``fixed.integers``) has no float32 at all. Its expressions are int32 or int64, and it has some
operations more, which ``fixed`` describes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.loops.points import Mark

DType = Literal["float32", "int32", "bool", "int8", "uint8", "int16", "int64"]
Kind = Literal["input", "output", "state", "constant", "scratch", "local"]
FLOAT: DType = "float32"
INT: DType = "int32"
BOOL: DType = "bool"
LONG: DType = "int64"
ITEM_BYTES: dict[DType, int] = {"float32": 4, "int32": 4, "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "int64": 8}


@dataclass(frozen=True, slots=True)
class Buffer:
    """``size`` numbers of one type. Equal names are the same buffer.

    ``constant`` buffers carry ``data`` (flat). ``input``, ``output`` and ``state`` outlive the step; ``scratch`` is
    dead after it; ``local`` is small, used by the statements close to it only, and best kept in registers (of size 1:
    a scalar variable). Nothing but inputs and states has a value before it is stored.
    """

    name: str
    kind: Kind
    dtype: DType
    size: int
    data: NDArray[np.generic] | None = field(default=None, compare=False, repr=False)

    @property
    def bytes(self) -> int:
        return self.size * ITEM_BYTES[self.dtype]


# -- expressions

@dataclass(frozen=True, slots=True)
class Const:
    value: float | int | bool
    dtype: DType = FLOAT


@dataclass(frozen=True, slots=True)
class Var:
    """A loop variable, int32."""

    name: str
    dtype: DType = INT


@dataclass(frozen=True, slots=True)
class Load:
    buffer: Buffer
    index: Index

    @property
    def dtype(self) -> DType:
        return self.buffer.dtype


@dataclass(frozen=True, slots=True)
class Op:
    """One operation of the table above; ``dtype`` is the type of the result."""

    kind: str
    args: tuple[Expr, ...]
    dtype: DType = FLOAT


@dataclass(frozen=True, slots=True)
class Index:
    """A place: ``constant + sum(coefficient * atom)``; ``value`` is the same number as an expression."""

    constant: int = 0
    terms: tuple[tuple[Expr, int], ...] = ()

    def __add__(self, other: Index | int) -> Index:
        if isinstance(other, int):
            return replace(self, constant=self.constant + other)
        summed = dict(self.terms)
        for atom, coefficient in other.terms:
            summed[atom] = summed.get(atom, 0) + coefficient
        return Index(self.constant + other.constant, tuple((a, c) for a, c in summed.items() if c))

    def __mul__(self, factor: int) -> Index:
        terms = tuple((atom, coefficient * factor) for atom, coefficient in self.terms if factor)
        return Index(self.constant * factor, terms)

    def coefficient(self, atom: Expr) -> int:
        return dict(self.terms).get(atom, 0)

    @property
    def value(self) -> Expr:
        """The same number as an expression."""
        total: Expr | None = None
        for atom, coefficient in self.terms:
            term: Expr = atom if coefficient == 1 else Op("mul", (atom, Const(coefficient, INT)), INT)
            total = term if total is None else Op("add", (total, term), INT)
        if total is None:
            return Const(self.constant, INT)
        return Op("add", (total, Const(self.constant, INT)), INT) if self.constant else total


Expr = Const | Var | Load | Op


# -- statements

@dataclass(frozen=True, slots=True)
class Store:
    """``buffer[index] = value``."""

    buffer: Buffer
    index: Index
    value: Expr


@dataclass(frozen=True, slots=True)
class For:
    """``body`` for ``var`` = 0, 1, ... ``extent`` - 1, in this order."""

    var: Var
    extent: int
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class If:
    condition: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...] = ()


Stmt = Store | For | If


# -- programs

@dataclass(frozen=True, slots=True)
class Sliding:
    """How a window of ``rows`` rows of ``width`` numbers moves by ``step`` rows a tick, without moving each value.

    The buffer of a *shift* holds ``rows + step`` rows: the newest are written behind (``newest_first``: before) the
    others, and at the end of the step all move by ``step``. That of a *mirrored ring* holds twice as many: the newest
    are written at ``position`` and once more ``rows + step`` rows later, so that the window is always one piece and
    only ``position`` (a state of size 1, in rows) moves. ``position`` is None for a shift.
    """

    rows: int
    width: int
    step: int
    newest_first: bool
    position: Buffer | None
    why: str

    @property
    def span(self) -> int:
        """Rows that are alive at once: the window before this tick and the newest."""
        return self.rows + self.step

    def first(self, position: int) -> int:
        """Row where the window lies between two ticks."""
        if self.position is None:
            return self.step if self.newest_first else 0
        return position + self.step


@dataclass(frozen=True, slots=True)
class State:
    """A state of the step as the caller sees it: ``shape`` without the asset axis.

    ``order`` are the axes of ``shape`` in the order in which they lie in ``buffer``. ``sliding`` says where the
    values lie if it is a window that moves.
    """

    name: str
    shape: tuple[int, ...]
    buffer: Buffer
    order: tuple[int, ...]
    sliding: Sliding | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A step. ``inputs`` are x and quality, ``shapes`` those of the outputs, by name, without the asset axis.

    All states and positions are zeros at first. Where ``lanes`` is more than 1, innermost loops of just that extent
    over neighbouring places are meant for one vector instruction each; what they compute is the same without.
    ``marks`` are those of buffers, where the graph carries any.
    """

    inputs: tuple[Buffer, ...]
    outputs: tuple[Buffer, ...]
    shapes: dict[str, tuple[int, ...]]
    states: tuple[State, ...]
    body: tuple[Stmt, ...]
    lanes: int = 1
    marks: Mapping[str, Mark] = field(default_factory=dict)

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        """Every buffer, once: inputs, outputs, states with their positions, then the others as they come."""
        positions = [s.sliding.position for s in self.states if s.sliding is not None and s.sliding.position]
        first = [*self.inputs, *self.outputs, *(s.buffer for s in self.states), *positions]
        return tuple({b.name: b for b in [*first, *mentioned(self.body)]}.values())

    def of_kind(self, kind: Kind) -> tuple[Buffer, ...]:
        return tuple(b for b in self.buffers if b.kind == kind)


def mentioned(body: tuple[Stmt, ...]) -> Iterator[Buffer]:
    """Every buffer that statements store to or load from, in their order, again and again."""
    for stmt in body:
        if isinstance(stmt, Store):
            yield from (load.buffer for load in loads(stmt.value))
            yield from (load.buffer for load in index_loads(stmt.index))
            yield stmt.buffer
        elif isinstance(stmt, For):
            yield from mentioned(stmt.body)
        else:
            yield from (load.buffer for load in loads(stmt.condition))
            yield from mentioned(stmt.then)
            yield from mentioned(stmt.otherwise)


def loads(expr: Expr) -> Iterator[Load]:
    """Every load in an expression, those in places included."""
    if isinstance(expr, Load):
        yield from index_loads(expr.index)
        yield expr
    elif isinstance(expr, Op):
        for arg in expr.args:
            yield from loads(arg)


def index_loads(index: Index) -> Iterator[Load]:
    for atom, _ in index.terms:
        yield from loads(atom)


def operations(body: Iterable[Stmt]) -> Iterator[Op]:
    """Every operation in statements, those in places included."""
    for stmt in body:
        if isinstance(stmt, Store):
            yield from _inside(stmt.value)
            yield from _in_place(stmt.index)
        elif isinstance(stmt, For):
            yield from operations(stmt.body)
        else:
            yield from _inside(stmt.condition)
            yield from operations((*stmt.then, *stmt.otherwise))


def _inside(expr: Expr) -> Iterator[Op]:
    if isinstance(expr, Op):
        yield expr
        for arg in expr.args:
            yield from _inside(arg)
    elif isinstance(expr, Load):
        yield from _in_place(expr.index)


def _in_place(index: Index) -> Iterator[Op]:
    for atom, _ in index.terms:
        yield from _inside(atom)
