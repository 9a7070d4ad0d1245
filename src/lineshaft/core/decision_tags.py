"""Decisions as samples: how they enter a historian, and how they come out of one unchanged.

Both sides of the loop need this (the node that decides, the centre that learns), so it stands in ``core``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lineshaft.core.answer import Answer
from lineshaft.core.decision import Cause, Decision, Source
from lineshaft.core.errors import UsageError
from lineshaft.core.quality import GOOD, UNCERTAIN
from lineshaft.core.sample import Samples
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag

_NUMBERS = ("score", "alarm", "confidence", "latency")
_TEXT = "causes"
_VALUES = ("value", "low", "high")
_KNOWN = "known"
_UNITS = {"score": "1", "alarm": "1", "confidence": "1", "latency": "ns", "causes": ""}
_KINDS = {"alarm": "bool", "causes": "text"}


def decision_paths(loop: str, asset: str) -> dict[str, str]:
    """Tag path of each part that all of a loop's decisions on an asset have.

    >>> decision_paths("cell", "works/hall1")["score"], decision_paths("cell", "")["alarm"]
    ('decision/cell/works/hall1/score', 'decision/cell/alarm')
    """
    return {name: f"{_stem(loop, asset)}/{name}" for name in (*_NUMBERS, _TEXT)}


def answer_paths(loop: str, asset: str, answers: Sequence[Answer]) -> dict[str, str]:
    """Tag path of each part that decisions with these answers have besides; none where there are none.

    >>> list(answer_paths("soft", "", [Answer("NOX")]).values())
    ['decision/soft/value/NOX', 'decision/soft/low/NOX', 'decision/soft/high/NOX', 'decision/soft/known']
    """
    names = [f"{part}/{one.label}" for part in _VALUES for one in answers]
    stem = _stem(loop, asset)
    return {name: f"{stem}/{name}" for name in (*names, _KNOWN)} if answers else {}


def decision_tags(loop: str, asset: str, answers: Sequence[Answer] = ()) -> tuple[Tag, ...]:
    """What a historian should know of these tags."""
    units = [one.unit for _ in _VALUES for one in answers]
    values = [Tag(path, unit=unit) for path, unit in
              zip(list(answer_paths(loop, asset, answers).values())[:-1], units, strict=True)]
    known = [Tag(f"{_stem(loop, asset)}/{_KNOWN}", unit="1", kind="bool")] if answers else []
    return (*(Tag(path, unit=_UNITS[name], kind=_KINDS.get(name, "float"))
              for name, path in decision_paths(loop, asset).items()), *values, *known)


def decision_samples(decisions: Iterable[Decision]) -> Samples:
    """Five samples a decision at its tick: score, alarm, confidence, latency, and the rest as JSON text.

    One with answers has a sample more for each value, for each end of an interval, and for whether it is known.
    Quality is uncertain where a fallback decided, and of values that the model says it does not know.
    """
    paths: dict[str, int] = {}
    index, times, values, quality, texts = [], [], [], [], []
    for one in decisions:
        given = _given(one)
        names = (*decision_paths(one.loop, one.asset).values(), *given)
        index += [paths.setdefault(path, len(paths)) for path in names]
        times += [one.time] * len(names)
        values += [one.score, float(one.alarm), one.confidence, float(one.latency_ns), np.nan, *given.values()]
        sure = GOOD if one.source is Source.BUNDLE else UNCERTAIN
        quality += [sure] * 5 + [sure if one.known else UNCERTAIN] * len(given)
        texts += [None, None, None, None, _said(one), *[None] * len(given)]
    return Samples(tuple(paths), np.array(index, np.int32), np.array(times, np.int64), np.array(values, np.float64),
                   np.array(quality, np.uint32), tuple(texts) or None)


def decisions_of(loop: str, asset: str, series: Mapping[str, Series], answers: Sequence[Answer] = ()
                 ) -> list[Decision]:
    """The decisions in what a historian read of ``decision_paths``, in order of time.

    With ``answers`` they have the values that were read of ``answer_paths`` as well; values of other answers, which
    another bundle gave, are left out. A decision whose parts are not all there was stored by something else: an error
    says at which time.
    """
    said = _Answered(loop, asset, series, tuple(answers))
    parts = {name: series[path] for name, path in decision_paths(loop, asset).items()}
    texts = parts[_TEXT].text or ()
    for part in parts.values():
        if len(part) != len(texts) or not np.array_equal(part.time, parts[_TEXT].time):
            raise UsageError(f"{len(part)} samples do not match the {len(texts)} decisions", where=part.tag,
                             do="write decisions with decision_samples only")
    columns = zip(parts[_TEXT].time.tolist(), *(parts[name].value.tolist() for name in _NUMBERS), texts, strict=True)
    return [said.completed(*_decision(loop, asset, *row)) for row in columns]


def _stem(loop: str, asset: str) -> str:
    if not loop or "/" in loop:
        raise UsageError(f"{loop!r} cannot name a loop", do="use a name without '/'")
    return "/".join(part for part in ("decision", loop, asset) if part)


def _given(one: Decision) -> dict[str, float]:
    """The values of a decision by tag path."""
    if not one.answers:
        return {}
    stem = _stem(one.loop, one.asset)
    found = {f"{stem}/{part}/{answer.label}": number
             for part, numbers in zip(_VALUES, (one.values, one.low, one.high), strict=True) if numbers
             for answer, number in zip(one.answers, numbers, strict=True)}
    return found | {f"{stem}/{_KNOWN}": float(one.known)}


class _Answered:
    """Walks through the series of values once, beside the decisions, which are in the same order of time."""

    def __init__(self, loop: str, asset: str, series: Mapping[str, Series], answers: tuple[Answer, ...]) -> None:
        self._answers, self._paths = answers, answer_paths(loop, asset, answers)
        self._read = {name: (series[path].time.tolist(), series[path].value.tolist())
                      for name, path in self._paths.items()}
        self._next = dict.fromkeys(self._read, 0)

    def completed(self, one: Decision, sizes: tuple[int, ...]) -> Decision:
        """The decision with its values, as many of each part as ``sizes`` says; without where it has none."""
        if not sizes or not self._answers or not self._there(_KNOWN, one.time):
            return one
        known = self._take(_KNOWN) != 0
        parts = [self._part(part, size, one.time) for part, size in zip(_VALUES, sizes, strict=True)]
        return replace(one, answers=self._answers, values=parts[0], low=parts[1], high=parts[2], known=known)

    def _part(self, part: str, size: int, time: int) -> tuple[float, ...]:
        names = [f"{part}/{one.label}" for one in self._answers]
        if size != len(names) or not all(self._there(name, time) for name in names):
            return ()
        return tuple(self._take(name) for name in names)

    def _there(self, name: str, time: int) -> bool:
        times = self._read[name][0]
        while self._next[name] < len(times) and times[self._next[name]] < time:
            self._next[name] += 1
        return self._next[name] < len(times) and times[self._next[name]] == time

    def _take(self, name: str) -> float:
        self._next[name] += 1
        return float(self._read[name][1][self._next[name] - 1])


def _said(one: Decision) -> str:
    rest = {"causes": [[cause.tag, cause.share] for cause in one.causes], "missed": one.missed,
            "source": one.source.value, "masked": list(one.masked), "bundle": one.bundle}
    if one.answers:
        rest["answered"] = [len(one.values), len(one.low), len(one.high)]
    return json.dumps(rest, separators=(",", ":"))


def _decision(loop: str, asset: str, time: int, score: float, alarm: float, confidence: float, latency: float,
              text: str | None) -> tuple[Decision, tuple[int, ...]]:
    try:
        rest = json.loads(text or "")
        causes = tuple(Cause(tag, share) for tag, share in rest["causes"])
        return Decision(loop, asset, time, score, alarm != 0, causes, confidence, int(latency), rest["missed"],
                        Source(rest["source"]), tuple(rest["masked"]), rest["bundle"]), tuple(rest.get("answered", ()))
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the text at {time} is not a decision's", where=decision_paths(loop, asset)[_TEXT],
                         do="write decisions with decision_samples only") from error
