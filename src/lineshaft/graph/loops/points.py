"""Binary points: how many binary digits a buffer of integers keeps behind the point, and how far it reaches.

The number ``v`` is stored as the integer ``v * 2^point``. *Narrow* integers have 32 bits, *wide* ones 64.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import onnx

from lineshaft.core.errors import Refused

METADATA = "lineshaft.ranges"  # a model's metadata that carries the marks, see ``of_model``
DIGITS = 18  # binary digits that the usual values of a tensor are worth
NARROW, WIDE = 31, 61  # |v| is less than 2^bits; 61 leaves room for a sum of two
MARGIN_BITS = 1  # of room above the largest value that was seen
_FARTHEST = 30  # binary digits above the usual values beyond which nothing matters but that it is large
_ALWAYS = 26  # digits before the point that 64 bits have in any case, if the largest value needs them
_GIVEN_UP = 6  # digits of the usual values that 32 bits may lack
_FINEST, _COARSEST = 60, -24


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of the values of a tensor: ``top`` bounds their size, ``usual`` is the size of small ones that
    still matter. Whole numbers are marked as usually 2^DIGITS: nothing of them lies behind the point."""

    top: float
    usual: float


UNKNOWN = Mark(2.0**11, 1.0)  # for what was never seen but zero: standardised values, in all likelihood


@dataclass(frozen=True, slots=True)
class Format:
    """``point`` digits behind the binary point and ``reach`` before it, without the sign."""

    point: int
    reach: int

    @property
    def narrow(self) -> bool:
        return self.point + self.reach <= NARROW

    @property
    def bits(self) -> int:
        return NARROW if self.narrow else WIDE

    @classmethod
    def of(cls, mark: Mark, *, narrow: bool = False) -> Format:
        """As many digits as 32 bits leave; 64 bits where that is too little for the usual values.

        Where 64 are too few as well, or ``narrow`` is asked for and 32 are too few, the largest values saturate.

        >>> Format.of(Mark(1000.0, 1.0)), Format.of(Mark(1e9, 1.0)).narrow
        (Format(point=20, reach=11), False)
        """
        reach = exponent(mark.top) + MARGIN_BITS
        wanted = DIGITS - exponent(mark.usual)
        if reach + wanted <= NARROW or narrow:
            point = _within(max(NARROW - reach, min(wanted - _GIVEN_UP, NARROW - exponent(mark.usual))))
            return cls(point, NARROW - point)
        far = min(reach, max(exponent(mark.usual) + _FARTHEST, _ALWAYS))
        point = _within(WIDE - far)
        return cls(point, WIDE - point)

    def hull(self, other: Format) -> Format:
        """The format of a place that holds numbers of both."""
        point, reach = max(self.point, other.point), max(self.reach, other.reach)
        return Format(point, min(reach, WIDE - point))


def _within(point: int) -> int:
    return min(max(point, _COARSEST), _FINEST)


def exponent(value: float) -> int:
    """The least e with value <= 2^e.

    >>> [exponent(v) for v in (1.0, 1.5, 0.5, 0.0)]
    [0, 1, -1, -40]
    """
    return max(math.ceil(math.log2(value)), -40) if value > 0 else -40


def write_metadata(model: onnx.ModelProto, marks: Mapping[str, Mark]) -> None:
    """Put marks by tensor into a model."""
    text = json.dumps({name: [mark.top, mark.usual] for name, mark in sorted(marks.items())})
    onnx.helper.set_model_props(model, {**_properties(model), METADATA: text})


def of_model(model: onnx.ModelProto) -> dict[str, Mark]:
    """The marks that a model carries; none where nobody has observed it. ``Refused`` for what isn't such a text."""
    text = _properties(model).get(METADATA)
    if text is None:
        return {}
    try:
        return {str(name): Mark(float(top), float(usual)) for name, (top, usual) in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        raise Refused(f"the model's {METADATA} are no ranges of its tensors", where="graph.loops",
                      do="prepare the graph again") from None


def channel_points(marks: Mapping[str, Mark], channels: int) -> tuple[int, ...]:
    """Binary points of the inputs x, one a channel."""
    found = [Format.of(marks.get(channel(i), UNKNOWN), narrow=True).point for i in range(channels)]
    return tuple(max(point, max(found) - 28) for point in found)  # so that all fit 64 bits under one point


def channel(number: int) -> str:
    """The name under which the range of one input is kept."""
    return f"x[{number}]"


def _properties(model: onnx.ModelProto) -> dict[str, str]:
    return {p.key: p.value for p in model.metadata_props}
