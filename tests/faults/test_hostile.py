"""Every hostile file that is known, and every file on which something once went wrong, through the door it comes by."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.hostile import HOSTILE
from tests.faults.opening import DOORS, FOUND, Opened, failures


@pytest.mark.parametrize("door", sorted(DOORS))
def test_a_hostile_file_is_one_sentence_in_bounded_time_and_memory(door: str, tmp_path: Path) -> None:
    files = [tmp_path / name for name in HOSTILE[door]]
    for file in files:
        file.write_bytes(HOSTILE[door][file.name])
    assert failures(door, [*files, *sorted((FOUND / door).glob("*"))]) == []


def test_what_goes_wrong_is_told_with_the_file() -> None:
    told = [Opened("x.csv", 3, "lineshaft: unexpected: KeyError: 3", 0.1), Opened("x.csv", -14, "it died", 60.0),
            Opened("x.csv", 2, "lineshaft: x.csv: two\nlines", 0.1),
            Opened("x.csv", 0, "RuntimeWarning: overflow", 0.1)]
    assert all(one.wrong("table").startswith("x.csv: ") for one in told)
    assert Opened("x.csv", 2, "lineshaft: x.csv: it is empty", 0.1).wrong("table") == ""
    assert Opened("x.csv", 0, "", 0.1).wrong("table", passes=False) == "x.csv: it passed"
