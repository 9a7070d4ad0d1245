"""Notes: what people did about an alarm, stored in any historian as samples of a text tag."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import numpy as np

from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Note
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.feedback.verdicts import feedback_path

_EARLIEST, _LATEST = -(2**63), 2**63 - 1


def note_path(loop: str) -> str:
    """The tag that holds the notes on a loop.

    >>> note_path("cell")
    'feedback/cell/note'
    """
    return f"{feedback_path(loop)}/note"


def record(historian: Historian, note: Note) -> bool:
    """Store a note at the time it was given; False where this very note is stored already."""
    if not note.text.strip():
        raise UsageError("the note is empty", where=note_path(note.loop), do="say in a few words what was done")
    path, text = note_path(note.loop), json.dumps(asdict(note), sort_keys=True)
    historian.register([Tag(path, kind="text")])
    digest = hashlib.sha256(text.encode()).hexdigest()
    return historian.append(Samples.of([Sample(path, note.given, np.nan, text=text)]), key=f"note/{digest}")


def notes(historian: Historian, loop: str) -> list[Note]:
    """All notes on a loop in the order they were given."""
    path = note_path(loop)
    series = historian.read([path], _EARLIEST, _LATEST)[path]
    texts = series.text or (None,) * len(series)
    return [_note(path, time, text) for time, text in zip(series.time.tolist(), texts, strict=True)]


def _note(path: str, time: int, text: str | None) -> Note:
    try:
        return Note(**json.loads(text or ""))
    except (TypeError, ValueError) as error:
        raise UsageError(f"the text at {time} is not a note", where=path,
                         do="write notes with feedback.notes only") from error
