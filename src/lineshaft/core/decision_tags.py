"""Decisions as samples: how they enter a historian, and how they come out of one unchanged.

Both sides of the loop need this (the node that decides, the centre that learns), so it stands in ``core``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import numpy as np

from lineshaft.core.decision import Cause, Decision, Source
from lineshaft.core.errors import UsageError
from lineshaft.core.quality import GOOD, UNCERTAIN
from lineshaft.core.sample import Samples
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag

_NUMBERS = ("score", "alarm", "confidence", "latency")
_TEXT = "causes"
_UNITS = {"score": "1", "alarm": "1", "confidence": "1", "latency": "ns", "causes": ""}
_KINDS = {"alarm": "bool", "causes": "text"}


def decision_paths(loop: str, asset: str) -> dict[str, str]:
    """Tag path of each part of a loop's decisions on an asset.

    >>> decision_paths("cell", "works/hall1")["score"], decision_paths("cell", "")["alarm"]
    ('decision/cell/works/hall1/score', 'decision/cell/alarm')
    """
    if not loop or "/" in loop:
        raise UsageError(f"{loop!r} cannot name a loop", do="use a name without '/'")
    stem = "/".join(part for part in ("decision", loop, asset) if part)
    return {name: f"{stem}/{name}" for name in (*_NUMBERS, _TEXT)}


def decision_tags(loop: str, asset: str) -> tuple[Tag, ...]:
    """What a historian should know of these tags."""
    return tuple(Tag(path, unit=_UNITS[name], kind=_KINDS.get(name, "float"))
                 for name, path in decision_paths(loop, asset).items())


def decision_samples(decisions: Iterable[Decision]) -> Samples:
    """Five samples a decision at its tick: score, alarm, confidence, latency, and the rest as JSON text.

    Quality is uncertain where a fallback decided.
    """
    paths: dict[str, int] = {}
    index, times, values, quality, texts = [], [], [], [], []
    for one in decisions:
        index += [paths.setdefault(path, len(paths)) for path in decision_paths(one.loop, one.asset).values()]
        times += [one.time] * 5
        values += [one.score, float(one.alarm), one.confidence, float(one.latency_ns), np.nan]
        quality += [GOOD if one.source is Source.BUNDLE else UNCERTAIN] * 5
        texts += [None, None, None, None, _said(one)]
    return Samples(tuple(paths), np.array(index, np.int32), np.array(times, np.int64), np.array(values, np.float64),
                   np.array(quality, np.uint32), tuple(texts) or None)


def decisions_of(loop: str, asset: str, series: Mapping[str, Series]) -> list[Decision]:
    """The decisions in what a historian read of ``decision_paths``, in order of time.

    A decision whose parts are not all there was stored by something else: an error says at which time.
    """
    parts = {name: series[path] for name, path in decision_paths(loop, asset).items()}
    texts = parts[_TEXT].text or ()
    for part in parts.values():
        if len(part) != len(texts) or not np.array_equal(part.time, parts[_TEXT].time):
            raise UsageError(f"{len(part)} samples do not match the {len(texts)} decisions", where=part.tag,
                             do="write decisions with decision_samples only")
    columns = zip(parts[_TEXT].time.tolist(), *(parts[name].value.tolist() for name in _NUMBERS), texts, strict=True)
    return [_decision(loop, asset, *row) for row in columns]


def _said(one: Decision) -> str:
    rest = {"causes": [[cause.tag, cause.share] for cause in one.causes], "missed": one.missed,
            "source": one.source.value, "masked": list(one.masked), "bundle": one.bundle}
    return json.dumps(rest, separators=(",", ":"))


def _decision(loop: str, asset: str, time: int, score: float, alarm: float, confidence: float, latency: float,
              text: str | None) -> Decision:
    try:
        rest = json.loads(text or "")
        causes = tuple(Cause(tag, share) for tag, share in rest["causes"])
        return Decision(loop, asset, time, score, alarm != 0, causes, confidence, int(latency), rest["missed"],
                        Source(rest["source"]), tuple(rest["masked"]), rest["bundle"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the text at {time} is not a decision's", where=decision_paths(loop, asset)[_TEXT],
                         do="write decisions with decision_samples only") from error
