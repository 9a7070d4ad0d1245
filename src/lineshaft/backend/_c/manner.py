"""What differs between generated C of float32 and of integers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lineshaft.backend._c import arithmetic


@dataclass(frozen=True, slots=True)
class Manner:
    """``functions`` are those that the code brings along, ``told`` is what the header says.

    ``points`` are the binary points of outputs by buffer name, ``inputs`` those of x; none where there are no points.
    """

    functions: Callable[[set[str]], str] = arithmetic.functions
    told: tuple[str, ...] = ("Write x (finite) and quality (1 where a value may be used, else 0), call the step, "
                             "read the outputs.",)
    points: Mapping[str, int] = field(default_factory=dict)
    inputs: tuple[int, ...] = ()
