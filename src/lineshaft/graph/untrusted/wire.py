"""A survey of protobuf bytes before they are parsed: what they would cost, and whether they are whole.

A parser makes an object of some hundred bytes out of a message of two, so a small file can fill the memory. The walk
here builds nothing, follows the fields that the schema knows (https://protobuf.dev/programming-guides/encoding)
and stops at the first limit.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.untrusted.limits import LIMITS, Limits

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MESSAGE_BYTES, STRING_BYTES, NUMBER_BYTES = 160, 32, 8
_STRING, _MESSAGE, _RAW = 9, 11, 12  # field types of the schema language
_NUMBER = {VARINT: rb"[\x80-\xff]{0,9}[\x00-\x7f]", FIXED32: b".{4}", FIXED64: b".{8}"}
_ONE = {form: re.compile(body, re.DOTALL) for form, body in _NUMBER.items()}


def survey(data: bytes, schema: Any, limits: Limits = LIMITS) -> None:
    """Raise ``UsageError`` for bytes that are no message of ``schema`` (a descriptor), ``Refused`` beyond a limit."""
    if len(data) > limits.file_bytes:
        raise Refused(f"it has {len(data):,} bytes, at most {limits.file_bytes:,} are read")
    _Walk(data, limits).through(schema)


class _Walk:
    """Where the walk stands and what it has counted."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data, self.limits = data, limits
        self.parts, self.memory = 0, len(data)
        self.pending: list[tuple[int, int, Any, int]] = []

    def through(self, schema: Any) -> None:
        self.pending.append((0, len(self.data), schema, 0))
        while self.pending:
            start, end, kind, depth = self.pending.pop()
            if depth > self.limits.depth:
                raise Refused(f"its parts are nested more than {self.limits.depth} deep")
            self._message(start, end, kind, depth)

    def _message(self, place: int, end: int, kind: Any, depth: int) -> None:
        known = _fields(kind)
        self.memory += MESSAGE_BYTES
        while place < end:
            tag, after = self._varint(place, end)
            number, form = tag >> 3, tag & 7
            if form == BYTES:
                inner, field = known.get(number, (None, 0))
                place = self._bytes(after, end, inner, field, depth)
            else:
                place = self._numbers(place, after, end, form, number in known)
            self._count()

    def _count(self) -> None:
        self.parts += 1
        if self.parts > self.limits.messages:
            raise Refused(f"it has more than {self.limits.messages:,} parts")
        if self.memory > self.limits.memory_bytes:
            raise Refused(f"it would take more than {self.limits.memory_bytes:,} bytes of memory")

    def _bytes(self, place: int, end: int, inner: Any, field: int, depth: int) -> int:
        """Past a part of a stated length; a message among them is noted for later."""
        size, start = self._varint(place, end)
        stop = start + size
        if stop > end:
            raise _broken(f"it ends inside a part of {size:,} bytes", start)
        if field == _MESSAGE:
            self.pending.append((start, stop, inner, depth + 1))
        elif field == _STRING:
            _utf8(self.data[start:stop], start)
        self.memory += STRING_BYTES if field in (0, _STRING, _MESSAGE, _RAW) else size * NUMBER_BYTES
        return stop

    def _numbers(self, place: int, after: int, end: int, form: int, known: bool) -> int:
        """Past a number, or past a run of them under the same tag: one step for the many numbers of a forest."""
        if form not in _NUMBER:
            raise _broken("it holds a field of no known form", place)
        alone = not known or after - place > 2
        found = (_ONE[form].match(self.data, after, end) if alone
                 else _runs(self.data[place:after], form).match(self.data, place, end))
        if found is None:
            raise _broken("it ends inside a number", place)
        self.memory += (found.end() - place) * NUMBER_BYTES // 2
        return found.end()

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        if place < end and self.data[place] < 0x80:
            return self.data[place], place + 1
        found = _ONE[VARINT].match(self.data, place, end)
        if found is None:
            raise _broken("it ends inside a number", place)
        value = 0
        for byte in reversed(found[0]):
            value = value << 7 | byte & 0x7F
        return value, found.end()


@cache  # tags of known fields in one or two bytes: a few hundred at most
def _runs(tag: bytes, form: int) -> re.Pattern[bytes]:
    return re.compile(b"(?:" + re.escape(tag) + _NUMBER[form] + b")+", re.DOTALL)


@cache
def _fields(kind: Any) -> dict[int, tuple[Any, int]]:
    return {field.number: (field.message_type, field.type) for field in kind.fields}


def _utf8(text: bytes, place: int) -> None:
    try:
        text.decode()
    except UnicodeDecodeError:
        raise _broken("a name is not UTF-8", place) from None


def _broken(what: str, place: int) -> UsageError:
    return UsageError(f"not a valid ONNX model: {what} (byte {place:,})")
