"""Notes go into any historian and come out as they were written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Note
from lineshaft.core.sample import Sample, Samples
from lineshaft.feedback.notes import note_path, notes, record
from lineshaft.historian.memory import MemoryHistorian

NOTE = Note("cell", 100, "changed the filter 更换滤网", "Li", 1_000)


def test_a_note_is_read_back_whole_and_kept_once() -> None:
    historian = MemoryHistorian()
    assert record(historian, NOTE) and not record(historian, NOTE)
    assert record(historian, replace(NOTE, given=999))
    assert notes(historian, "cell") == [replace(NOTE, given=999), NOTE]
    assert notes(historian, "other") == []


def test_an_empty_note_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="the note is empty"):
        record(MemoryHistorian(), replace(NOTE, text=" \n"))


@pytest.mark.parametrize("text", [None, "", "5", "{}", '{"loop": "cell"}'])
def test_what_is_no_note_is_told_with_its_time(text: str | None) -> None:
    historian = MemoryHistorian()
    historian.append(Samples.of([Sample(note_path("cell"), 7, np.nan, text=text)]))
    with pytest.raises(UsageError, match="the text at 7 is not a note"):
        notes(historian, "cell")
