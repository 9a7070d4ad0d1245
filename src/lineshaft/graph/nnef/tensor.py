"""Binary tensors of NNEF 1.0: a header of 128 bytes, then the numbers, row by row, little endian."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.untrusted.limits import LIMITS

HEADER, MOST_AXES = 128, 8
_KINDS = {(0, 16): "<f2", (0, 32): "<f4", (0, 64): "<f8", (1, 8): "<u1", (1, 16): "<u2", (1, 32): "<u4", (1, 64): "<u8",
          (4, 8): "<i1", (4, 16): "<i2", (4, 32): "<i4", (4, 64): "<i8"}
_CODES = {np.dtype(text): code for code, text in _KINDS.items()}


def dumps(array: NDArray[Any]) -> bytes:
    """The bytes of a ``.dat`` file."""
    item, bits = _CODES[array.dtype.newbyteorder("<")]
    extents = [*array.shape, *[0] * (MOST_AXES - array.ndim)]
    head = struct.pack("<2sBB2I8I2I", b"N\xef", 1, 0, array.nbytes, array.ndim, *extents, bits, item)
    return head.ljust(HEADER, b"\0") + np.ascontiguousarray(array).tobytes()


def loads(raw: bytes) -> NDArray[Any]:
    """The tensor in the bytes of a ``.dat`` file. Raises a sentence for what is none."""
    if len(raw) < HEADER or raw[:2] != b"N\xef" or raw[2:4] != b"\x01\x00":
        raise UsageError("it is no tensor of NNEF 1.0")
    length, rank, *rest = struct.unpack_from("<12I", raw, 4)
    shape, (bits, item) = rest[:min(rank, MOST_AXES)], rest[8:10]
    kind = _KINDS.get((item, bits))
    if kind is None or rank > MOST_AXES:
        raise Refused(f"its numbers are of kind {item} with {bits} bits in {rank} axes, which is not taken")
    count = math.prod(shape)
    if count > LIMITS.elements or count * bits // 8 != length or len(raw) != HEADER + length:
        raise Refused(f"it says {' x '.join(map(str, shape))} and holds {len(raw) - HEADER:,} bytes")
    return np.frombuffer(raw, np.dtype(kind), offset=HEADER).reshape(shape).astype(np.dtype(kind).newbyteorder("="))
