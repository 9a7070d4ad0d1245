"""The standard's string functions, and texts of numbers. Places count from 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineshaft.plc.runtime import fault


def left(text: str, count: int, at: str) -> str:
    return text[:_places(count, at)]


def right(text: str, count: int, at: str) -> str:
    return text[max(len(text) - _places(count, at), 0):]


def mid(text: str, count: int, place: int, at: str) -> str:
    start = _places(place - 1, at)
    return text[start:start + _places(count, at)]


def concat(*texts: str) -> str:
    return "".join(texts)


def insert(text: str, other: str, place: int, at: str) -> str:
    return text[:_places(place, at)] + other + text[place:]


def delete(text: str, count: int, place: int, at: str) -> str:
    start = _places(place - 1, at)
    return text[:start] + text[start + _places(count, at):]


def replace(text: str, other: str, count: int, place: int, at: str) -> str:
    start = _places(place - 1, at)
    return text[:start] + other + text[start + _places(count, at):]


def find(text: str, other: str) -> int:
    """Place of the first occurrence, 0 where there is none."""
    return text.find(other) + 1


def written(value: Any) -> str:
    """A number as its literal."""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int) else repr(float(str(value)))


def whole(text: str, low: int, high: int, kind: str, at: str) -> int:
    try:
        value = int(text.strip())
    except ValueError:
        fault(f"{text[:40]!r} is no whole number", at)
    if not low <= value <= high:
        fault(f"{text[:40]!r} does not fit {kind}", at)
    return value


def number(text: str, at: str) -> float:
    try:
        return float(text.strip())
    except ValueError:
        fault(f"{text[:40]!r} is no number", at)


def _places(count: int, at: str) -> int:
    if count < 0:
        fault(f"a string function counts {count} characters", at)
    return count
