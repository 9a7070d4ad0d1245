"""What the report shows, as plain data; the flow fills it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.report.answered import Answered
from lineshaft.core.decision import Cause
from lineshaft.core.errors import UsageError
from lineshaft.core.manifest import Certificate, Manifest
from lineshaft.core.tag import Tag
from lineshaft.dataset.quality import QualityReport

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReportAlarm:
    """One alarm at ``start`` <= time <= ``end`` (UTC ns), its causes largest first.

    ``peak`` is in multiples of the limit; ``confidence`` 0..1, or None where the task has none; ``run`` is the
    run it belongs to where runs of several machines overlap in time; ``open`` says that it still stood at the
    end of the data.
    """

    start: int
    end: int
    peak: float
    causes: tuple[Cause, ...] = ()
    confidence: float | None = None
    run: int = 0
    open: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Something known to have happened: a label of the data, or a fault that the demo put in.

    ``delay_ns`` is how long it took to be found, None when it was missed.
    """

    start: int
    end: int
    name: str
    delay_ns: int | None = None
    run: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch that was used for something: ``use`` is "fit", "calibrate" or "watch"."""

    start: int
    end: int
    use: str
    run: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that the reader of the file decided: what, the answer, and why."""

    what: str
    chosen: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """One candidate in the validation table.

    ``figures`` by name: fractions where the name ends in ``rate`` or ``share``; a name that the string table
    knows (``false_alarm_rate``, ``detection_rate``, ``delay``, ``step_us``) is shown in the reader's language.
    """

    name: str
    figures: dict[str, float]
    chosen: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """How far to trust the alarms. Rates are fractions of rows; None where nothing was measured.

    ``expected_rate`` is the false-alarm rate asked for, ``observed_rate`` what held-out normal rows gave that
    had set nothing (``held_out_rows`` of them); ``calibration_rows`` set the limit; ``masked_share`` of all
    inputs was masked while watching. ``normal_was_assumed`` when nobody said which stretch is normal.
    """

    expected_rate: float | None = None
    observed_rate: float | None = None
    fit_rows: int = 0
    calibration_rows: int = 0
    held_out_rows: int = 0
    masked_share: float = 0.0
    normal_was_assumed: bool = False
    method: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Latency:
    """Of a decision in the node's loop, nanoseconds, over ``ticks`` ticks of which ``missed`` were late."""

    ticks: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int
    missed: int = 0
    deadline_ns: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """N rows x C tags, in order of run, then time.

    ``times`` int64 [N] UTC ns; ``values`` float64 [N, C], NaN where unknown; ``good`` bool [N, C]; ``score``
    float64 [N], NaN where not watched; ``limit`` in the score's unit; ``run`` int32 [N] or None for one run.
    ``relative_time`` when the times are counts from zero (seconds since start), no dates; ``by_row`` when they mean
    nothing and rows are counted instead, from 1 in each run. ``run_names`` are by run number, empty for one run;
    ``watched`` bool [N] are the rows that were judged without being learnt from, None for all that have a score.
    ``first_row`` is the number of the first row shown, where a part of a run is.
    ``bands`` [C] are the normal bands where they are known from elsewhere, None to take them from these rows.
    ``files`` are (what it is, where it was written). Everything that is text may come from strangers: it is
    escaped. ``answered`` is how good a task with an answer is, None for a monitor.
    """

    title: str
    source: str
    created: int
    tags: tuple[Tag, ...]
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    good: NDArray[np.bool_]
    score: NDArray[np.float64]
    limit: float = 1.0
    run: NDArray[np.int32] | None = None
    period_ns: int = 0
    relative_time: bool = False
    by_row: bool = False
    run_names: tuple[str, ...] = ()
    watched: NDArray[np.bool_] | None = None
    first_row: int = 1
    alarms: tuple[ReportAlarm, ...] = ()
    events: tuple[Event, ...] = ()
    passages: tuple[Passage, ...] = ()
    quality: QualityReport | None = None
    choices: tuple[Choice, ...] = ()
    findings: tuple[str, ...] = ()
    learners: tuple[LearnerRow, ...] = ()
    learner_why: str = ""
    trust: Trust = Trust()
    latency: Latency | None = None
    manifest: Manifest | None = None
    certificate: Certificate | None = None
    bundle: str = ""
    dataset: str = ""
    files: tuple[tuple[str, str], ...] = ()
    command: str = ""
    bands: tuple[tuple[float, float] | None, ...] | None = None
    answered: Answered | None = None

    def __post_init__(self) -> None:
        rows, columns = len(self.times), len(self.tags)
        if self.values.shape != (rows, columns) or self.good.shape != (rows, columns):
            raise UsageError(f"values {self.values.shape} and good {self.good.shape} are not "
                             f"[{rows}, {columns}]", where="ReportData")
        if self.score.shape != (rows,) or (self.run is not None and self.run.shape != (rows,)):
            raise UsageError("score and run need one entry a row", where="ReportData")
        if not self.limit > 0:
            raise UsageError(f"a limit of {self.limit} is not positive", where="ReportData")

    @property
    def judged(self) -> NDArray[np.bool_]:
        """[N] rows that have a score and were not learnt from."""
        scored: NDArray[np.bool_] = np.isfinite(self.score)
        return scored if self.watched is None else scored & self.watched

    def row(self, run: int, time: int) -> int:
        """Number of the row at ``time`` in its run, from 1."""
        first = 0 if self.run is None else int(np.searchsorted(self.run, run))
        return (time - int(self.times[first])) // max(self.period_ns, 1) + 1

    def run_name(self, run: int) -> str:
        """What a run is called, empty where there is one only."""
        return self.run_names[run] if run < len(self.run_names) else ""
