"""Sizes, and a certificate in one line, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineshaft.core.clock import format_duration


def size(count: int) -> str:
    """Bytes as a person reads them.

    >>> size(900), size(5_300), size(13_400_000)
    ('900 B', '5.2 KiB', '12.8 MiB')
    """
    if count < 1024:
        return f"{count} B"
    unit, name = (2**30, "GiB") if count >= 2**30 else (2**20, "MiB") if count >= 2**20 else (2**10, "KiB")
    return f"{count / unit:.1f} {name}"


def certified_line(one: Mapping[str, Any]) -> str:
    """A certificate (its fields by name): where, how far from the reference, what it costs."""
    said = f"{one['backend']} on {one['target']}: parity {one['parity']:.2g}, {one['flips']} flips, "
    if one["emulator"]:
        counted = [f"{size(one[what + '_bytes'])} {name}" for what, name in (("flash", "flash"), ("ram", "RAM"))
                   if one[what + "_bytes"]]
        return said + ", ".join([*counted, f"emulated: {one['emulator']}"])
    return f"{said}p99 {format_duration(one['latency_ns'][1])}, {size(one['memory_bytes'])}"
