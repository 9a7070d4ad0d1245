"""Literals to values: numbers in four bases, times in nanoseconds, strings with their escapes."""

from __future__ import annotations

import re

from lineshaft.plc.errors import At, wrong

UNITS = {"d": 86_400_000_000_000, "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000,
         "us": 1_000, "ns": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|ns|d|h|m|s)")
_ESCAPES = {"$": "$", "'": "'", "L": "\n", "N": "\n", "P": "\f", "R": "\r", "T": "\t"}
_ESCAPE = re.compile(r"\$([0-9A-Fa-f]{2}|.)")


def integer(text: str, at: At) -> int:
    """``16#FF``, ``2#1010``, ``1_000``, with or without a sign.

    >>> integer("16#F_F", At(1, 1)), integer("-1_000", At(1, 1))
    (255, -1000)
    """
    base, mark, digits = text.rpartition("#")
    sign, base = (-1, base[1:]) if base.startswith("-") else (1, base.lstrip("+"))
    if mark and base not in ("2", "8", "10", "16"):
        raise wrong(at, f"{text} has base {base or 'none'}", "write 2#, 8# or 16#")
    _no_stray_underscore(digits, text, at)
    try:
        return sign * int(digits.replace("_", ""), int(base) if mark else 10)
    except ValueError:
        raise wrong(at, f"{text[:40]} is no whole number") from None


def decimal(text: str, at: At) -> float:
    _no_stray_underscore(text, text, at)
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        raise wrong(at, f"{text[:40]} is no number") from None
    if value in (float("inf"), float("-inf")):
        raise wrong(at, f"{text[:40]} is larger than any LREAL")
    return value


def duration(text: str, at: At) -> int:
    """Nanoseconds of ``T#1h2m3s4ms``; only the last part may have a fraction.

    >>> duration("T#1m2.5s", At(1, 1))
    62500000000
    """
    body = text.partition("#")[2].replace("_", "").lower()
    sign, body = (-1, body[1:]) if body.startswith("-") else (1, body.lstrip("+"))
    parts = _PART.findall(body)
    sizes = [UNITS[unit] for _, unit in parts]
    if not parts or "".join(n + u for n, u in parts) != body:
        raise wrong(at, f"{text[:40]} is no time", "write it as T#1h2m3s4ms")
    if sizes != sorted(set(sizes), reverse=True) or any("." in number for number, _ in parts[:-1]):
        raise wrong(at, f"{text[:40]} has its units in disorder", "write the longest unit first, a fraction only last")
    total = 0
    for number, unit in parts:
        whole, _, fraction = number.partition(".")
        total += int(whole) * UNITS[unit] + (int(fraction) * UNITS[unit] // 10 ** len(fraction) if fraction else 0)
    return sign * total


def string(text: str, at: At) -> str:
    """What stands between the quotes, escapes resolved.

    >>> string("'it$'s 10$$$N'", At(1, 1))
    "it's 10$\\n"
    """
    def one(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) == 2:
            return chr(int(code, 16))
        if code.upper() not in _ESCAPES:
            raise wrong(at, f"${code} in a string is no escape", "write $$ for a dollar sign")
        return _ESCAPES[code.upper()]

    value = _ESCAPE.sub(one, text[1:-1])
    if any(ord(character) > 255 for character in value):
        raise wrong(at, "this string has characters of more than one byte", "only single-byte STRING is taken")
    return value


def _no_stray_underscore(digits: str, text: str, at: At) -> None:
    if "__" in digits or digits.endswith("_") or digits.startswith("_") or len(digits) > 400:
        raise wrong(at, f"{text[:40]} is no number", "write digits with single underscores between them")
