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
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Executor
from lineshaft.core.task import Task
from lineshaft.graph.replay import Replay
from lineshaft.model.blocks.features import Level
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.impute import Impute
from lineshaft.model.blocks.modes import Modes, OfModes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.calibrate import FEWEST, Calibrated, Front, Normal, Rows, calibrate
from lineshaft.model.learner import Settings, learners, robust_scale
from lineshaft.model.memory import memory
from lineshaft.model.pipeline import Pipeline, extend, longest, replay, step_inputs
from lineshaft.model.stream import STREAM, streaming
from lineshaft.model.synthetic import injected, injections

OUTPUTS = ("score", "alarm", "cause", "confidence")
TRIAL_TICKS = 600
DEFAULT = Settings()
REFERENCE = "zscore"
MOST_SETTLING = 10  # windows


@dataclass(frozen=True, slots=True)
class Trial:
    """How a learner did in validation; ``reason`` says why it was not tried, empty when it was.

    ``power`` is the share of ticks that alarmed after the onset of synthetic faults, ``false_alarms`` the share
    on the same held-out ticks without a fault, ``merit`` what the choice maximises.
    """

    learner: str
    merit: float = 0.0
    power: float = 0.0
    false_alarms: float = 0.0
    reason: str = ""


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
    task: ClassVar[Task] = Task.MONITOR
    answers: ClassVar[tuple[Answer, ...]] = ()

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
                  heard: Callable[[Trial], None] = unheard, modes: OfModes | None = None) -> Monitor:
    """Fit, calibrate and choose.

    ``refused`` says why a learner's graph may not run (its figure over the budget) or nothing; it is asked in the order
    of merit, until one may. ``heard`` is told of every trial. ``modes`` is a block that says the operating mode some
    other way than by ``mode_tags`` (clusters of the tags themselves).

    ``normal`` [N] marks rows of normal operation; the last ``settings.calibration`` of every run of them is held
    out for the limits, unless ``held_out`` [N] names other rows. ``learner`` is one of ``choices``. Rows labelled
    abnormal are never used. Raises ``UsageError`` where the stretch is too short or no tag is usable.
    """
    normal = normal & (dataset.labels != ABNORMAL)
    if learner == STREAM:
        return _streaming(dataset, normal, settings, execute)
    fit_rows, held = (normal, held_out) if held_out is not None else _split(dataset.run, normal, settings.calibration)
    roles = _as_far_as_used(Normal(dataset, fit_rows, held))
    _enough(roles)
    known = Modes(_columns(roles.dataset, mode_tags)) if modes is None else modes
    prefix, roles = _prefix(roles, known, settings, execute)
    names = list(learners()) if learner == "auto" else [learner]
    trials, candidates = [], {}
    fronts: dict[str, Front] = {}
    slowest = _slowest_memory(prefix, roles, execute)
    for number, name in enumerate(names):
        progress(number, len(names), "learning")
        reason = _unsuited(name, slowest, roles, settings) if learner == "auto" else ""
        if reason:
            trials.append(Trial(name, reason=reason))
            heard(trials[-1])
            continue
        kind = learners()[name].features
        if kind not in fronts:
            fronts[kind] = Front.of(kind, prefix, roles, settings, execute)
        candidates[name] = calibrate(name, fronts[kind], execute)
        trials.append(_trial(candidates[name], roles, settings, execute))
        heard(trials[-1])
    progress(len(names), len(names), "learning")
    best, trials = _allowed(trials, candidates, settings.lead, refused)
    return _monitor(candidates[best.learner], best, tuple(trials), known.count, roles, settings)


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
    return Monitor(chosen.name, chosen.pipeline.graph(OUTPUTS), _why(best, trials), trials, settings, modes,
                   roles.settle, figures)


def _allowed(trials: list[Trial], candidates: Mapping[str, Calibrated], lead: float,
             refused: Callable[[bytes], str]) -> tuple[Trial, list[Trial]]:
    """The best whose graph may run, and the trials with why others may not."""
    while any(not t.reason for t in trials):
        best = _best([t for t in trials if not t.reason], lead)
        reason = refused(candidates[best.learner].pipeline.graph(OUTPUTS))
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
    if not tried:
        return f"{best.learner}, as asked for"
    others = ", ".join(f"{t.learner} {t.power:.0%}" for t in sorted(tried, key=lambda t: -t.merit))
    return "; ".join([f"{best.learner} found {best.power:.0%} of the ticks of faults injected into held-out normal "
                      f"operation, at {best.false_alarms:.1%} false alarms ({others})", *passed_over])


def _enough(roles: Normal, which: str = "") -> None:
    fit, held = int(roles.fit.sum()), int(roles.held_out.sum())
    if fit < FEWEST or held < FEWEST:
        raise UsageError(f"{fit} rows to learn from and {held} to set limits on{which} are too few",
                         where="normal stretch", do=f"give at least {4 * FEWEST} rows of normal operation")
    if not roles.dataset.good[roles.fit].any():
        raise UsageError("no tag has a usable value in the rows to learn from", where="normal stretch",
                         do="give a stretch in which the tags were read")


def _split(run: NDArray[np.int32], normal: Rows, share: float) -> tuple[Rows, Rows]:
    """The last ``share`` of the normal rows of each run of at least 4 x FEWEST, else of all of them together."""
    held = np.zeros(len(normal), np.bool_)
    groups = [g for g in (np.flatnonzero(normal & (run == r)) for r in np.unique(run[normal])) if len(g)]
    if any(len(g) < 4 * FEWEST for g in groups):
        groups = [np.flatnonzero(normal)]
    for rows in groups:
        held[rows[round(len(rows) * (1 - share)):]] = True
    return normal & ~held, held


def _prefix(roles: Normal, modes: OfModes, settings: Settings, execute: Executor
            ) -> tuple[Pipeline, Normal]:
    """Modes, scaling and imputation; where there are modes, learnt without the rows that follow a change of mode."""
    first = extend(Pipeline(len(roles.dataset.tags), ()), (Guard(), modes), roles.dataset, roles.fit, execute)
    if modes.count == 1:
        return _scaled(first, roles.dataset, roles.fit, execute), roles
    settle = _settling(first, roles, settings, execute)
    settled = replay(first, roles.dataset, ("since_mode",), execute)["since_mode"][:, 0] >= settle
    rows = replace(roles, fit=roles.fit & settled, held_out=roles.held_out & settled, settle=settle)
    _enough(rows, f" that lie {settle} ticks or more after a change of mode")
    return _scaled(first, roles.dataset, rows.fit, execute), rows


def _columns(dataset: Dataset, mode_tags: Sequence[str]) -> tuple[int, ...]:
    paths = [tag.path for tag in dataset.tags]
    unknown = [tag for tag in mode_tags if tag not in paths]
    if unknown:
        raise UsageError(f"no tag is called {', '.join(unknown)}", where="modes", do="name tags of the task")
    return tuple(paths.index(tag) for tag in mode_tags)


def _scaled(modes: Pipeline, dataset: Dataset, rows: Rows, execute: Executor) -> Pipeline:
    spans = [0.0 if tag.low is None or tag.high is None else tag.high - tag.low for tag in dataset.tags]
    return extend(modes, (Standardise(len(spans), spans), Impute(len(spans))), dataset, rows, execute)


def _settling(modes: Pipeline, roles: Normal, settings: Settings, execute: Executor) -> int:
    """Ticks after a change of mode until the farthest tag's level is as near to normal as long after a change.

    "Long after" is later than half of the ticks that the plant spends in the mode. At least one window, since
    until then the level still holds the old mode; at most ten.
    """
    seen = replay(modes, roles.dataset, ("mode", "since_mode"), execute)
    since, mode = seen["since_mode"][:, 0], seen["mode"].argmax(axis=1)
    late = np.zeros(len(since), np.bool_)
    for k in np.unique(mode[roles.fit]):
        inside = roles.fit & (mode == k)
        late |= inside & (since >= np.median(since[inside]))
    prefix = extend(_scaled(modes, roles.dataset, late, execute), (Level(settings.window),), roles.dataset, late,
                    execute)
    level = replay(prefix, roles.dataset, ("features",), execute)["features"].astype(np.float64)
    middle, scale = robust_scale(level[late], level[late])
    farthest = (np.abs(level - middle) / scale).max(axis=1)
    usual = float(np.quantile(farthest[late], 0.95))
    for windows in range(1, MOST_SETTLING):
        early = roles.fit & (since // settings.window == windows)
        if early.any() and np.quantile(farthest[early], 0.9) <= usual:
            return windows * settings.window
    return MOST_SETTLING * settings.window


def _unsuited(name: str, slowest: float, roles: Normal, settings: Settings) -> str:
    """Why a learner stands aside, or (one of dynamics) would only memorise so short a stretch; empty if it is tried."""
    if learners()[name].aside or learners()[name].features != "past":
        return learners()[name].aside
    rows, width = int(roles.fit.sum()), settings.lags * len(roles.dataset.tags)
    if rows < 3 * width:
        return f"{rows} rows for {width} lagged values (3 times as many are needed)"
    if rows < settings.memories * slowest:
        return (f"the slowest tag remembers {slowest:.0f} ticks, so the stretch holds only {rows / slowest:.0f} "
                f"independent looks at it ({settings.memories:.0f} are needed)")
    return ""


def _slowest_memory(prefix: Pipeline, roles: Normal, execute: Executor) -> float:
    """Memory in ticks of the slowest tag, over the longest run of fit rows."""
    start, stop = longest(roles.fit, roles.dataset.run)
    return float(memory(replay(prefix, roles.dataset.rows(slice(start, stop)), ("z",), execute)["z"]).max())


def _trial(candidate: Calibrated, roles: Normal, settings: Settings, execute: Executor) -> Trial:
    """Synthetic faults on a held-out stretch, all of them as one batch of assets."""
    random = np.random.default_rng(settings.seed)
    x, quality = step_inputs(roles.dataset)
    start, stop = longest(roles.held_out, roles.dataset.run)
    stop = min(stop, start + TRIAL_TICKS)
    lead = max(start - settings.window - roles.settle, int(np.argmax(roles.dataset.run == roles.dataset.run[start])))
    onset = start - lead + (stop - start) // 3
    faults = injections(x.shape[1], random)
    copies = injected(x[lead:stop], faults, onset, random)
    clean = x[lead:stop, None]
    batch = np.concatenate([clean, copies], axis=1)
    through = Replay(candidate.pipeline.graph(("alarm",)), execute)
    alarm = through(batch, np.repeat(quality[lead:stop, None], batch.shape[1], axis=1))["alarm"][..., 0]
    kinds = [fault.kind for fault in faults]
    hits = alarm[onset:, 1:].mean(axis=0)
    power = float(np.mean([hits[[k == kind for k in kinds]].mean() for kind in dict.fromkeys(kinds)]))
    false_alarms = float(alarm[start - lead:, 0].mean())
    return Trial(candidate.name, power - false_alarms, power, false_alarms)
