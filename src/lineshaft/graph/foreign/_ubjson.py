"""Universal Binary JSON (https://ubjson.org, draft 12) as far as XGBoost writes it, within limits."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_DEEP, MOST_VALUES = 32, 5_000_000
_NUMBERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}


def loads(data: bytes) -> Any:
    """The document. Raises ``ValueError`` for what is none."""
    reader = _Reader(data)
    found = reader.value(reader.take(1), 0)
    if reader.place != len(data):
        raise ValueError("something follows its end")
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.place, self.values = data, 0, 0

    def take(self, count: int) -> bytes:
        stop = self.place + count
        if count < 0 or stop > len(self.data):
            raise ValueError("it ends too early")
        self.place, start = stop, self.place
        return self.data[start:stop]

    def value(self, mark: bytes, depth: int) -> Any:
        self.values += 1
        if depth > MOST_DEEP or self.values > MOST_VALUES:
            raise ValueError("it is too deep or has too many values")
        if mark in _NUMBERS:
            return self._number(mark)
        if mark == b"S":
            return self._text()
        if mark == b"{":
            return self._object(depth)
        if mark == b"[":
            return self._array(depth)
        if mark in (b"T", b"F", b"Z"):
            return {b"T": True, b"F": False}.get(mark)
        raise ValueError(f"{mark!r} at byte {self.place} is unknown")

    def _number(self, mark: bytes) -> Any:
        kind = np.dtype(_NUMBERS[mark])
        return np.frombuffer(self.take(kind.itemsize), kind)[0].item()

    def _length(self) -> int:
        found = self._number(self._marked(_NUMBERS))
        if not isinstance(found, int) or found < 0:
            raise ValueError("a length is no number")
        return found

    def _marked(self, known: Any) -> bytes:
        mark = self.take(1)
        if mark not in known:
            raise ValueError(f"{mark!r} at byte {self.place} is no number")
        return mark

    def _text(self) -> str:
        return self.take(self._length()).decode()

    def _header(self) -> tuple[bytes, int]:
        """The common type and the count that a container may state; -1 without a count."""
        kind = b""
        if self.data[self.place:self.place + 1] == b"$":
            self.take(1)
            kind = self.take(1)
        if self.data[self.place:self.place + 1] == b"#":
            self.take(1)
            return kind, self._length()
        if kind:
            raise ValueError("a typed container has no count")
        return kind, -1

    def _array(self, depth: int) -> Any:
        kind, count = self._header()
        if kind in _NUMBERS:
            numbers = np.dtype(_NUMBERS[kind])
            return np.frombuffer(self.take(count * numbers.itemsize), numbers).astype(numbers.newbyteorder("="))
        found = []
        while count != 0:
            mark = kind or self.take(1)
            if count < 0 and mark == b"]":
                break
            found.append(self.value(mark, depth + 1))
            count -= 1
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count = self._header()
        found = {}
        while count != 0:
            if count < 0 and self.data[self.place:self.place + 1] == b"}":
                self.take(1)
                break
            name = self._text()
            found[name] = self.value(kind or self.take(1), depth + 1)
            count -= 1
        return found
