"""Alarms: the list as it stands, what a person does to one, and what came before (ISA-18.2)."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, StringConstraints

from lineshaft.app.console.alarms import answers
from lineshaft.app.console.alarms.acts import act
from lineshaft.app.console.alarms.answers import (
    AlarmNow,
    FaultKinds,
    Line,
    Named,
    Occurrence,
    Occurrences,
    PastCase,
    Rates,
)
from lineshaft.app.console.alarms.desk import Desk
from lineshaft.app.console.alarms.kinds import kinds
from lineshaft.app.console.alarms.occurrences import MS
from lineshaft.app.console.alarms.standing import joined, standing
from lineshaft.app.console.context import Console, Here, Operator, Viewer
from lineshaft.app.console.door import Person
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Verdict
from lineshaft.node.journal import read_journal

router = APIRouter(prefix="/api/v1/alarm", tags=["alarm"])

LATEST_MS = 9_000_000_000_000
Name = Annotated[str, Path(description="of the alarm: the loop's", max_length=200)]
At = Annotated[int, Path(description="ms; any moment at which the alarm stood", ge=0, le=LATEST_MS)]
When = Annotated[int | None, Query(ge=0, le=LATEST_MS)]
Needed = Annotated[int, Query(ge=0, le=LATEST_MS, description="ms")]


Label = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


class Why(BaseModel):
    """Why an alarm is taken out of sight."""

    reason: str = Field(description="in a few words", min_length=1, max_length=500)


class Shelf(Why):
    """For how long, and why."""

    minutes: int = Field(description="then it comes back by itself; a day at most", ge=1, le=1440)


class Word(BaseModel):
    """What a person says about an alarm."""

    verdict: Literal["good", "bad"] = Field(description="good: the alarm was right; bad: it was a false alarm")
    comment: str = Field("", max_length=2000)
    label: Label = Field("", description="which fault it was, where somebody knows; a false alarm has none")


class Stretch(BaseModel):
    """What a person says a stretch of time was, whatever the loop said of it."""

    start: int = Field(description="ms", ge=0, le=LATEST_MS)
    end: int = Field(description="ms", ge=0, le=LATEST_MS)
    label: Label = Field("", description="which fault it was; empty for normal operation")
    comment: str = Field("", max_length=2000)


class Done(BaseModel):
    """What was done about an alarm."""

    text: str = Field(description="in a few words", min_length=1, max_length=2000)


@router.get("")
def alarms(here: Here, _: Viewer) -> list[AlarmNow]:
    """All alarms as they stand, those that most need a person first."""
    return [answers.alarm_now(one) for one in standing(here.existing().config, here.node())]


@router.get("/occurrences")
def occurrences(here: Here, _: Viewer, start: When = None, end: When = None,
                limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> Occurrences:
    """The alarms of a time (ms; the last seven days unless said), the newest first."""
    if start is not None and end is not None:
        _check(start, end)
    return _desk(here).occurrences(start, end, limit)


@router.get("/occurrences/{at}")
def occurrence(here: Here, _: Viewer, at: At) -> Occurrence:
    """The alarm that stood at a moment."""
    return _desk(here).occurrence(at)


@router.get("/occurrences/{at}/cases")
def nearest_cases(here: Here, _: Viewer, at: At, most: Annotated[int, Query(ge=1, le=50)] = 5) -> list[PastCase]:
    """Earlier alarms that blamed the same tags, what was said about them and what was done."""
    return _desk(here).cases(at, most)


@router.post("/occurrences/{at}/verdict")
def judge(here: Here, person: Operator, at: At, word: Word) -> Occurrence:
    """Say whether the alarm was right; the next training learns from it."""
    found = _desk(here).judge(at, Verdict(word.verdict), person.name, word.comment, word.label)
    here.door.note(person, "judged", found.loop, {"start": found.start, **word.model_dump()})
    return found


@router.post("/occurrences/{at}/note")
def note(here: Here, person: Operator, at: At, done: Done) -> Occurrence:
    """Say what was done about the alarm; who meets one like it reads this."""
    found = _desk(here).note(at, done.text, person.name)
    here.door.note(person, "noted", found.loop, {"start": found.start, **done.model_dump()})
    return found


@router.get("/kinds")
def fault_kinds(here: Here, _: Viewer, start: Needed, end: Needed) -> FaultKinds:
    """Which faults somebody may say a stretch was, the likeliest by the model first."""
    _check(start, end)
    found = kinds(here.existing(), here.historian, start * MS, end * MS)
    return FaultKinds.model_validate(found, from_attributes=True)


@router.post("/stretch")
def name_stretch(here: Here, person: Operator, said: Stretch) -> Named:
    """Say what a stretch was, with an alarm or without: the next training learns from it."""
    _check(said.start, said.end)
    found = _desk(here).name(said.start, said.end, person.name, said.comment, said.label)
    here.door.note(person, "named", found.loop, said.model_dump())
    return Named(start=found.start // MS, end=found.end // MS, abnormal=found.abnormal, label=found.label,
                 alarm=found.alarm)


@router.get("/journal")
def journal(here: Here, _: Viewer, start: When = None, end: When = None,
            limit: Annotated[int, Query(ge=1, le=10_000)] = 500) -> list[Line]:
    """Every transition of every alarm, the newest first; it can be read while no node runs, too."""
    until = LATEST_MS if end is None else end
    found = read_journal(here.existing().node_folder, (start or 0) * 1_000_000, until * 1_000_000, limit)
    return [answers.line(one) for one in reversed(found)]


@router.get("/rates")
def rates(here: Here, _: Viewer, hours: Annotated[int, Query(ge=1, le=24 * 366)] = 24) -> Rates:
    """The alarm system against EEMUA 191 and ISA-18.2 over the last hours."""
    return _desk(here).rates(hours)


@router.post("/{name}/acknowledge")
def acknowledge(here: Here, person: Operator, name: Name) -> AlarmNow:
    """A person has seen it."""
    return _act(here, person, name, "acknowledge")


@router.post("/{name}/shelve")
def shelve(here: Here, person: Operator, name: Name, shelf: Shelf) -> AlarmNow:
    """Out of sight for a while; it comes back by itself."""
    until = time.time_ns() + shelf.minutes * 60 * SECOND
    return _act(here, person, name, "shelve", shelf.reason, until, shelf.model_dump())


@router.post("/{name}/unshelve")
def unshelve(here: Here, person: Operator, name: Name) -> AlarmNow:
    """Back before its time."""
    return _act(here, person, name, "unshelve")


@router.post("/{name}/suppress")
def suppress(here: Here, person: Operator, name: Name, why: Why) -> AlarmNow:
    """Out of sight until somebody unsuppresses it: a plant state, maintenance."""
    return _act(here, person, name, "suppress", why.reason, None, why.model_dump())


@router.post("/{name}/unsuppress")
def unsuppress(here: Here, person: Operator, name: Name) -> AlarmNow:
    """In sight again."""
    return _act(here, person, name, "unsuppress")


def _act(here: Console, person: Person, name: str, action: str, reason: str = "", until: int | None = None,
         detail: object = None) -> AlarmNow:
    node = here.node()
    alarm = act(node, name, action, by=person.name, reason=reason, until=until)
    here.door.note(person, action, name, detail)
    return answers.alarm_now(joined(here.existing().config, alarm, node.glance(limit=1)))


def _check(start: int, end: int) -> None:
    if start >= end:
        raise UsageError("the time is empty", where="start, end", do="give an end after the start")


def _desk(here: Console) -> Desk:
    return Desk(here.existing(), here.historian)
