"""Decisions read back from the tags that a loop writes."""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.core.answer import Answer
from lineshaft.core.decision import Decision
from lineshaft.core.decision_tags import answer_paths, decision_paths, decisions_of
from lineshaft.core.store import Historian


def decisions(historian: Historian, loop: str, asset: str, start: int, end: int, *,
              version: str | None = None, answers: Sequence[Answer] = ()) -> list[Decision]:
    """A loop's decisions on an asset with ``start <= time < end``, in order of time; with the values of ``answers``."""
    paths = (*decision_paths(loop, asset).values(), *answer_paths(loop, asset, answers).values())
    return decisions_of(loop, asset, historian.read(list(paths), start, end, version=version), answers)
