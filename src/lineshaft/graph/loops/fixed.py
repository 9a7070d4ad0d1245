"""A program of float32 as one of integers with binary points, for processors without floating point.

Marks of the graph's tensors say how far each value reaches (``points``); what exceeds them saturates. What a loop sums
up is kept in 64 bits under the point of its terms, so that a product costs one multiplication and one addition. Inputs
are 32-bit integers under a point a channel; an input that is no number (NaN, infinite, or so large that the graph masks
it) is -2^31.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lineshaft.core.errors import Refused
from lineshaft.graph.loops import number as n
from lineshaft.graph.loops.form import (
    BOOL,
    FLOAT,
    INT,
    LONG,
    Buffer,
    Const,
    DType,
    Expr,
    For,
    If,
    Index,
    Load,
    Op,
    Program,
    State,
    Stmt,
    Store,
    operations,
)
from lineshaft.graph.loops.number import Number
from lineshaft.graph.loops.points import NARROW, WIDE, Format, Mark
from lineshaft.graph.loops.slots import Slots, adds_to_itself, written
from lineshaft.graph.loops.tables import Tables

NO_NUMBER = -2**31
_RELATIONS = ("lt", "le", "gt", "ge", "eq", "ne")
_MASKING = {"lt": "ne", "le": "ne", "gt": "eq", "ge": "eq"}


@dataclass(frozen=True, slots=True)
class Fixed:
    """``program`` of integers; ``points`` of outputs and states by buffer name, ``inputs`` of the channels of x.

    An x of ``limit`` and more in size is no number to the graph.
    """

    program: Program
    points: Mapping[str, int]
    inputs: tuple[int, ...]
    limit: float


def integers(program: Program, inputs: Sequence[int], *, short_weights: bool = False) -> Fixed:
    """The program in integers; ``inputs`` are the binary points of x.

    ``short_weights`` keeps the weights of sums in 16 bits where most of them have some digits there, else in 24.

    Raises ``Refused`` naming operations that have no rule (see ``without_rule``).
    """
    missing = without_rule(program)
    if missing:
        raise Refused(f"no integer rule for {', '.join(missing)}", where="graph.loops")
    return _Conversion(program, tuple(inputs), short_weights).fixed()


def without_rule(program: Program) -> tuple[str, ...]:
    """Kinds of operations in a program that have no rule here, sorted."""
    known = {*_RULES, *_RELATIONS, "within", "cast", "select", "and", "or", "not"}
    found = {op.kind for op in operations(program.body) if FLOAT in (op.dtype, *(a.dtype for a in op.args))}
    small = {b.dtype for b in program.buffers if b.dtype in ("int8", "uint8")}
    return tuple(sorted((found - known) | {f"{dtype} numbers" for dtype in small}))


class _Conversion:
    def __init__(self, program: Program, inputs: tuple[int, ...], short: bool) -> None:
        self.program, self.inputs = program, inputs
        self.finest = max(inputs)
        self.limit = math.inf
        self.stores = written(program.body)
        self.slots = Slots(program, self.stores, self.number)
        self.tables = Tables(short, [b for b in program.of_kind("constant") if b.name in self.slots.weights],
                             [b.name for b in program.buffers])

    def fixed(self) -> Fixed:
        body = self._body(self.program.body)
        made = Program(tuple(map(self._buffer, self.program.inputs)), tuple(map(self._buffer, self.program.outputs)),
                       self.program.shapes, tuple(map(self._state, self.program.states)), body)
        names = [b.name for b in (*self.program.outputs, *(s.buffer for s in self.program.states))]
        return Fixed(made, {name: self.slots.formats[name].point for name in names}, self.inputs, self.limit)

    # -- buffers

    def _state(self, state: State) -> State:
        return replace(state, buffer=self._buffer(state.buffer))

    def _buffer(self, buffer: Buffer) -> Buffer:
        return replace(buffer, dtype=self._dtype(buffer)) if buffer.dtype == FLOAT else buffer

    def _dtype(self, buffer: Buffer) -> DType:
        if buffer.kind == "input":
            return INT
        return INT if self.slots.of(buffer).narrow else LONG

    # -- statements

    def _body(self, body: Iterable[Stmt]) -> tuple[Stmt, ...]:
        return tuple(self._statement(stmt) for stmt in body)

    def _statement(self, stmt: Stmt) -> Stmt:
        if isinstance(stmt, For):
            return For(stmt.var, stmt.extent, self._body(stmt.body))
        if isinstance(stmt, If):
            return If(self.plain(stmt.condition), self._body(stmt.then), self._body(stmt.otherwise))
        target, index = self._buffer(stmt.buffer), self._index(stmt.index)
        if stmt.buffer.dtype != FLOAT:
            return Store(target, index, self.plain(stmt.value))
        format_ = self.slots.of(stmt.buffer)
        if adds_to_itself(stmt) and not format_.narrow:
            term = self._term(stmt, format_)
            return Store(target, index, Op("add", (Load(target, index), n.long(term.expr)), LONG))
        return Store(target, index, n.fitted(self.number(stmt.value, format_.point), format_).expr)

    def _term(self, stmt: Store, format_: Format) -> Number:
        """What is added, small enough that the sum can't overflow."""
        assert isinstance(stmt.value, Op)
        term = n.at_point(self.number(stmt.value.args[1], format_.point), format_.point)
        return n.limited(term, WIDE - self.slots.growth(stmt.buffer))

    def _index(self, index: Index) -> Index:
        return Index(index.constant, tuple((self.plain(atom), c) for atom, c in index.terms))

    # -- expressions

    def plain(self, expr: Expr) -> Expr:
        """An expression that is no float32: places and truths."""
        if isinstance(expr, Load):
            return Load(self._buffer(expr.buffer), self._index(expr.index))
        if not isinstance(expr, Op):
            return expr
        if expr.kind in _RELATIONS and expr.args[0].dtype == FLOAT:
            return self._relation(expr)
        if expr.kind == "cast" and expr.args[0].dtype == FLOAT:
            value = self.number(expr.args[0])
            if expr.dtype == BOOL:
                return Op("ne", (n.long(value.expr), Const(0, LONG)), BOOL)
            return n.fitted(n.whole("trunc", value), Format(0, NARROW)).expr
        return replace(expr, args=tuple(self.plain(arg) for arg in expr.args))

    def _relation(self, op: Op) -> Expr:
        if op.args[0] == op.args[1]:  # whether it is a number: here all are
            return Const(op.kind in ("le", "ge", "eq"), BOOL)
        a, b = self.number(op.args[0]), self.number(op.args[1])
        raw = _bare_input(op.args[0])
        if b.value is not None and raw is not None and op.kind in _MASKING and b.value >= 2.0 ** (
                NARROW - min(self.inputs)):
            self.limit = min(self.limit, b.value)
            return Op(_MASKING[op.kind], (Load(self._buffer(raw.buffer), self._index(raw.index)),
                                          Const(NO_NUMBER, INT)), BOOL)
        return n.compared(op.kind, self._beside(op.args[0], a, b), self._beside(op.args[1], b, a))

    def _beside(self, expr: Expr, number: Number, other: Number) -> Number:
        """A constant table that is compared needs no finer point than what it is compared with."""
        if isinstance(expr, Load) and expr.buffer.kind == "constant" and number.point > other.point:
            return self._table(expr, other.point)
        return number

    def number(self, expr: Expr, wanted: int | None = None) -> Number:
        """An expression of float32; ``wanted`` is the binary point of what it is for."""
        if isinstance(expr, Const):
            return n.constant(float(expr.value))
        if isinstance(expr, Load):
            return self._load(expr, wanted)
        assert isinstance(expr, Op), "a loop variable is no float32"
        if expr.kind == "within":
            format_ = Format.of(_mark(expr))
            return n.fitted(self.number(expr.args[0], format_.point), format_)
        if expr.kind == "select":
            return n.chosen(self.plain(expr.args[0]), *(self.number(arg, wanted) for arg in expr.args[1:]))
        if expr.kind == "cast":
            value = self.plain(expr.args[0])
            bits = 1 if value.dtype == BOOL else NARROW
            return Number(value if value.dtype == INT else Op("cast", (value,), INT), 0, bits)
        return _RULES[expr.kind](self, expr, wanted)

    def _load(self, load: Load, wanted: int | None) -> Number:
        if load.buffer.kind == "constant":
            return self._table(load, self.tables.point(load.buffer, wanted))
        at = Load(self._buffer(load.buffer), self._index(load.index))
        if load.buffer.kind != "input":
            format_ = self.slots.of(load.buffer)
            return Number(at, format_.point, self.slots.bits(load.buffer))
        if load.buffer != self.program.inputs[0]:
            return Number(at, 0, NARROW)
        return self._channel(at)

    def _channel(self, at: Load) -> Number:
        """An input under the finest of the channels' points."""
        up = self.tables.up(self.inputs)
        if up is None:
            return Number(at, self.finest, NARROW)
        expr = Op("mul", (n.long(at), n.long(Load(up, at.index))), LONG)
        return Number(expr, self.finest, NARROW + self.finest - min(self.inputs))

    def _table(self, load: Load, point: int) -> Number:
        made, bits = self.tables.under(load.buffer, point)
        expr: Expr = Load(made, self._index(load.index))
        return Number(expr if made.dtype != "int16" else Op("cast", (expr,), INT), point, bits)

    def factor(self, expr: Expr) -> Number:
        """Half of a product; if it is a weight of a sum, in the form of weights."""
        if isinstance(expr, Load) and expr.buffer.name in self.slots.weights:
            return self._table(expr, self.tables.weight_point(expr.buffer))
        return self.number(expr)


_Rule = Callable[[_Conversion, Op, int | None], Number]


def _joined(cx: _Conversion, op: Op, wanted: int | None) -> Number:
    return n.joined(op.kind, cx.number(op.args[0], wanted), cx.number(op.args[1], wanted))


def _whole(cx: _Conversion, op: Op, wanted: int | None) -> Number:
    return n.whole(op.kind, cx.number(op.args[0]))


_RULES: Mapping[str, _Rule] = {
    **dict.fromkeys(("add", "sub", "min", "max"), _joined), **dict.fromkeys(("floor", "ceil", "round"), _whole),
    "mul": lambda cx, op, wanted: n.product(cx.factor(op.args[0]), cx.factor(op.args[1]), wanted),
    "div": lambda cx, op, wanted: n.quotient(cx.number(op.args[0]), cx.number(op.args[1]), wanted),
    "neg": lambda cx, op, wanted: n.negative(cx.number(op.args[0], wanted)),
    "abs": lambda cx, op, wanted: n.size(cx.number(op.args[0], wanted)),
    "sign": lambda cx, op, wanted: n.sign(cx.number(op.args[0])),
    "sqrt": lambda cx, op, wanted: n.square_root(cx.number(op.args[0]), wanted),
    "log": lambda cx, op, wanted: n.logarithm(cx.number(op.args[0])),
    "exp": lambda cx, op, wanted: n.exponential(cx.number(op.args[0]), wanted),
    "tanh": lambda cx, op, wanted: n.hyperbolic_tangent(cx.number(op.args[0])),
}


def _mark(op: Op) -> Mark:
    top, usual = op.args[1:]
    assert isinstance(top, Const) and isinstance(usual, Const)
    return Mark(float(top.value), float(usual.value))


def _bare_input(expr: Expr) -> Load | None:
    """The input whose size an expression is."""
    while isinstance(expr, Op) and expr.kind in ("abs", "within"):
        expr = expr.args[0]
    return expr if isinstance(expr, Load) and expr.buffer.kind == "input" else None
