"""Sizes, and a certificate in one line, as a person reads them."""

from __future__ import annotations

from lineshaft.core.clock import format_duration
from lineshaft.core.manifest import Certificate


def size(count: int) -> str:
    """Bytes as a person reads them.

    >>> size(900), size(5_300), size(13_400_000)
    ('900 B', '5.2 KiB', '12.8 MiB')
    """
    if count < 1024:
        return f"{count} B"
    unit, name = (2**30, "GiB") if count >= 2**30 else (2**20, "MiB") if count >= 2**20 else (2**10, "KiB")
    return f"{count / unit:.1f} {name}"


def certified_line(one: Certificate) -> str:
    """A certificate: where, how far from the reference, what it costs."""
    said = f"{one.backend} on {one.target}: parity {one.parity:.2g}, {one.flips} flips, "
    if one.emulator:
        counted = [f"{size(count)} {name}" for count, name in ((one.flash_bytes, "flash"), (one.ram_bytes, "RAM"))
                   if count]
        return said + ", ".join([*counted, f"emulated: {one.emulator}"])
    p50, p99 = (format_duration(one.latency_ns[i]) for i in range(2))
    return f"{said}p50 {p50}, p99 {p99}, {size(one.memory_bytes)}"
