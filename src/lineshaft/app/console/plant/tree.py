"""The plant's levels, out of the paths of its tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lineshaft.app.console.tags import natural
from lineshaft.core.tag import Tag


@dataclass(frozen=True, slots=True)
class Level:
    """A site, area, line, cell or asset: whatever a path has before its last word.

    ``path`` is empty and ``parent`` None for the plant as a whole; ``tags`` are those that hang right here.
    """

    path: str
    name: str
    parent: str | None
    tags: tuple[str, ...]


def levels(tags: Sequence[Tag], plant: str = "") -> tuple[Level, ...]:
    """Parents before children, neighbours in the order a person counts.

    >>> [level.path for level in levels([Tag("hall/P10/flow"), Tag("hall/P9/flow")])]
    ['', 'hall', 'hall/P9', 'hall/P10']
    """
    held: dict[str, list[str]] = {"": []}
    for tag in tags:
        for above in _above(tag.asset):
            held.setdefault(above, [])
        held[tag.asset].append(tag.path)
    return tuple(Level(path, path.rpartition("/")[2] if path else plant, _parent(path), tuple(held[path]))
                 for path in ["", *sorted(held.keys() - {""}, key=natural)])


def _above(path: str) -> list[str]:
    parts = path.split("/") if path else []
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _parent(path: str) -> str | None:
    return path.rpartition("/")[0] if path else None
