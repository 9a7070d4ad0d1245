"""Typed expressions to Python text; whole numbers carry the interval they lie in, so that checks can be left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineshaft.plc import typed as t
from lineshaft.plc.datatypes import BOOL, Elementary, String, Subrange, Type, family, plain
from lineshaft.plc.standard import NAMESPACE, call_text

Interval = tuple[int, int]
_COMPARE = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WHOLE = ("signed", "unsigned")
_LOGIC = {"AND": "&", "OR": "|", "XOR": "^"}


class Expressions:
    """Prints expressions. ``constants`` become names of the generated module; ``checked`` makes x / 0.0 a fault."""

    def __init__(self, *, checked: bool) -> None:
        self.constants: dict[str, Any] = {}
        self.intervals: dict[str, Interval] = {}
        self._names: dict[str, str] = {}
        self._checked = checked
        self._temporaries = 0

    # -- names

    def constant(self, value: Any, key: str = "") -> str:
        """The name of a value that is made once; ``key`` where the value itself is no cheap key."""
        key = key or f"{type(value).__name__} {value!r}"
        if key not in self._names:
            self._names[key] = f"k{len(self._names)}"
            self.constants[self._names[key]] = value
        return self._names[key]

    def fresh(self) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    def root(self, place: t.Place) -> str:
        """Where the variable of a place is found; the printer of units knows better."""
        return f"v_{place.name}"

    def place(self, place: t.Place) -> str:
        text = self.root(place)
        for step in place.steps:
            text += f".v_{step.name}" if isinstance(step, t.Member) else f"[{self.offset(step)}]"
        return text

    def offset(self, step: t.Element) -> str:
        """The place in the flat list, each index checked unless it can't be outside."""
        text, known = "", 0
        for index, (low, high) in zip(step.indices, step.bounds, strict=True):
            size = high - low + 1
            one = self._index(index, low, high, str(step.at))
            if isinstance(one, int):
                text, known = f"{text} * {size}" if text else "", known * size + one
            else:
                text, known = f"({text} * {size} + {one})" if text else one, known * size
        return f"{text} + {known}" if text and known else text or str(known)

    def _index(self, index: t.Expression, low: int, high: int, at: str) -> str | int:
        lowest, highest = self.interval(index)
        if isinstance(index, t.Const) and low <= lowest <= high:
            return lowest - low
        text = self.text(index)
        if not (low <= lowest and highest <= high):
            name = self.fresh()
            text = f"({name} if {low} <= ({name} := {text}) <= {high} else outside({name}, {low}, {high}, {at!r}))"
        return f"({text} - {low})" if low > 0 else f"({text} + {-low})" if low else text

    # -- intervals

    def interval(self, expression: t.Expression) -> Interval:
        """Between which whole numbers a value lies."""
        kind = plain(expression.type) if expression.type is not None else None
        widest = (kind.low, kind.high) if isinstance(kind, Elementary) else (-2**63, 2**64)
        if isinstance(expression, t.Const):
            return (int(expression.value),) * 2 if isinstance(expression.value, int) else widest
        if isinstance(expression, t.Load) and not expression.place.steps and expression.place.home != "global":
            return self.intervals.get(expression.place.name, widest)
        inner = widest
        if isinstance(expression, t.Convert) and family(expression.operand.type or BOOL) in _WHOLE:
            inner = self.interval(expression.operand)
        elif isinstance(expression, t.Binary) and family(expression.type) in _WHOLE:
            inner = self._unbounded(expression)
        return inner if widest[0] <= inner[0] and inner[1] <= widest[1] else widest

    def _unbounded(self, expression: t.Binary) -> Interval:
        """Before it wraps at its width."""
        (a, b), (c, d) = self.interval(expression.left), self.interval(expression.right)
        if expression.operator == "+":
            return a + c, b + d
        if expression.operator == "-":
            return a - d, b - c
        if expression.operator == "*":
            corners = (a * c, a * d, b * c, b * d)
            return min(corners), max(corners)
        if expression.operator == "MOD" and a >= 0 and c == d > 0:
            return 0, min(b, d - 1)
        if expression.operator == "/" and a >= 0 and c == d > 0:
            return a // c, b // c
        return -2**64, 2**65

    # -- text

    def text(self, expression: t.Expression) -> str:
        return _PRINTERS[type(expression)](self, expression)

    def const(self, e: t.Const) -> str:
        if isinstance(e.value, float | np.floating):
            return self.constant(e.value)
        return repr(e.value)

    def load(self, e: t.Load) -> str:
        return self.place(e.place)

    def unary(self, e: t.Unary) -> str:
        inner = self.text(e.operand)
        if e.operator == "NOT":
            mask = plain(e.type).high  # type: ignore[union-attr]
            return f"(not {inner})" if mask == 1 else f"({inner} ^ {mask})"
        return f"(-{inner})" if family(e.type) == "real" else wrapped(f"-{inner}", e.type)

    def binary(self, e: t.Binary) -> str:
        left, right, op = self.text(e.left), self.text(e.right), e.operator
        if op in _COMPARE:
            return f"({left} {_COMPARE[op]} {right})"
        if op in _LOGIC:
            return f"({left} {_LOGIC[op]} {right})"
        if op == "**":
            return f"power({left}, {right})"
        kind = family(e.type)
        if kind == "time" and op in ("*", "/"):
            return wrapped(f"{'scaled' if op == '*' else 'parted'}({left}, {right}, {str(e.at)!r})", e.type)
        if kind == "real":
            return self._real(op, left, right, e)
        return self._whole(op, left, right, e)

    def _real(self, op: str, left: str, right: str, e: t.Binary) -> str:
        if op == "/" and self._checked and not (isinstance(e.right, t.Const) and e.right.value != 0):
            return f"quotient({left}, {right}, {str(e.at)!r})"
        return f"({left} {op} {right})"

    def _whole(self, op: str, left: str, right: str, e: t.Binary) -> str:
        low, high = self.interval(e)
        inside = self._unbounded(e)
        if op in ("/", "MOD"):
            if self.interval(e.left)[0] >= 0 and self.interval(e.right)[0] > 0:
                return f"({left} {'//' if op == '/' else '%'} {right})"
            return wrapped(f"{'divide' if op == '/' else 'modulo'}({left}, {right}, {str(e.at)!r})", e.type)
        text = f"{left} {op} {right}"
        return f"({text})" if low <= inside[0] and inside[1] <= high else wrapped(text, e.type)

    def convert(self, e: t.Convert) -> str:
        inner, source, target = self.text(e.operand), plain(e.operand.type or e.type), plain(e.type)
        if family(source) == "string":
            return _from_text(inner, target, str(e.at))
        if isinstance(target, Elementary) and isinstance(source, Elementary):
            return _conversion(inner, source, target, str(e.at), e.cut)
        return inner  # an enumeration is its number already

    def standard(self, e: t.Standard) -> str:
        return call_text(e.name, [self.text(a) for a in e.arguments], e.type, str(e.at))

    def invoke(self, e: t.Invoke) -> str:
        raise NotImplementedError(e.unit)

    def stored(self, value: t.Expression, kind: Type, at: str) -> str:
        """A value as a variable of ``kind`` takes it: strings are cut, subranges checked."""
        text = self.text(value)
        if isinstance(kind, String):
            return repr(value.value[:kind.length]) if isinstance(value, t.Const) else f"{text}[:{kind.length}]"
        if isinstance(kind, Subrange):
            low, high = self.interval(value)
            return text if kind.low <= low and high <= kind.high else f"ranged({text}, {kind.low}, {kind.high}, {at!r})"
        return text


_PRINTERS: dict[type, Callable[[Expressions, Any], str]] = {
    t.Const: Expressions.const, t.Load: Expressions.load, t.Unary: Expressions.unary, t.Binary: Expressions.binary,
    t.Convert: Expressions.convert, t.Standard: Expressions.standard, t.Invoke: lambda self, e: self.invoke(e)}


def wrapped(text: str, kind: Type) -> str:
    """Python's unbounded whole number at the width of its type."""
    base = plain(kind)
    assert isinstance(base, Elementary)
    mask = (1 << base.bits) - 1
    if base.low:
        return f"(({text} + {-base.low} & {mask}) - {-base.low})"
    return f"({text} & {mask})"


def _conversion(text: str, source: Elementary, target: Elementary, at: str, cut: bool) -> str:
    if target.family == "real":
        return _to_real(text, source, target)
    if target.family == "string":
        return f"written({text})"
    if source.family == "real":
        helper, low, high = "cut" if cut else "whole", target.low, target.high
        if target.name == "TIME":
            return f"{helper}({text} * F64(1e6), {low}, {high}, 'TIME', {at!r})"
        if target.name != "BOOL":
            return f"{helper}({text}, {low}, {high}, {target.name!r}, {at!r})"
    if target.name == "BOOL":
        return f"({text} != 0)"
    if source.name == "TIME" and target.name != "TIME":
        return wrapped(f"divide({text}, 1000000, '')", target)
    if target.name == "TIME" and source.name != "TIME":
        return wrapped(f"{text} * 1000000", target)
    fits = target.low <= source.low and source.high <= target.high
    return f"int({text})" if source.family == "bool" else text if fits else wrapped(text, target)


def _to_real(text: str, source: Elementary, target: Elementary) -> str:
    name = f"F{target.bits}"
    if source.name == "TIME":
        return f"{name}({text} / 1000000)"
    if source.bits == 64 and source.family != "real":  # straight from 64 bits: a detour by double rounds twice
        return f"{name}({'I64' if source.family == 'signed' else 'U64'}({text}))"
    return f"{name}({text})"


def _from_text(text: str, target: Type, at: str) -> str:
    assert isinstance(target, Elementary)
    if target.family == "real":
        return f"F{target.bits}(text_number({text}, {at!r}))"
    return f"text_whole({text}, {target.low}, {target.high}, {target.name!r}, {at!r})"


def evaluate(expression: t.Expression) -> Any:
    """The value of an expression without variables. Raises ``Fault`` where running it would."""
    printer = Expressions(checked=True)
    code = printer.text(expression)
    with np.errstate(all="ignore"):
        found = eval(code, {**NAMESPACE, **printer.constants})
    return bool(found) if isinstance(found, np.bool_) else found


