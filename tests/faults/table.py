"""``bench/FAULTS.md``: what was injected, and what became of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.case import INVARIANTS, Case, NotHere, Outcome

Found = Outcome | NotHere | str
"""What became of a seed; in words where something was raised."""


@dataclass(slots=True)
class Row:
    """A case with its outcomes by seed; ``broken`` says by seed what was raised instead, ``missing`` what this machine
    lacks for it."""

    case: Case
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    broken: dict[int, str] = field(default_factory=dict)
    missing: dict[int, str] = field(default_factory=dict)

    def take(self, seed: int, found: Found) -> None:
        """Note what became of a seed."""
        if isinstance(found, Outcome):
            self.outcomes[seed] = found
        elif isinstance(found, NotHere):
            self.missing[seed] = str(found)
        else:
            self.broken[seed] = found

    @property
    def well(self) -> bool:
        """Every seed survived."""
        return not failures(self)

    def cells(self) -> list[str]:
        """Case, invariants, injected, survived, lost, doubled, untrue, seconds to recover."""
        outcomes = self.outcomes.values()
        took = [seconds for one in outcomes for seconds in one.recovery_s]
        injected = sum(one.injected for one in outcomes) + len(self.broken)
        survived = sum(one.injected for one in outcomes if one.survived)
        lies = sum(len(one.lies) for one in outcomes)
        return [self.case.says, ", ".join(map(str, self.case.invariants)), str(injected), str(survived),
                str(sum(one.lost for one in outcomes)), str(sum(one.doubled for one in outcomes)), str(lies),
                f"{statistics.median(took):.2f} / {max(took):.2f}" if took else ""]


HEAD = ("case", "checks", "injected", "survived", "lost", "doubled", "untrue", "recovery, s (median / most)")


def table(rows: Sequence[Row], told: str) -> str:
    """The whole matrix as Markdown; ``told`` is the line on machine and day."""
    parts = ["# Fault matrix", "", "Written by `make faults`; not edited by hand.", told, "", "Invariants:", ""]
    parts += [f"{number}. {text}" for number, text in INVARIANTS.items()]
    for group in dict.fromkeys(row.case.group for row in rows):
        parts += ["", f"## {group}", "", _line(HEAD), _line(["---"] * len(HEAD))]
        parts += [_line(row.cells()) for row in rows if row.case.group == group]
    wrong = [f"- `{replay(row.case, seed)}`: {why}" for row in rows for seed, why in failures(row)]
    parts += ["", "## What did not survive", "", *(wrong or ["Nothing."]), ""]
    untried = [f"- {row.case.says}: {why}" for row in rows for why in dict.fromkeys(row.missing.values())]
    parts += ["## What could not be tried here", "", *untried, ""] if untried else []
    return "\n".join(parts)


def failures(row: Row) -> list[tuple[int, str]]:
    """Seeds that did not survive, and why."""
    lost = [(seed, f"{one.lost} lost, {one.doubled} doubled; {'; '.join(one.lies)}")
            for seed, one in row.outcomes.items() if not one.survived]
    return [*row.broken.items(), *lost]


def replay(case: Case, seed: int) -> str:
    """The command that injects this very fault again."""
    return f"python -m tests.faults --only {case.name} --seed {seed} --times 1"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
