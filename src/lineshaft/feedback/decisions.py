"""Decisions read back from the tags that a loop writes."""

from __future__ import annotations

from lineshaft.core.decision import Decision
from lineshaft.core.decision_tags import decision_paths, decisions_of
from lineshaft.core.store import Historian


def decisions(historian: Historian, loop: str, asset: str, start: int, end: int, *,
              version: str | None = None) -> list[Decision]:
    """A loop's decisions on an asset with ``start <= time < end``, in order of time."""
    paths = decision_paths(loop, asset).values()
    return decisions_of(loop, asset, historian.read(list(paths), start, end, version=version))
