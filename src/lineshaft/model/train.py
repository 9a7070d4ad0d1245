"""Training of the ``monitor`` task: roles of the rows, one calibrated candidate a learner, and the choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.answer import Answer
from lineshaft.core.dataset import ABNORMAL, Dataset
from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.listed import some
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Executor
from lineshaft.core.task import Task
from lineshaft.model.blocks.modes import Modes, OfModes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.blocks.told_mode import MODE
from lineshaft.model.blocks.told_mode import OUTPUTS as MODE_OUTPUTS
from lineshaft.model.calibrate import FEWEST, Calibrated, Normal, Rows
from lineshaft.model.finding import AUTO, found
from lineshaft.model.learner import Settings, learners
from lineshaft.model.pipeline import Pipeline
from lineshaft.model.prefix import enough, prefix
from lineshaft.model.stream import STREAM, streaming
from lineshaft.model.trial import Trial, stretches
from lineshaft.model.trying import REFERENCE, Trying, Unfit, endless, part

OUTPUTS = ("score", "alarm", "cause", "confidence")
DEFAULT = Settings()
MODES_SHARE = 0.5
"""Modes are looked for during so much of the time that is left at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Monitor:
    """A fitted monitor: its pipeline as a graph, and why it is this one."""

    learner: str
    graph: bytes
    why: str
    trials: tuple[Trial, ...]
    settings: Settings
    modes: int
    settle: int
    figures: dict[str, float]
    answers: tuple[Answer, ...] = ()
    task: ClassVar[Task] = Task.MONITOR

    @property
    def window(self) -> int:
        """Ticks until its windows are full."""
        return self.settings.window

    @property
    def seed(self) -> int:
        """Of everything that is drawn."""
        return self.settings.seed


def may_run(graph: bytes) -> str:
    """Every graph may run."""
    return ""


def unheard(trial: Trial) -> None:
    """Nobody listens."""


def choices() -> tuple[str, ...]:
    """What ``learner`` may be."""
    return ("auto", *learners(), STREAM)


def train_monitor(dataset: Dataset, normal: Rows, execute: Executor, *, held_out: Rows | None = None,
                  learner: str = "auto", mode_tags: Sequence[str] = (), settings: Settings = DEFAULT,
                  progress: Progress = silent, refused: Callable[[bytes], str] = may_run,
                  heard: Callable[[Trial], None] = unheard, modes: OfModes | str = AUTO,
                  left: Callable[[], float] = endless) -> Monitor:
    """Fit, calibrate and choose.

    ``refused`` says why a learner's graph may not run (its figure over the budget) or nothing; it is asked in the order
    of merit, until one may. ``heard`` is told of every trial, and ``left`` gives the seconds that trials may take yet
    (see ``Trying``). Without ``mode_tags``, ``modes`` says how operating modes
    are found: one of ``finding.mode_learners``, or a block that gives them.

    ``normal`` [N] marks rows of normal operation; the last ``settings.calibration`` of every run of them is held
    out for the limits, unless ``held_out`` [N] names other rows. ``learner`` is one of ``choices``. Rows labelled
    abnormal are never used. Raises ``UsageError`` where the stretch is too short or no tag is usable.
    """
    normal = normal & (dataset.labels != ABNORMAL)
    if learner == STREAM:
        return _streaming(dataset, normal, settings, execute)
    fit_rows, held = (normal, held_out) if held_out is not None else _split(dataset.run, normal, settings.calibration)
    roles = _as_far_as_used(Normal(dataset, fit_rows, held))
    enough(roles)
    known, before, roles = _known(roles, mode_tags, modes, settings, execute, left)
    trying = Trying(before, roles, settings, stretches(before, known.count, roles, execute), execute, heard, left)
    outputs = _outputs(known.count)

    def unfit(candidate: Calibrated) -> str:
        return refused(candidate.pipeline.graph(outputs))

    trying.all(list(learners()) if learner == "auto" else [learner], progress, suited=learner == "auto")
    if known.count > 1:
        trying.apart(unfit)
    best, trials = _allowed(trying.trials, trying.candidates, settings.lead, unfit)
    return _monitor(trying.candidates[best.learner], best, tuple(trials), known.count, roles, settings)


def _known(roles: Normal, mode_tags: Sequence[str], modes: OfModes | str, settings: Settings, execute: Executor,
           left: Callable[[], float]) -> tuple[OfModes, Pipeline, Normal]:
    """The block of modes, what stands before the learners, and the rows that are far enough from a change of mode."""
    if not mode_tags and isinstance(modes, str):
        block = found(roles.dataset, roles.fit, execute, modes, settings.seed, part(left, MODES_SHARE))
        if block is not None:
            try:
                return block, *prefix(roles, block, settings, execute)
            except UsageError:
                if modes != AUTO:
                    raise
    known = Modes(_columns(roles.dataset, mode_tags)) if isinstance(modes, str) else modes
    return known, *prefix(roles, known, settings, execute)


def _streaming(dataset: Dataset, normal: Rows, settings: Settings, execute: Executor) -> Monitor:
    roles = _as_far_as_used(Normal(dataset, normal, np.zeros_like(normal)))
    if int(roles.fit.sum()) < 2 * FEWEST or not roles.dataset.good[roles.fit].any():
        raise UsageError(f"{int(roles.fit.sum())} rows are too few to give a scale, or no tag was read in them",
                         where="normal stretch", do=f"give {2 * FEWEST} rows in which the tags were read")
    pipeline = streaming(roles.dataset, roles.fit, execute)
    return Monitor(STREAM, pipeline.graph(OUTPUTS), f"{STREAM}, as asked for", (), settings, 1, 0,
                   {"fit_rows": float(roles.fit.sum())})


def _as_far_as_used(roles: Normal) -> Normal:
    """Without the rows of each run that follow its last used one: they can teach nothing, and history is long."""
    run, used = roles.dataset.run, np.flatnonzero(roles.fit | roles.held_out)
    last = np.full(int(run.max(initial=0)) + 1, -1, np.int64)
    np.maximum.at(last, run[used], used)
    keep = np.arange(len(run)) <= last[run]
    return Normal(roles.dataset.rows(keep), roles.fit[keep], roles.held_out[keep], roles.settle)


def _monitor(chosen: Calibrated, best: Trial, trials: tuple[Trial, ...], modes: int, roles: Normal,
             settings: Settings) -> Monitor:
    figures = {"held_out_false_alarms": best.false_alarms, "synthetic_power": best.power,
               "limit_reach": chosen.reach, "degrees_of_freedom": chosen.freedom,
               "fit_rows": float(roles.fit.sum()), "held_out_rows": float(roles.held_out.sum())}
    why = "; ".join([_why(best, trials), *_passed_over(chosen.pipeline, roles.dataset)])
    return Monitor(chosen.name, chosen.pipeline.graph(_outputs(modes)), why, trials, settings, modes,
                   roles.settle, figures, (MODE,) if modes > 1 else ())


def _passed_over(pipeline: Pipeline, dataset: Dataset) -> list[str]:
    """What to say of tags that count and are not watched."""
    scale = next(block for block in pipeline.blocks if isinstance(block, Standardise))
    counting = [tag.path for tag, counts in zip(dataset.tags, scale.counting, strict=True) if counts]
    return [f"not watched, since in normal operation they only ever went one way, as meters and clocks do: "
            f"{some(counting)}"] if counting else []


def _outputs(modes: int) -> tuple[str, ...]:
    return (*OUTPUTS, *MODE_OUTPUTS) if modes > 1 else OUTPUTS


def _allowed(trials: list[Trial], candidates: Mapping[str, Calibrated], lead: float,
             unfit: Unfit) -> tuple[Trial, list[Trial]]:
    """The best whose graph may run, and the trials with why others may not."""
    while any(not t.reason for t in trials):
        best = _best([t for t in trials if not t.reason], lead)
        reason = unfit(candidates[best.learner])
        if not reason:
            return best, trials
        trials = [replace(t, reason=reason) if t is best else t for t in trials]
    raise Refused("no learner's graph may run: " + "; ".join(f"{t.learner}: {t.reason}" for t in trials),
                  where="monitor", do="choose another target, a larger budget, or fewer tags")


def _best(tried: Sequence[Trial], lead: float) -> Trial:
    """The greatest merit; the plain reference unless it is clearly beaten."""
    best = max(tried, key=lambda t: t.merit)
    plain = next((t for t in tried if t.learner == REFERENCE), best)
    return best if best.merit > plain.merit + lead else plain


def _why(best: Trial, trials: tuple[Trial, ...]) -> str:
    tried = [t for t in trials if not t.reason and t.learner != best.learner]
    passed_over = [f"{t.learner} was left out: {t.reason}" for t in trials
                   if t.reason and not learners()[t.learner].aside]
    name = f"{best.learner} (one for each operating mode)" if best.by_mode else best.learner
    if not tried:
        return f"{name}, as asked for"
    others = ", ".join(f"{t.learner} {t.power:.0%}" for t in sorted(tried, key=lambda t: -t.merit))
    return "; ".join([f"{name} found {best.power:.0%} of the ticks of faults injected into held-out normal "
                      f"operation, at {best.false_alarms:.1%} false alarms ({others})", *passed_over])


def _split(run: NDArray[np.int32], normal: Rows, share: float) -> tuple[Rows, Rows]:
    """The last ``share`` of the normal rows of each run of at least 4 x FEWEST, else of all of them together."""
    held = np.zeros(len(normal), np.bool_)
    groups = [g for g in (np.flatnonzero(normal & (run == r)) for r in np.unique(run[normal])) if len(g)]
    if any(len(g) < 4 * FEWEST for g in groups):
        groups = [np.flatnonzero(normal)]
    for rows in groups:
        held[rows[round(len(rows) * (1 - share)):]] = True
    return normal & ~held, held


def _columns(dataset: Dataset, mode_tags: Sequence[str]) -> tuple[int, ...]:
    paths = [tag.path for tag in dataset.tags]
    unknown = [tag for tag in mode_tags if tag not in paths]
    if unknown:
        raise UsageError(f"no tag is called {', '.join(unknown)}", where="modes", do="name tags of the task")
    return tuple(paths.index(tag) for tag in mode_tags)
