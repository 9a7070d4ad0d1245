"""The plant's tags, derived from its instruments."""

from __future__ import annotations

from lineshaft.connect.plant.instruments import INSTRUMENTS, Instrument
from lineshaft.core.tag import Tag

CELL = "demo/hall1/cell1"
"""Site, area and line that every path begins with."""

PERIOD_NS = 100_000_000
"""Source time between two values of a tag."""


def path(name: str) -> str:
    """The full path of an instrument's ``asset/tag``.

    >>> path("P101/flow")
    'demo/hall1/cell1/P101/flow'
    """
    return f"{CELL}/{name}"


def _tag(instrument: Instrument) -> Tag:
    return Tag(path(instrument.name), instrument.unit, instrument.low, instrument.high, PERIOD_NS,
               description=instrument.description, address=instrument.name, writable=bool(instrument.sets))


TAGS: tuple[Tag, ...] = tuple(_tag(instrument) for instrument in INSTRUMENTS)
"""All tags, in the order of every row the plant gives."""
