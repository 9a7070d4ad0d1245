"""What a quality check finds, as data; a sentence for each is made from it elsewhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class Kind(StrEnum):
    """What can be wrong with, or worth knowing of, one tag's history."""

    MISSING = "missing"
    BAD = "bad"
    GAP = "gap"
    CONSTANT = "constant"
    FROZEN = "frozen"
    AT_REST = "at-rest"
    OUT_OF_RANGE = "out-of-range"
    SPIKE = "spike"
    COARSE = "coarse"
    DRIFT = "drift"
    DUPLICATE = "duplicate"
    UNSORTED = "unsorted"
    CLOCK_JUMP = "clock-jump"
    JITTER = "jitter"


class Severity(IntEnum):
    """INFO: worth knowing; WARNING: look at it; FAULT: the data can't be used as it is."""

    INFO = 0
    WARNING = 1
    FAULT = 2


class Unusable(StrEnum):
    """Why nothing should be learnt from a tag; NO where it can be used."""

    NO = ""
    DEAD = "dead"
    CONSTANT = "constant"
    MOSTLY_MISSING = "mostly-missing"
    MOSTLY_FROZEN = "mostly-frozen"


@dataclass(frozen=True, slots=True)
class Finding:
    """``count`` of what the kind counts (samples, stretches, jumps), ``share`` of samples or of time (0..1).

    ``spans`` are the longest stretches (start, end; UTC ns, end inclusive), at most 200, in order of time;
    ``figures`` what the sentence needs besides. ``tag`` is empty where it holds for the whole source.
    """

    tag: str
    kind: Kind
    severity: Severity
    count: int
    share: float
    spans: tuple[tuple[int, int], ...] = ()
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TagQuality:
    """One tag. ``noise`` is one standard deviation of what changes from sample to sample, ``step`` the smallest
    change the instrument shows (0 where it is finer than its noise), both in ``unit``; NaN where unknown.
    """

    tag: str
    unit: str
    samples: int
    good_share: float
    low: float
    high: float
    noise: float
    step: float
    unusable: Unusable
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        """Whether a model may learn from it."""
        return self.unusable is Unusable.NO

    @property
    def severity(self) -> Severity:
        """That of the worst finding."""
        return max((one.severity for one in self.findings), default=Severity.INFO)


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All tags in the order asked for; ``findings`` of the source as a whole (its clock)."""

    start: int
    end: int
    rows: int
    period_ns: int
    tags: tuple[TagQuality, ...]
    findings: tuple[Finding, ...]

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Of the source and of every tag, the worst first."""
        every = [*self.findings, *(one for tag in self.tags for one in tag.findings)]
        return tuple(sorted(every, key=lambda one: (-one.severity, -one.share)))

    @property
    def usable(self) -> tuple[str, ...]:
        """Paths of the tags that a model may learn from."""
        return tuple(tag.tag for tag in self.tags if tag.usable)

    def as_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings for JSON; NaN becomes None, and each finding gets its sentence."""
        from lineshaft.dataset.quality.sentence import sentence

        raw = asdict(self)
        for data, one in zip(raw["findings"], self.findings, strict=True):
            data["sentence"] = sentence(one)
        for tag, quality in zip(raw["tags"], self.tags, strict=True):
            tag["usable"] = quality.usable
            for data, one in zip(tag["findings"], quality.findings, strict=True):
                data["sentence"] = sentence(one, quality.unit)
        plain: dict[str, Any] = _without_nan(raw)
        return plain


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if isinstance(value, IntEnum):
        return value.name.lower()
    return None if isinstance(value, float) and value != value else value
