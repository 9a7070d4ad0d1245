"""A long run that dies loses what was under way, and nothing that had ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.case import NotHere, Outcome
from tests.faults.kept import Kept

OUTCOME = Outcome(3, 1, 0, ("a lie",), (0.5, 2.25))


def test_what_had_ended_is_known_again_whatever_became_of_it(tmp_path: Path) -> None:
    died = Kept(tmp_path / "found.jsonl", "abc", resume=False)
    died.keep("swap", 4, OUTCOME)
    died.keep("clock", 0, NotHere("no clock"))
    died.keep("disk", 1, "AssertionError: no")
    again = Kept(tmp_path / "found.jsonl", "abc", resume=True)
    assert again.found["swap", 4] == OUTCOME
    assert str(again.found["clock", 0]) == "no clock" and isinstance(again.found["clock", 0], NotHere)
    assert again.found["disk", 1] == "AssertionError: no"
    again.keep("swap", 5, OUTCOME)
    assert again.told() == "commit abc, 0 min in 2 sittings"
    assert len(Kept(tmp_path / "found.jsonl", "abc", resume=True).found) == 4


def test_a_line_that_was_cut_off_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "found.jsonl"
    died = Kept(path, "abc", resume=False)
    for seed in range(3):
        died.keep("swap", seed, OUTCOME)
    died.close()
    path.write_bytes(path.read_bytes()[:-7])
    again = Kept(path, "abc", resume=True)
    assert set(again.found) == {("swap", 0), ("swap", 1)}
    again.keep("swap", 2, OUTCOME)
    assert len(Kept(path, "abc", resume=True).found) == 3


def test_results_of_other_code_are_not_mixed_in_and_a_new_run_keeps_the_old_one_aside(tmp_path: Path) -> None:
    path = tmp_path / "found.jsonl"
    with pytest.raises(ValueError, match="no run to go on with"):
        Kept(path, "abc", resume=True)
    Kept(path, "abc", resume=False).keep("swap", 0, OUTCOME)
    with pytest.raises(ValueError, match="is of abc, and this is def: begin anew"):
        Kept(path, "def", resume=True)
    assert Kept(path, "def", resume=False).found == {}
    assert path.with_suffix(".before.jsonl").read_text().count("swap") == 1
