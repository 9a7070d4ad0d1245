"""Retrain: whether people have said often enough that a loop is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.store import Historian
from lineshaft.feedback.verdicts import verdicts


@dataclass(frozen=True, slots=True)
class Retrain:
    """The answer, and why in one sentence: new verdicts since the training data's version, by kind."""

    due: bool
    reason: str
    false_alarms: int
    missed_faults: int
    confirmed: int


def retrain_due(historian: Historian, loop: str, trained_on: str, *, bad_needed: int = 5) -> Retrain:
    """Count the verdicts that ``trained_on`` (the historian's version in the bundle's lineage) did not hold.

    A verdict that later ones overrule over its whole stretch no longer counts.
    """
    if bad_needed < 1:
        raise UsageError(f"{bad_needed} bad verdicts is no threshold", do="ask for one or more")
    known = set(verdicts(historian, loop, trained_on))
    new = [verdict for verdict in standing(verdicts(historian, loop)) if verdict not in known]
    bad = [verdict for verdict in new if verdict.verdict is Verdict.BAD]
    false_alarms = sum(verdict.alarm for verdict in bad)
    missed, confirmed = len(bad) - false_alarms, len(new) - len(bad)
    due = len(bad) >= bad_needed
    said = f"{_count(false_alarms, 'false alarm')} and {_count(missed, 'missed fault')}"
    reason = (f"since loop {loop} was trained, people marked {said}; {bad_needed} together "
              f"{'call' if due else 'would call'} for retraining")
    return Retrain(due, reason, false_alarms, missed, confirmed)


def standing(given: Iterable[Feedback]) -> list[Feedback]:
    """The verdicts that still decide some moment of their stretch; ``given`` and the answer in order.

    >>> wrong = Feedback("cell", 0, 10, Verdict.BAD, alarm=True, given=1)
    >>> sorry = Feedback("cell", 0, 10, Verdict.GOOD, alarm=True, given=2)
    >>> standing([wrong, sorry]) == [sorry]
    True
    """
    kept: list[Feedback] = []
    covered: list[tuple[int, int]] = []  # disjoint, in order
    for verdict in sorted(given, key=lambda one: one.given)[::-1]:
        if not any(start <= verdict.start and verdict.end <= end for start, end in covered):
            kept.append(verdict)
            covered = _with(covered, verdict.start, verdict.end)
    return kept[::-1]


def _with(spans: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """Disjoint spans joined with one more; those that touch become one."""
    apart = [span for span in spans if span[1] < start or span[0] > end]
    touching = [span for span in spans if span not in apart]
    joined = (min([start, *(span[0] for span in touching)]), max([end, *(span[1] for span in touching)]))
    return sorted([*apart, joined])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
