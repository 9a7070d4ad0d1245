"""Verdicts: stored in any historian as samples of a tag, and read back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import numpy as np

from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag

_EARLIEST, _LATEST = -(2**63), 2**63 - 1


def feedback_path(loop: str) -> str:
    """The tag that holds the verdicts on a loop as text; ``.../bad`` beside it holds 1 for bad, 0 for good."""
    if not loop or "/" in loop:
        raise UsageError(f"{loop!r} cannot name a loop", do="use a name without '/'")
    return f"feedback/{loop}"


def record(historian: Historian, feedback: Feedback) -> bool:
    """Store a verdict at the time it was given; False where this very verdict is stored already.

    Two verdicts are the same when all their fields are, ``given`` included: whoever changes their mind and
    back gives three.
    """
    if feedback.end <= feedback.start:
        raise UsageError(f"the stretch {feedback.start}..{feedback.end} is empty", where=feedback_path(feedback.loop),
                         do="give an end after the start")
    path, text = feedback_path(feedback.loop), json.dumps(asdict(feedback), sort_keys=True)
    historian.register([Tag(path, kind="text"), Tag(f"{path}/bad", unit="1", kind="bool")])
    bad = float(feedback.verdict is Verdict.BAD)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return historian.append(Samples.of([Sample(path, feedback.given, np.nan, text=text),
                                        Sample(f"{path}/bad", feedback.given, bad)]), key=f"feedback/{digest}")


def verdicts(historian: Historian, loop: str, version: str | None = None) -> list[Feedback]:
    """All verdicts on a loop in the order they were given; of one moment, in the order they were recorded."""
    path = feedback_path(loop)
    series = historian.read([path], _EARLIEST, _LATEST, version=version)[path]
    texts = series.text or (None,) * len(series)
    return [_feedback(path, time, text) for time, text in zip(series.time.tolist(), texts, strict=True)]


def _feedback(path: str, time: int, text: str | None) -> Feedback:
    try:
        fields = json.loads(text or "")
        return Feedback(**{**fields, "verdict": Verdict(fields["verdict"])})
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the text at {time} is not a verdict", where=path,
                         do="write verdicts with feedback.record only") from error
