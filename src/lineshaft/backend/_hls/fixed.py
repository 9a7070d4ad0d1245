"""Fixed-point types of the core, as the ``ap_fixed`` that Vitis HLS has."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lineshaft.backend._hls.options import WIDEST


@dataclass(frozen=True, slots=True)
class Fixed:
    """``width`` bits, of which ``integer`` (with the sign) lie before the binary point; rounds and saturates."""

    width: int
    integer: int

    def __str__(self) -> str:
        return f"ap_fixed<{self.width},{self.integer},AP_RND,AP_SAT>"

    @property
    def places(self) -> int:
        return self.width - self.integer


def holding(farthest: float, width: int) -> Fixed:
    """The type of that width with the fewest bits before the point that hold +-``farthest``.

    >>> print(holding(5.2, 18), holding(0.1, 18))
    ap_fixed<18,4,AP_RND,AP_SAT> ap_fixed<18,-2,AP_RND,AP_SAT>
    """
    return Fixed(width, math.floor(math.log2(farthest)) + 2 if farthest > 0 else 1)


def summing(farthest: float, exact: int, wanted: int) -> str:
    """An accumulator of sums up to +-``farthest``: ``exact`` binary places where a DSP slice has the bits for them,
    never fewer than ``wanted``. It can't overflow, so it wraps, which costs nothing.
    """
    integer = holding(farthest * (1 + 2.0**-8), 0).integer  # rounded weights may add a little
    return f"ap_fixed<{max(min(integer + exact, WIDEST), integer + wanted)},{integer}>"
