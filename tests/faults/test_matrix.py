"""A representative part of the fault matrix; ``make faults`` runs all of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.faults.case import Case, NotHere, NotInstalled, Outcome, case, cases
from tests.faults.table import Row, failures, table

QUICK = [(one, seed) for one in cases() for seed in range(one.quick)]


@pytest.mark.parametrize(("case", "seed"), QUICK, ids=[f"{one.name}-{seed}" for one, seed in QUICK])
def test_it_does_not_lose_lie_or_die(case: Case, seed: int, tmp_path: Path) -> None:
    try:
        found = case.inject(seed, tmp_path)
    except NotHere as error:
        assert "CI" not in os.environ or not isinstance(error, NotInstalled), error
        pytest.skip(str(error))
    assert found.survived, found


def test_every_case_says_what_is_injected_and_belongs_to_a_part_of_the_matrix() -> None:
    for one in cases():
        assert one.says, one.name
        assert one.group in {"plant", "machine", "input", "update", "time"}, one.name
        assert one.times >= one.quick, one.name


def test_the_table_counts_what_was_lost_and_tells_how_to_see_it_again() -> None:
    lossy = Case("plant", "lossy", "a made case", (1,), 2, 0, lambda at: Outcome())
    row = Row(lossy, {0: Outcome(injected=3, recovery_s=(1.0, 3.0)), 1: Outcome(lost=2)}, {2: "AssertionError: no"},
              {3: "no clock"})
    assert not row.well
    text = table([row], "today")
    assert "| a made case | 1 | 5 | 3 | 2 | 0 | 0 | 2.00 / 3.00 |" in text
    assert "python -m tests.faults --only lossy --seed 2 --times 1`: AssertionError: no" in text
    assert [seed for seed, _ in failures(row)] == [2, 1]
    assert text.endswith("## What could not be tried here\n\n- a made case: no clock\n")


def test_a_case_that_checks_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="names the invariants"):
        case(times=1)
    with pytest.raises(ValueError, match="names the invariants"):
        case(99, times=1)


def test_a_seed_decides_everything_that_is_drawn(tmp_path: Path) -> None:
    drawn = Case("plant", "drawn", "draws", (1,), 1, 0,
                 lambda at: Outcome(recovery_s=(at.chance.random(),)))
    first, again, other = (drawn.inject(seed, tmp_path).recovery_s for seed in (5, 5, 6))
    assert first == again != other
