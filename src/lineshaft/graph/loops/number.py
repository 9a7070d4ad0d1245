"""Numbers with a binary point as expressions of integers, and the arithmetic on them.

A ``Number`` carries a bound that holds whatever comes in: |integer| <= 2^bits. No operation lets it pass 2^62, so that
no sum overflows 64 bits; where it would, the number is clamped, which is what saturation is here. Operations on
integers beyond those of ``form``, all rounding to the nearest (halves up) unless said otherwise:

=======================  ===========================================================================================
``shr``                  (v, n): v / 2^n
``clamp``                (v, m): into -m ... m
``narrow``               (v, n): v / 2^n, n from 0, clamped to 2^31 - 1: the usual end of a 64-bit result
``mulq``                 (a, b, n): a b / 2^n, clamped to 2^61 - 1
``quotient``             (a, b, m): a / b; by zero m with a's sign, 0 / 0 is 0
``divq``                 (a, b, n): a 2^n / b, clamped to 2^61 - 1
``sqrtq``                (v, n): square root of v 2^n rounded down, 0 of negative numbers
``logq``                 (v, n): natural logarithm of v / 2^n under point 24; -64 for what isn't positive
``expq``                 (v, n, m): e^(v / 2^n) under point m, clamped to 2^61 - 1
``tanhq``                (v, n): tanh of v / 2^n under point 30
``floorq truncq roundq`` (v, n): whole number of v / 2^n: down, towards zero, to the nearest (halves to even)
=======================  ===========================================================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lineshaft.graph.loops.form import BOOL, INT, LONG, Const, DType, Expr, Op
from lineshaft.graph.loops.points import NARROW, WIDE, Format

ROOM = WIDE + 1  # bits that an intermediate result may have
_CONSTANT_BITS, _MOST_POINT, _LEAST_EXACT = 30, 60, 20


@dataclass(frozen=True, slots=True)
class Number:
    """``expr / 2^point``; ``value`` where it is a constant, whose point may be chosen anew."""

    expr: Expr
    point: int
    bits: int
    value: float | None = None

    @property
    def format(self) -> Format:
        return Format(self.point, max(self.bits, NARROW) - self.point)


def constant(value: float, point: int | None = None) -> Number:
    """A constant under a point, by itself the one that keeps 30 bits or all of them."""
    if point is None:
        point = _own_point(value)
    return Number(*_integer(value, point), value)


def _integer(value: float, point: int) -> tuple[Const, int, int]:
    most = 2**WIDE - 1
    scaled = value * 2.0**point if math.isfinite(value) else value
    whole = (most if scaled > 0 else -most) if not abs(scaled) < most else _nearest(scaled)
    bits = max(abs(whole) - 1, 0).bit_length()
    return Const(whole, INT if bits < NARROW else LONG), point, bits


def _nearest(scaled: float) -> int:
    return math.floor(scaled + 0.5) if abs(scaled) < 2**52 else int(scaled)


def _own_point(value: float) -> int:
    if value == 0 or not math.isfinite(value):
        return 0
    point = max(min(_CONSTANT_BITS - math.frexp(value)[1], _MOST_POINT), -_MOST_POINT)
    while point > 0 and value * 2.0 ** (point - 1) == math.floor(value * 2.0 ** (point - 1)):
        point -= 1
    return point


def long(expr: Expr) -> Expr:
    """As 64 bits."""
    if expr.dtype == LONG:
        return expr
    return Const(expr.value, LONG) if isinstance(expr, Const) else Op("cast", (expr,), LONG)


def count(value: int) -> Const:
    """A plain number as an operand: of digits to shift, of bits."""
    return Const(value, INT)


def at_point(number: Number, point: int) -> Number:
    """The same number under another point, rounded or clamped where it has to be."""
    if number.value is not None:
        return constant(number.value, point)
    up = point - number.point
    if up < 0:
        down = min(-up, ROOM)
        return Number(Op("shr", (number.expr, count(down)), number.expr.dtype), point, max(number.bits - down, 0))
    if not up:
        return number
    up = min(up, WIDE)
    inside = limited(number, ROOM - up) if number.bits + up > ROOM else number
    dtype: DType = INT if inside.bits + up < NARROW and inside.expr.dtype == INT else LONG
    value = inside.expr if dtype == INT else long(inside.expr)
    return Number(Op("mul", (value, Const(2**up, dtype)), dtype), point, inside.bits + up)


def limited(number: Number, bits: int) -> Number:
    """Clamped to a size below 2^bits."""
    if number.bits <= bits:
        return number
    return Number(Op("clamp", (long(number.expr), Const(2**bits - 1, LONG)), LONG), number.point, bits)


def fitted(number: Number, format_: Format, *, dtype: DType | None = None) -> Number:
    """In a format, ready to be stored."""
    if format_.narrow and dtype is None and number.value is None and number.expr.dtype == LONG:
        return _narrowed(number, format_.point)
    inside = limited(at_point(number, format_.point), format_.bits)
    dtype = dtype or (INT if format_.narrow else LONG)
    if isinstance(inside.expr, Const):
        return Number(Const(inside.expr.value, dtype), inside.point, inside.bits)
    expr = inside.expr if inside.expr.dtype == dtype else Op("cast", (inside.expr,), dtype)
    return Number(expr, inside.point, inside.bits)


def _narrowed(number: Number, point: int) -> Number:
    down = number.point - point
    if down < 0:
        number, down = at_point(number, point), 0
    bits = max(number.bits - down, 0)
    if bits <= NARROW and not down:
        return Number(Op("cast", (number.expr,), INT), point, bits)
    return Number(Op("narrow", (number.expr, count(min(down, ROOM))), INT), point, min(bits, NARROW))


def aligned(a: Number, b: Number) -> tuple[Number, Number]:
    """Both under one point, the finer of theirs if there is room."""
    if a.value is not None and b.value is None:
        a = at_point(a, min(a.point, max(b.point, 24)))
    elif b.value is not None and a.value is None:
        b = at_point(b, min(b.point, max(a.point, 24)))
    point = max(a.point, b.point)
    while point > min(a.point, b.point) and max(a.bits + point - a.point, b.bits + point - b.point) > WIDE:
        point -= 1
    return limited(at_point(a, point), WIDE), limited(at_point(b, point), WIDE)


def joined(kind: str, a: Number, b: Number) -> Number:
    """Sum, difference, smaller or larger of two."""
    a, b = aligned(a, b)
    grows = kind in ("add", "sub")
    bits = max(a.bits, b.bits) + grows
    return Number(Op(kind, *_pair(a, b, bits if grows else 0)), a.point, bits)


def _pair(a: Number, b: Number, bits: int) -> tuple[tuple[Expr, ...], DType]:
    if bits < NARROW and a.expr.dtype == b.expr.dtype == INT:
        return (a.expr, b.expr), INT
    return (long(a.expr), long(b.expr)), LONG


def product(a: Number, b: Number, wanted: int | None = None) -> Number:
    """``wanted`` is the point of what it is for: nothing finer is needed where 64 bits are short."""
    a, b = _shortened(a, b.bits), _shortened(b, a.bits)
    bits = a.bits + b.bits
    if bits <= ROOM:
        return Number(Op("mul", *_pair(a, b, bits)), a.point + b.point, bits)
    point = min(max(a.point, b.point) if wanted is None else wanted, a.point + b.point)
    shift = min(a.point + b.point - point, 2 * ROOM)
    return Number(Op("mulq", (long(a.expr), long(b.expr), count(shift)), LONG), a.point + b.point - shift,
                  min(max(bits - shift, 0), WIDE))


def _shortened(number: Number, beside: int) -> Number:
    """A constant with less digits, if that lets a product fit and leaves enough of them."""
    over = number.bits + beside - ROOM
    if number.value is None or over <= 0 or number.bits - over < _LEAST_EXACT:
        return number
    return at_point(number, number.point - over)


def quotient(a: Number, b: Number, wanted: int | None = None) -> Number:
    point = max(a.point, 24) if wanted is None else wanted
    up = point + b.point - a.point
    if up < 0:
        a, up = at_point(a, a.point + up), 0
    if a.bits + up <= ROOM:
        raised = at_point(a, a.point + up)
        most = Const(2**raised.bits - 1 or 1, LONG)
        return Number(Op("quotient", (long(raised.expr), long(b.expr), most), LONG), point, raised.bits)
    return Number(Op("divq", (long(a.expr), long(b.expr), count(min(up, 2 * ROOM))), LONG), point, WIDE)


def square_root(a: Number, wanted: int | None = None) -> Number:
    point = max(a.point, 20) if wanted is None else wanted
    point = max(point, -(-a.point // 2))
    return Number(Op("sqrtq", (long(a.expr), count(2 * point - a.point)), LONG), point, WIDE)


def logarithm(a: Number) -> Number:
    return Number(Op("logq", (long(a.expr), count(a.point)), LONG), 24, 31)


def exponential(a: Number, wanted: int | None = None) -> Number:
    point = 24 if wanted is None else wanted
    return Number(Op("expq", (long(a.expr), count(a.point), count(point)), LONG), point, WIDE)


def hyperbolic_tangent(a: Number) -> Number:
    return Number(Op("tanhq", (long(a.expr), count(a.point)), LONG), 30, 30)


def whole(kind: str, a: Number) -> Number:
    """``floor``, ``ceil``, ``round`` or ``trunc``."""
    if a.point <= 0:
        return a
    if kind == "ceil":
        return negative(whole("floor", negative(a)))
    return Number(Op(f"{kind}q", (long(a.expr), count(min(a.point, ROOM))), LONG), 0, max(a.bits - a.point, 0) + 1)


def negative(a: Number) -> Number:
    if a.value is not None:
        return constant(-a.value, a.point)
    return Number(Op("neg", (long(a.expr),), LONG), a.point, a.bits)


def size(a: Number) -> Number:
    return Number(Op("abs", (long(a.expr),), LONG), a.point, a.bits)


def sign(a: Number) -> Number:
    return Number(Op("sign", (a.expr,), INT), 0, 1)


def chosen(condition: Expr, a: Number, b: Number) -> Number:
    a, b = aligned(a, b)
    pair, dtype = _pair(a, b, 0)
    return Number(Op("select", (condition, *pair), dtype), a.point, max(a.bits, b.bits))


def compared(kind: str, a: Number, b: Number) -> Expr:
    """A comparison; with a constant it is exact, since the constant is rounded to the side that leaves it true."""
    if a.value is not None and b.value is None:
        return compared({"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}.get(kind, kind), b, a)
    if b.value is not None and a.value is None and kind in ("lt", "le", "gt", "ge"):
        scaled = b.value * 2.0**a.point
        if abs(scaled) >= 2.0**a.bits:  # no number there is lies beyond it; one that equals it is as good as there
            return Const((kind in ("lt", "le")) == (scaled > 0), BOOL)
        limit = math.floor(scaled) if kind in ("gt", "le") else math.ceil(scaled)
        dtype = INT if a.expr.dtype == INT and abs(limit) < 2**NARROW else LONG
        return Op(kind, (a.expr if dtype == INT else long(a.expr), Const(limit, dtype)), BOOL)
    a, b = aligned(a, b)
    return Op(kind, _pair(a, b, 0)[0], BOOL)
