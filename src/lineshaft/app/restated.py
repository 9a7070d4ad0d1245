"""A plant that states another unit for a tag than the history has: one tag's samples never mix two units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lineshaft.core.listed import some
from lineshaft.core.tag import Tag
from lineshaft.core.units import same

NAMED = 5


def as_recorded(tags: Sequence[Tag], known: Sequence[Tag]) -> tuple[list[Tag], str]:
    """The plant's tags, those in another unit as the history ``known`` has them; and what to say of these.

    A connector marks what comes in another unit than its tag's as bad, and heals once it is as it was.
    """
    before = {tag.path: tag for tag in known}
    foreign = {tag.path: tag for tag in tags if tag.path in before and not same(before[tag.path].unit, tag.unit)}
    kept = [replace(before[tag.path], address=tag.address) if tag.path in foreign else tag for tag in tags]
    return kept, _told([(before[path].unit, tag) for path, tag in foreign.items()]) if foreign else ""


def _told(foreign: Sequence[tuple[str, Tag]]) -> str:
    named = some([f"{tag.path} in {tag.unit} (the history has {unit})" for unit, tag in foreign], NAMED)
    return (f"The plant now measures {named}: what comes is kept as bad and nothing decides on it, until the "
            "plant states the unit as before, or until you name another folder as `history` in lineshaft.toml and, "
            "after `lineshaft model train`, deploy what was learnt there with `lineshaft bundle deploy`.")
