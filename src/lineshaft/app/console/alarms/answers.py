"""The shapes in which the API tells of alarms. Times are UTC ms, durations ms, shares 0..1."""

from __future__ import annotations

from pydantic import BaseModel, Field

from lineshaft.app.backtest import Episode
from lineshaft.app.console.alarms.cases import Case, Told
from lineshaft.app.console.alarms.occurrences import MS, lasted
from lineshaft.app.console.alarms.rates import Burst, Figures
from lineshaft.app.console.alarms.standing import Standing
from lineshaft.core.feedback import Feedback, Note
from lineshaft.node.alarms import Transition


class BlamedTag(BaseModel):
    """A tag that an alarm points to."""

    tag: str
    share: float | None = Field(description="its share of the score, 0 to 1; null where only the tag is known")


class AlarmNow(BaseModel):
    """One alarm as it stands (ISA-18.2)."""

    name: str
    priority: str = Field(description="high, medium or low, from lineshaft.toml")
    state: str = Field(description="normal, unacknowledged, acknowledged, returned-unacknowledged, shelved or "
                                   "suppressed")
    active: bool = Field(description="the condition itself, also while shelved or suppressed")
    since: int | None = Field(description="ms when the condition last became true; null where it never did")
    changed: int | None = Field(description="ms of the newest transition; null where there was none")
    causes: list[BlamedTag] = Field(description="the largest share first")
    score: float | None = Field(description="of the newest decision, 1.0 at the alarm limit")
    confidence: float | None = Field(description="of the newest decision, 0 to 1")
    reason: str = Field(description="why it is shelved or suppressed")
    by: str = Field(description="who acted last, or node")
    until: int | None = Field(description="ms when a shelved alarm comes back by itself")


class VerdictGiven(BaseModel):
    """A person's word on an alarm."""

    verdict: str = Field(description="good: the alarm was right; bad: it was a false alarm")
    label: str = Field(description="which fault it was; empty where nobody said")
    comment: str
    by: str
    given: int = Field(description="ms")
    start: int = Field(description="ms; the stretch that is judged")
    end: int = Field(description="ms")


class FaultKind(BaseModel):
    """A fault that somebody may say it was."""

    name: str
    probability: float | None = Field(description="mean of what the model gave it at the beginning; null where none")


class FaultKinds(BaseModel):
    """What there is to choose from; any other name may be said as well."""

    known: list[FaultKind] = Field(description="the likeliest first")
    teaches: bool = Field(description="whether the next training learns its classes from what people say")
    tag: str = Field(description="the tag that the task learns its classes from instead, where there is one")


class Named(BaseModel):
    """What a stretch of time was said to be."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    abnormal: bool
    label: str = Field(description="which fault; empty for normal operation")
    alarm: bool = Field(description="whether the loop had alarmed in it")


class NoteGiven(BaseModel):
    """What a person did about an alarm."""

    text: str
    by: str
    given: int = Field(description="ms")


class Line(BaseModel):
    """One line of the alarm journal."""

    time: int = Field(description="ms")
    name: str
    event: str = Field(description="raised, returned, acknowledged, shelved, unshelved, suppressed, unsuppressed or "
                                   "shelf time over")
    before: str = Field(description="the state before")
    after: str = Field(description="the state after")
    by: str = Field(description="a person, or node")
    reason: str


class Occurrence(BaseModel):
    """One time that the loop raised its alarm."""

    loop: str
    start: int = Field(description="ms")
    end: int = Field(description="ms, the end of the last decision that alarmed")
    duration_ms: int
    open: bool = Field(description="it still stands")
    peak: float = Field(description="the greatest score, 1.0 at the alarm limit")
    confidence: float = Field(description="the greatest at its beginning, 0 to 1")
    causes: list[BlamedTag] = Field(description="means over its beginning, the largest share first")
    verdict: VerdictGiven | None = Field(description="the newest verdict on it")
    notes: list[NoteGiven] = Field(description="what was done, in order")
    acts: list[Line] = Field(description="what people did to the alarm, in order")


class Occurrences(BaseModel):
    """The alarms of a time."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    total: int = Field(description="how many there are; the answer may hold fewer")
    decisions: int = Field(description="how many decisions were made in this time: with none, nothing was watched")
    occurrences: list[Occurrence] = Field(description="the newest first")


class PastCase(BaseModel):
    """A past alarm that blamed the same tags."""

    similarity: float = Field(description="0 to 1: the cosine between the causes' shares of the two")
    occurrence: Occurrence


class BurstTold(BaseModel):
    """Several alarms in a short time."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    alarms: int


class Blame(BaseModel):
    """How often a tag was the first cause."""

    tag: str = Field(description="empty where an alarm named none")
    alarms: int
    stood_ms: int = Field(description="how long these alarms stood together")


class Measure(BaseModel):
    """A figure beside the benchmarks of EEMUA 191 and ISA-18.2 for one operator."""

    name: str = Field(description="per_hour, most_in_ten_minutes, flood_share, chattering or stale")
    value: float | None = Field(description="null where too little was watched to say")
    acceptable: float
    manageable: float


class Rates(BaseModel):
    """How the alarm system did over a time."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    watched_ms: int = Field(description="how much of it had decisions")
    step_ms: int = Field(description="the width of a bar: an hour, or a day where the time is long")
    counts: list[int] = Field(description="alarms that came in each step from start")
    alarms: int = Field(description="alarms that came in this time")
    stood_ms: int = Field(description="for how long one stood")
    right: int = Field(description="alarms that a person called right")
    wrong: int = Field(description="alarms that a person called false")
    floods: list[BurstTold] = Field(description="more than ten in ten minutes until fewer than five")
    chattering: list[BurstTold] = Field(description="three or more within a minute")
    stale: list[Occurrence] = Field(description="alarms that stood for more than a day")
    top: list[Blame] = Field(description="the tags that were the first cause most often, ten at most")
    benchmarks: list[Measure]


def alarm_now(one: Standing) -> AlarmNow:
    alarm = one.alarm
    return AlarmNow(
        name=alarm.name, priority=one.priority, state=alarm.state.value, active=alarm.active, since=_known(alarm.since),
        changed=_known(alarm.changed), causes=[BlamedTag(tag=tag, share=share) for tag, share in one.blamed],
        score=one.score, confidence=one.confidence, reason=alarm.reason, by=alarm.by,
        until=None if alarm.until is None else alarm.until // MS)


def occurrence(loop: str, one: Episode, told: Told, period_ns: int) -> Occurrence:
    return Occurrence(
        loop=loop, start=one.start // MS, end=(one.end + period_ns) // MS, duration_ms=lasted(one, period_ns) // MS,
        open=one.open, peak=one.peak, confidence=one.confidence,
        causes=[BlamedTag(tag=cause.tag, share=cause.share) for cause in one.causes],
        verdict=verdict(told.verdict) if told.verdict else None, notes=[note(each) for each in told.notes],
        acts=[line(each) for each in told.acts])


def verdict(one: Feedback) -> VerdictGiven:
    return VerdictGiven(verdict=one.verdict.value, label=one.label, comment=one.comment, by=one.by,
                        given=one.given // MS, start=one.start // MS, end=one.end // MS)


def note(one: Note) -> NoteGiven:
    return NoteGiven(text=one.text, by=one.by, given=one.given // MS)


def line(one: Transition) -> Line:
    return Line(time=one.time // MS, name=one.name, event=one.event, before=one.before.value, after=one.after.value,
                by=one.by, reason=one.reason)


def past_case(loop: str, case: Case, period_ns: int) -> PastCase:
    return PastCase(similarity=case.similarity, occurrence=occurrence(loop, case.occurrence, case.told, period_ns))


def rates(found: Figures, stale: list[Occurrence], right: int, wrong: int) -> Rates:
    return Rates(
        start=found.start // MS, end=found.end // MS, watched_ms=found.watched_ns // MS, step_ms=found.step // MS,
        counts=list(found.counts), alarms=found.alarms, stood_ms=found.stood_ns // MS, right=right, wrong=wrong,
        floods=[_burst(one) for one in found.floods], chattering=[_burst(one) for one in found.chattering],
        stale=stale, top=[Blame(tag=one.tag, alarms=one.alarms, stood_ms=one.stood_ns // MS) for one in found.top],
        benchmarks=[Measure(name=one.name, value=one.value, acceptable=one.acceptable, manageable=one.manageable)
                    for one in found.benchmarks])


def _burst(one: Burst) -> BurstTold:
    return BurstTold(start=one.start // MS, end=one.end // MS, alarms=one.alarms)


def _known(time: int) -> int | None:
    return time // MS if time else None
