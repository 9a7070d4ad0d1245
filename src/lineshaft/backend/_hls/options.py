"""What a target says of its FPGA: the table ``options.hls`` of its TOML file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from lineshaft.core.errors import UsageError
from lineshaft.core.target import Target

WIDEST = 48  # bits of a DSP slice's accumulator


@dataclass(frozen=True, slots=True)
class Options:
    """One FPGA and how the core is laid out on it; the defaults are a Zynq-7020 at 200 MHz.

    ``width`` and ``weight_width`` are bits of a value and of a weight (25 x 18 is one DSP48E1), ``table`` the entries
    of a look-up table of tanh or sigmoid, ``reuse`` how often a multiplier works for one inference, ``clock`` the
    period in ns, ``range`` where the input saturates that the graph bounds less tightly (0: nowhere). ``dsp`` and
    ``bram`` (36 kbit each) are what the part has.
    """

    part: str = "xc7z020clg400-1"
    clock: float = 5.0
    dsp: int = 220
    bram: int = 140
    width: int = 24
    weight_width: int = 18
    table: int = 4096
    reuse: int = 1
    range: float = 0.0


def options(target: Target) -> Options:
    """The options of a target. Raises ``UsageError`` naming a key that is unknown or holds no usable number.

    >>> options(Target("board", "zynq", 1, 1, ("hls",), options={"hls": {"reuse": "4"}})).reuse
    4
    """
    given = target.options.get("hls", {})
    known = {f.name: type(f.default) for f in fields(Options)}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no option of the hls backend", where=_where(target, unknown[0]),
                         do=f"use one of: {', '.join(known)}")
    values: dict[str, Any] = {name: _value(target, name, text, known[name]) for name, text in given.items()}
    found = Options(**values)
    _check(target, found)
    return found


def _value(target: Target, name: str, text: str, kind: Callable[[str], object]) -> object:
    try:
        return kind(text)
    except ValueError:
        raise UsageError(f"{text!r} is no number", where=_where(target, name), do="write a number in quotes") from None


def _check(target: Target, found: Options) -> None:
    limits = {"clock": (0.5, 1000.0), "dsp": (1, 10**6), "bram": (1, 10**6), "width": (4, WIDEST),
              "weight_width": (4, WIDEST), "table": (64, 65536), "reuse": (1, 10**6), "range": (0.0, 1e6)}
    for name, (least, most) in limits.items():
        if not least <= getattr(found, name) <= most:
            raise UsageError(f"{getattr(found, name)} is not between {least} and {most}", where=_where(target, name),
                             do="choose a number in between")


def _where(target: Target, name: str) -> str:
    return f"target {target.name}, options.hls.{name}"
