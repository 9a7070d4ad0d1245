"""Literals without a type of their own: which one their surroundings give them, and what is known of constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineshaft.plc import typed as t
from lineshaft.plc.datatypes import (
    BOOL,
    DINT,
    LINT,
    LREAL,
    REAL,
    ULINT,
    Elementary,
    Type,
    family,
    plain,
    widens,
)
from lineshaft.plc.errors import At, wrong

_FOLDS: dict[str, Callable[[Any, Any], Any]] = {"+": lambda a, b: a + b, "-": lambda a, b: a - b,
                                                "*": lambda a, b: a * b}


def settled(value: t.Expression) -> t.Expression:
    """A literal whose surroundings ask for no type: DINT where it fits, LREAL for a fraction."""
    if not isinstance(value, t.Const) or value.type is not None:
        return value
    if isinstance(value.value, float):
        return t.Const(np.float64(value.value), LREAL)
    for kind in (DINT, LINT, ULINT):
        if kind.low <= value.value <= kind.high:
            return t.Const(value.value, kind)
    return t.Const(value.value & ULINT.high, ULINT)


def type_of_value(value: t.Expression) -> Type:
    assert value.type is not None
    return plain(value.type)


def near(value: t.Expression, other: t.Expression) -> t.Expression:
    """A literal in the type of the other operand, where it fits."""
    if not isinstance(value, t.Const) or value.type is not None:
        return value
    kind = type_of_value(settled(other))
    if isinstance(value.value, float):
        narrow = family(kind) != "real" and widens(kind, REAL)
        return t.Const(np.float32(value.value), REAL) if narrow or kind == REAL else settled(value)
    if family(kind) == "real":
        return literal_as(value.value, kind, At(1, 1))
    if family(kind) in ("signed", "unsigned", "bits") and isinstance(kind, Elementary) \
            and kind.low <= value.value <= kind.high:
        return t.Const(value.value, kind)
    return settled(value)


def literal_as(value: Any, kind: Type, at: At) -> t.Const:
    target = plain(kind)
    if family(target) == "real" and isinstance(target, Elementary):
        exact = float(value) if abs(value) < 2**1000 else float("inf")
        with np.errstate(over="ignore"):
            number = np.float32(exact) if target == REAL else np.float64(exact)
        if not np.isfinite(number):
            raise wrong(at, f"{value} does not fit {target}")
        return t.Const(number, target)
    if isinstance(value, int) and family(target) in ("signed", "unsigned", "bits"):
        assert isinstance(target, Elementary)
        return t.Const(in_range(value, target, at), target)
    if isinstance(value, int) and target == BOOL and value in (0, 1):
        return t.Const(bool(value), BOOL)
    raise wrong(at, f"the number {value} can't be a {target}")


def in_range(value: Any, kind: Elementary, at: At) -> Any:
    if kind.family != "string" and not kind.low <= value <= kind.high:
        raise wrong(at, f"{value} does not fit {kind}")
    return value


def folded(operator: str, a: Any, b: Any, at: At) -> t.Const:
    if operator in ("/", "MOD"):
        if b == 0:
            raise wrong(at, "division by zero")
        if isinstance(a, float) or isinstance(b, float):
            if operator == "MOD":
                raise wrong(at, "MOD can't be applied to LREAL")
            return t.Const(float(a) / float(b), None)
        cut = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return t.Const(cut if operator == "/" else a - cut * b, None)
    try:
        value = _FOLDS[operator](a, b)
    except OverflowError:
        value = float("inf")
    if abs(value) == float("inf") or (isinstance(value, int) and not LINT.low <= value <= ULINT.high):
        raise wrong(at, "this number is too large")
    return t.Const(value, None)


def is_constant(value: t.Expression) -> bool:
    if isinstance(value, t.Const):
        return True
    if isinstance(value, t.Unary | t.Convert):
        return is_constant(value.operand)
    if isinstance(value, t.Binary):
        return is_constant(value.left) and is_constant(value.right)
    return isinstance(value, t.Standard) and all(map(is_constant, value.arguments))
