"""What a tag's state is now, and the worst of it on every level above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from lineshaft.app.console.live.pulse import Pulse
from lineshaft.app.console.plant.tree import Level
from lineshaft.core.quality import Severity, severity
from lineshaft.core.sample import Sample

LEAST_SHARE = 0.05
"""A tag with less than this share of a score is no cause that somebody should look at."""
_HIDDEN = ("shelved", "suppressed")


class State(IntEnum):
    """How much a tag needs a person; a level's is the worst below it."""

    NORMAL = 0
    UNCERTAIN = 1
    MASKED = 2
    STALE = 3
    BAD = 4
    ALARM = 5

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Judged:
    """One tag: ``why`` is the node's own reason where it masks the tag, ``share`` of the score while in alarm."""

    state: State
    why: str = ""
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """A level: the worst below it, and how many tags are in which state."""

    worst: State = State.NORMAL
    counts: dict[State, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blame:
    """Tags that active alarms point to, with their share where it is known, and levels that they name instead."""

    tags: dict[str, float | None] = field(default_factory=dict)
    levels: frozenset[str] = frozenset()


def blame(pulse: Pulse, known: Iterable[str]) -> Blame:
    """What stands in alarm now. One that a person shelved or suppressed says nothing here.

    The newest decision says which tags and by how much; where it names none, those count that the alarm was raised
    with. An alarm without a cause among the ``known`` tags (the safe state has none) stands at its asset.
    """
    standing = [alarm for alarm in pulse.alarms if alarm["active"] and alarm["state"] not in _HIDDEN]
    if not standing:
        return Blame()
    said = pulse.decision if pulse.decision is not None and pulse.decision["alarm"] else {"causes": ()}
    shares: dict[str, float | None] = {cause["tag"]: cause["share"] for cause in said["causes"]
                                       if cause["share"] >= LEAST_SHARE}
    named = shares or {tag: None for alarm in standing for tag in alarm["causes"]}
    there = set(known)
    found = {tag: share for tag, share in named.items() if tag in there}
    return Blame(found, frozenset() if found else frozenset({str(pulse.status.get("asset", ""))}))


def judge(sample: Sample | None, age_limit_ns: int, now: int, *, masked: str | None = None,
          blamed: bool = False, share: float | None = None) -> Judged:
    """One tag's state; the worst reason wins."""
    if blamed:
        return Judged(State.ALARM, masked or "", share)
    if sample is None:
        return Judged(State.STALE, masked or "")
    if severity(sample.quality) is Severity.BAD or not np.isfinite(sample.value):
        return Judged(State.BAD, masked or "")
    if now - sample.time > age_limit_ns:
        return Judged(State.STALE, masked or "")
    if masked is not None:
        return Judged(State.MASKED, masked)
    return Judged(State.UNCERTAIN if severity(sample.quality) is Severity.UNCERTAIN else State.NORMAL)


def roll_up(levels: Sequence[Level], states: Mapping[str, State], at_level: Iterable[str] = ()) -> dict[str, Tally]:
    """Every level's worst state and counts; ``levels`` name parents first, ``at_level`` are those in alarm themselves.

    A level in alarm that is not there puts the whole plant in alarm.
    """
    known = {level.path for level in levels}
    alarmed = {path if path in known else "" for path in at_level}
    worst = {level.path: State.ALARM if level.path in alarmed else State.NORMAL for level in levels}
    counts: dict[str, dict[State, int]] = {level.path: {} for level in levels}
    for level in reversed(levels):
        here = counts[level.path]
        for tag in level.tags:
            state = states[tag]
            here[state] = here.get(state, 0) + 1
            worst[level.path] = max(worst[level.path], state)
        if level.parent is not None:
            above = counts[level.parent]
            for state, count in here.items():
                above[state] = above.get(state, 0) + count
            worst[level.parent] = max(worst[level.parent], worst[level.path])
    return {path: Tally(worst[path], counts[path]) for path in worst}
