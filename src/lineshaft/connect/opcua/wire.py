"""DataValues straight from the wire into columns (OPC 10000-6, 5.2: binary encoding).

asyncua turns a DateTime into a ``datetime`` and so drops the last digit of its 100 ns, and it reads the
picoseconds after the server time instead of before it; a value also costs it several Python objects.
Decoding the two messages that matter here keeps source time and StatusCode exactly as the server sent them.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

import numpy as np
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary, variant_from_binary

from lineshaft.core.sample import Samples

EPOCH_TICKS = 116_444_736_000_000_000  # 1970-01-01 in 100 ns since 1601-01-01
_DATA_CHANGE = b"\x01\x00" + (811).to_bytes(2, "little")
_STATUS_CHANGE = b"\x01\x00" + (820).to_bytes(2, "little")
_U32, _I32, _I64, _U16 = Struct("<I"), Struct("<i"), Struct("<q"), Struct("<H")
_NUMBERS = {1: Struct("<?"), 2: Struct("<b"), 3: Struct("<B"), 4: Struct("<h"), 5: Struct("<H"), 6: _I32,
            7: _U32, 8: _I64, 9: Struct("<Q"), 10: Struct("<f"), 11: Struct("<d")}
_STRING, _LOCALIZED_TEXT = 12, 21


@dataclass(slots=True)
class Columns:
    """Samples on their way: ``key`` is the client handle of each value, or its place in the request."""

    key: list[int] = field(default_factory=list)
    time: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)
    text: dict[int, str] = field(default_factory=dict)

    def samples(self, paths: tuple[str, ...]) -> Samples:
        """The columns of ``core``; ``key`` must point into ``paths``."""
        texts = tuple(self.text.get(row) for row in range(len(self.key))) if self.text else None
        return Samples(paths, np.array(self.key, np.int32), np.array(self.time, np.int64),
                       np.array(self.value, np.float64), np.array(self.quality, np.uint32), texts)


@dataclass(slots=True)
class Notification:
    """What one PublishResponse says. ``status`` is set when the server ends or moves the subscription."""

    subscription: int
    sequence: int
    changes: Columns
    status: int | None = None
    keep_alive: bool = False


def to_ticks(nanoseconds: int) -> int:
    """An OPC UA DateTime from UTC nanoseconds; what is below 100 ns is cut off.

    >>> to_nanoseconds(to_ticks(1_700_000_000_123_456_789))
    1700000000123456700
    """
    return nanoseconds // 100 + EPOCH_TICKS


def to_nanoseconds(ticks: int, ten_picoseconds: int = 0) -> int:
    """UTC nanoseconds of a DateTime and its Picoseconds field (which counts 10 ps)."""
    return (ticks - EPOCH_TICKS) * 100 + ten_picoseconds // 100


def decode_notification(body: Buffer, now: int) -> Notification:
    """A PublishResponse; ``now`` stands in for a time that the server did not give."""
    _check_header(body)
    data, at = bytes(body), 0
    subscription = _U32.unpack_from(data, at)[0]
    count = _I32.unpack_from(data, at + 4)[0]
    at += 8 + 4 * max(count, 0) + 1  # available sequence numbers; more notifications
    sequence = _U32.unpack_from(data, at)[0]
    parts = _I32.unpack_from(data, at + 12)[0]  # after the publish time
    at += 16
    found = Notification(subscription, sequence, Columns(), keep_alive=parts <= 0)
    for _ in range(max(parts, 0)):
        at = _decode_part(data, at, found, now)
    return found


def _check_header(body: Buffer) -> None:
    nodeid_from_binary(body)
    struct_from_binary(ua.ResponseHeader, body).ServiceResult.check()


def _decode_part(data: bytes, at: int, found: Notification, now: int) -> int:
    kind = data[at:at + 4]
    size: int = _I32.unpack_from(data, at + 5)[0]
    body, end = at + 9, at + 9 + size
    if kind == _DATA_CHANGE:
        count = _I32.unpack_from(data, body)[0]
        at = body + 4
        for _ in range(count):
            handle = _U32.unpack_from(data, at)[0]
            at = _decode_value(data, at + 4, handle, found.changes, now)
    elif kind == _STATUS_CHANGE:
        found.status = _U32.unpack_from(data, body)[0]
    return end


def decode_read(body: Buffer, now: int, columns: Columns, keys: list[int]) -> None:
    """Append the results of a ReadResponse to ``columns``, one for each of ``keys``."""
    _check_header(body)
    data, at = bytes(body), 4
    count = _I32.unpack_from(data, 0)[0]
    if count != len(keys):
        raise ua.UaError(f"the server answered {count} values to {len(keys)} asked for")
    for key in keys:
        at = _decode_value(data, at, key, columns, now)


def _decode_value(data: bytes, at: int, key: int, columns: Columns, now: int) -> int:
    """Append one DataValue; the place after it."""
    mask = data[at]
    at += 1
    value, text, quality = math.nan, None, 0
    if mask & 0x01:
        kind = data[at]
        number = _NUMBERS.get(kind)
        if number is not None:
            value = float(number.unpack_from(data, at + 1)[0])
            at += 1 + number.size
        else:
            text, at = _decode_text(data, at)
    if mask & 0x02:
        quality = _U32.unpack_from(data, at)[0]
        at += 4
    time, at = _decode_times(data, at, mask, now)
    if text is not None:
        columns.text[len(columns.key)] = text
    columns.key.append(key)
    columns.time.append(time)
    columns.value.append(value)
    columns.quality.append(quality)
    return at


def _decode_times(data: bytes, at: int, mask: int, now: int) -> tuple[int, int]:
    """The source time, else the server's, else ``now`` (a DateTime of 0 says "none")."""
    source = server = fine = 0
    if mask & 0x04:
        source = _I64.unpack_from(data, at)[0]
        at += 8
    if mask & 0x10:
        fine = _U16.unpack_from(data, at)[0]
        at += 2
    if mask & 0x08:
        server = _I64.unpack_from(data, at)[0]
        at += 8
    if mask & 0x20:
        at += 2
    if source > 0:
        return to_nanoseconds(source, fine), at
    return (to_nanoseconds(server) if server > 0 else now), at


def _decode_text(data: bytes, at: int) -> tuple[str | None, int]:
    """Anything that is no single number, as text (None for a null), and where it ends."""
    if data[at] == _STRING:
        size = _I32.unpack_from(data, at + 1)[0]
        end = at + 5 + max(size, 0)
        return (None if size < 0 else data[at + 5:end].decode("utf-8", "replace")), end
    rest = Buffer(data, at)
    value = variant_from_binary(rest).Value
    return _spoken(value), rest.cur_pos


def _spoken(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, ua.LocalizedText):
        return value.Text or ""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        plain = [entry if isinstance(entry, int | float) else _spoken(entry) for entry in value]
        return json.dumps(plain, ensure_ascii=False)
    return str(value)
