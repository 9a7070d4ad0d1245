"""What generated code calls: each helper is the standard's meaning where Python's own differs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from lineshaft.plc.errors import Fault

REAL, LREAL = np.float32, np.float64


def fault(what: str, at: str, do: str = "") -> NoReturn:
    raise Fault(what, where=at, do=do)


def outside(index: int, low: int, high: int, at: str) -> NoReturn:
    fault(f"index {index} is outside {low}..{high}", at)


def endless(at: str) -> NoReturn:
    fault("the watchdog stopped this loop: the scan made more rounds than are allowed", at,
          "end the loop, spread it over scans, or allow more (rounds)")


def rounds(loop: range) -> int:
    """How often a loop goes round; ``len`` can't count beyond 63 bits."""
    return max((loop.stop - loop.start + loop.step - (1 if loop.step > 0 else -1)) // loop.step, 0)


def divide(a: int, b: int, at: str) -> int:
    """Whole numbers, towards zero."""
    if b == 0:
        fault("division by zero", at)
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def modulo(a: int, b: int, at: str) -> int:
    """The rest has the sign of the dividend; MOD 0 is 0, as the standard has it."""
    return a - divide(a, b, at) * b if b else 0


def quotient(a: Any, b: Any, at: str) -> Any:
    """Real numbers where a division by zero is a fault."""
    if b == 0:
        fault("division by zero", at)
    return a / b


def ranged(value: int, low: int, high: int, at: str) -> int:
    if not low <= value <= high:
        fault(f"{value} is outside the subrange {low}..{high}", at)
    return value


def whole(value: Any, low: int, high: int, kind: str, at: str) -> int:
    """Nearest whole number, halves to the even one."""
    return _fitting(value, round, low, high, kind, at)


def cut(value: Any, low: int, high: int, kind: str, at: str) -> int:
    """Whole number towards zero."""
    return _fitting(value, math.trunc, low, high, kind, at)


def _fitting(value: Any, to: Callable[[float], int], low: int, high: int, kind: str, at: str) -> int:
    number = float(value)
    if math.isfinite(number) and low <= (result := to(number)) <= high:
        return result
    fault(f"{number!r} does not fit {kind}", at)


def power(base: Any, exponent: Any) -> Any:
    """In double precision, rounded once to the type of the base."""
    return type(base)(np.power(np.float64(base), np.float64(exponent)))


def float_function(of: Callable[[float], float], reference: Callable[..., Any]) -> Callable[[Any], Any]:
    """Evaluated in double precision and rounded once; NumPy answers where ``math`` refuses (infinities, NaN)."""
    def apply(x: Any) -> Any:
        try:
            return type(x)(of(x))
        except (ValueError, OverflowError):
            return type(x)(reference(np.float64(x)))
    return apply


def atan2(y: Any, x: Any) -> Any:
    return type(y)(math.atan2(y, x))


def minimum(a: Any, *others: Any) -> Any:
    """The first operand that no other is below; so a NaN in front stays."""
    for b in others:
        if b < a:
            a = b
    return a


def maximum(a: Any, *others: Any) -> Any:
    for b in others:
        if b > a:
            a = b
    return a


def limit(low: Any, value: Any, high: Any) -> Any:
    return minimum(maximum(value, low), high)


def mux(place: int, *inputs: Any) -> Any:
    at = inputs[-1]
    if not 0 <= place < len(inputs) - 1:
        fault(f"MUX selects input {place} of {len(inputs) - 1}", at)
    return inputs[place]


def shift_left(value: int, by: int, bits: int, at: str) -> int:
    return value << _count(by, at) & (1 << bits) - 1 if by < bits else 0


def shift_right(value: int, by: int, bits: int, at: str) -> int:
    return value >> _count(by, at) if by < bits else 0


def rotate_left(value: int, by: int, bits: int, at: str) -> int:
    by = _count(by, at) % bits
    return (value << by | value >> (bits - by)) & (1 << bits) - 1


def rotate_right(value: int, by: int, bits: int, at: str) -> int:
    return rotate_left(value, -_count(by, at) % bits, bits, at)


def _count(by: int, at: str) -> int:
    if by < 0:
        fault(f"a shift by {by} places", at)
    return by


def scaled(value: int, by: Any, at: str) -> int:
    """TIME times a number, to the nearest nanosecond."""
    if isinstance(by, int):
        return value * by
    return whole(value * float(by), -2**63, 2**63 - 1, "TIME", at)


def parted(value: int, by: Any, at: str) -> int:
    """TIME over a number."""
    if by == 0:
        fault("division by zero", at)
    return divide(value, by, at) if isinstance(by, int) else whole(value / float(by), -2**63, 2**63 - 1, "TIME", at)


def copy_into(target: Any, source: Any) -> None:
    """Arrays and structures are assigned by value."""
    if isinstance(target, list):
        if target and isinstance(target[0], (list, Record)):
            for one, other in zip(target, source, strict=True):
                copy_into(one, other)
        else:
            target[:] = source
        return
    for name in target.__slots__:
        value = getattr(target, name)
        if isinstance(value, (list, Record)):
            copy_into(value, getattr(source, name))
        else:
            setattr(target, name, getattr(source, name))


def copied(value: Any) -> Any:
    """A new array or structure of the same content."""
    if isinstance(value, list):
        return [copied(v) for v in value] if value and isinstance(value[0], (list, Record)) else value[:]
    if not isinstance(value, Record):
        return value
    fresh = type(value).__new__(type(value))
    for name in fresh.__slots__:
        setattr(fresh, name, copied(getattr(value, name)))
    return fresh


class Record:
    """Base of the values of structures and of instances of blocks."""

    __slots__: tuple[str, ...] = ()
