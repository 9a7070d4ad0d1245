"""``lineshaft watch``: from an export to decisions, a report and a signed bundle, in one go."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.app import edge, flow, report
from lineshaft.app.backtest import Decisions, Episode, backtest, episodes
from lineshaft.app.parquet import write_decisions
from lineshaft.app.recipe import Recipe
from lineshaft.app.talk import Talk
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.reader import read_files
from lineshaft.connect.files.table import Run, Table
from lineshaft.core.clock import format_duration
from lineshaft.core.dataset import ABNORMAL, Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.series import Series
from lineshaft.dataset.build import from_runs
from lineshaft.dataset.quality import QualityReport, assess
from lineshaft.dataset.quality.finding import Unusable
from lineshaft.dataset.quality.sentence import overall
from lineshaft.dataset.recording import Recording

GAP_PERIODS = 60
UNFIT = (Unusable.DEAD, Unusable.CONSTANT, Unusable.MOSTLY_MISSING)
Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """``normal`` is "40%", a number of rows of every run, or two times with a slash between (UTC)."""

    normal: str = "40%"
    said: bool = False
    learner: str = "auto"
    modes: tuple[str, ...] | None = None
    stale_ns: int | None = None
    read: ReadOptions = field(default_factory=ReadOptions)
    language: str = "en"


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Everything that came out; the files lie under ``folder``."""

    folder: Path
    table: Table
    quality: QualityReport
    dataset: Dataset
    normal: Rows
    sealed: flow.Sealed
    digest: str
    decisions: Decisions
    episodes: tuple[Episode, ...]
    options: WatchOptions
    files: tuple[tuple[str, str], ...] = ()


def watch(where: str | Path | Sequence[str | Path], folder: Path, options: WatchOptions, talk: Talk) -> Watched:
    """Read, judge, learn, certify, run the rest through the node's loop, write it all down."""
    talk.step("Reading the export")
    with talk.progress() as progress:
        table = read_files(where, options.read, progress=progress)
    for finding in table.findings:
        talk.say(finding)
    table = replace(table, period_ns=_period(table, talk))
    talk.step("Judging the data's quality")
    with talk.progress() as progress:
        quality = assess(table.tags, [_series(table, run) for run in table.runs], progress=progress)
    table, recordings = _usable(table, quality, talk)
    recipe = Recipe(_loop_name(where), table.period_ns, options.stale_ns or _stale(table), options.modes,
                    options.learner)
    silent = any(run.present is not None for run in table.runs)
    dataset = from_runs(table.tags, recordings, table.period_ns, empty="silent" if silent else "missing",
                        stale_ns=recipe.stale, query={"source": str(where)})
    normal = normal_rows(dataset, options.normal)
    _tell_normal(dataset, normal, options, talk)
    talk.step("Learning what normal looks like; every learner is tried on faults injected into held-out normal rows")
    with talk.progress() as progress:
        monitor = flow.learn(dataset, normal, recipe, progress)
    talk.say(f"{monitor.why}.")
    talk.step("Certifying the graph on this machine, packing and signing")
    key = folder / "keys" / "watch.key"
    public = flow.signing_key(key)
    with talk.progress() as progress:
        sealed = flow.seal(monitor, dataset, normal, recipe, _fresh(folder, recipe), key, progress=progress)
    certificate = sealed.certificate
    talk.good(f"parity {certificate.parity:.2g}, {certificate.flips} verdicts flipped, step p50 "
              f"{format_duration(certificate.latency_ns[0])}, p99 {format_duration(certificate.latency_ns[1])}")
    talk.step("Running the file through the node's loop")
    loaded = edge.load(sealed.packed.path, edge.Place(folder, (public,)))
    with talk.progress() as progress:
        decisions = backtest(loaded, recordings, progress, silent=silent)
    found = Watched(folder, table, quality, dataset, normal, sealed, loaded.digest, decisions,
                    _beyond(episodes(decisions), dataset, normal), options)
    return _written(found, where, talk)


def normal_rows(dataset: Dataset, normal: str) -> Rows:
    """The rows that ``normal`` names, less those that the data itself calls abnormal."""
    share = re.fullmatch(r"([0-9.]+)\s*%", normal)
    count = re.fullmatch(r"([0-9]+)\s*(?:rows)?", normal)
    if share and 0 < float(share[1]) <= 100:
        rows = flow.first_share(dataset, float(share[1]) / 100)
    elif count:
        rows = _first_rows(dataset, int(count[1]))
    elif "/" in normal:
        start, end = (_moment(part) for part in normal.split("/", 1))
        rows = (dataset.times >= start) & (dataset.times <= end)
    else:
        raise UsageError(f"{normal!r} is not a normal stretch", where="--normal",
                         do="write '40%', '400 rows' or '2024-03-01 06:00/2024-03-02 18:00'")
    if not rows.any():
        raise UsageError("no row of the file lies in the normal stretch", where=f"--normal {normal}",
                         do=f"the file goes from {_utc(dataset.times.min())} to {_utc(dataset.times.max())} (UTC)")
    return np.asarray(rows & (dataset.labels != ABNORMAL))


def _period(table: Table, talk: Talk) -> int:
    """One decision a period: that of most tags, where some are faster or slower."""
    own = [tag.period_ns or table.period_ns for tag in table.tags]
    usual = int(np.median(own))
    if usual != table.period_ns:
        talk.say(f"Decisions are made every {format_duration(usual)}, the period of most tags.")
    return usual


def _series(table: Table, run: Run) -> dict[str, Series]:
    """Each tag's own samples."""
    found = {}
    for i, tag in enumerate(table.tags):
        there = slice(None) if run.present is None else run.present[:, i]
        times = run.times if run.present is None else run.times[there]
        found[tag.path] = Series(tag.path, times, run.values[there, i], run.quality[there, i])
    return found


def _label(table: Table, run: Run) -> NDArray[np.float64] | None:
    """The first label column that says normal (0) or not (1); other labels are conditions or classes."""
    for name in table.labels:
        values = [one.labels[name] for one in table.runs if name in one.labels]
        known = np.unique(np.concatenate(values)) if values else np.empty(0)
        if 0.0 in known and np.isin(known[~np.isnan(known)], (0.0, 1.0)).all():
            return run.labels.get(name)
    return None


def _usable(table: Table, quality: QualityReport, talk: Talk) -> tuple[Table, list[Recording]]:
    """Without tags that say nothing, and cut where nothing was recorded for long."""
    unfit = {found.tag: found.unusable for found in quality.tags if found.unusable in UNFIT}
    keep = [i for i, tag in enumerate(table.tags) if tag.path not in unfit]
    if not keep:
        raise UsageError("no tag of the file can be watched: all are constant, empty or mostly missing",
                         do="give an export of live signals")
    talk.say(overall(quality))
    for reason in UNFIT:
        named = [tag for tag, why in unfit.items() if why is reason]
        if named:
            talk.warn(f"left out as {reason.value.replace('-', ' ')}: {_some(named)}")
    runs = tuple(_narrow(run, keep) for run in table.runs)
    chosen = replace(table, tags=tuple(table.tags[i] for i in keep), runs=runs)
    return chosen, [part for run in runs for part in _pieces(chosen, run)]


def _narrow(run: Run, keep: list[int]) -> Run:
    present = None if run.present is None else run.present[:, keep]
    return replace(run, values=run.values[:, keep], quality=run.quality[:, keep], present=present, texts={})


def _pieces(table: Table, run: Run) -> list[Recording]:
    """A run cut at gaps of many periods: what lies between is unknown, and a grid over it would be endless."""
    cuts = np.flatnonzero(np.diff(run.times) > GAP_PERIODS * table.period_ns) + 1
    label = _label(table, run)
    return [Recording(run.times[a:b], run.values[a:b], run.quality[a:b], None if label is None else label[a:b],
                      run.name)
            for a, b in zip([0, *cuts.tolist()], [*cuts.tolist(), len(run)], strict=True) if b > a]


def _stale(table: Table) -> int:
    """Slower tags hold their value for three of their own periods."""
    return 3 * max(tag.period_ns or table.period_ns for tag in table.tags)


def _first_rows(dataset: Dataset, count: int) -> Rows:
    rows = np.zeros(len(dataset), np.bool_)
    for number in np.unique(dataset.run):
        rows[np.flatnonzero(dataset.run == number)[:count]] = True
    return rows


def _tell_normal(dataset: Dataset, normal: Rows, options: WatchOptions, talk: Talk) -> None:
    share = f"{normal.sum():,} of {len(dataset):,} rows ({normal.mean():.0%})"
    if options.said:
        talk.say(f"Normal operation is what you named: {share}.")
    else:
        talk.warn(f"Nobody said which stretch is normal, so the first 40 % count as normal ({share}). If a fault lies "
                  "in there, it will be learnt as normal: name a good stretch with --normal.")


def _beyond(found: tuple[Episode, ...], dataset: Dataset, normal: Rows) -> tuple[Episode, ...]:
    """Alarms that reach beyond the rows that were learnt from."""
    known = set(zip(dataset.run[normal].tolist(), dataset.times[normal].tolist(), strict=True))
    return tuple(one for one in found if (one.run, one.end) not in known)


def _written(found: Watched, where: object, talk: Talk) -> Watched:
    folder = found.folder
    paths = {"decisions": folder / "decisions.parquet", "report": folder / "report.html"}
    write_decisions(paths["decisions"], found.decisions, found.sealed.manifest.loop, found.digest)
    files = (("this report", str(paths["report"])), ("every decision", str(paths["decisions"])),
             ("the signed bundle", str(found.sealed.packed.path)))
    found = replace(found, files=files)
    paths["report"].write_text(report.render(report_data(found, str(where)), lang=found.options.language), "utf-8")
    return found


def _fresh(folder: Path, recipe: Recipe) -> Path:
    """A bundle folder that holds no bundle of this name yet."""
    base = folder / "bundles"
    number = 0
    while (base / (f"{number}" if number else "") / f"{recipe.loop}-1").exists():
        number += 1
    return base / f"{number}" if number else base


def _loop_name(where: object) -> str:
    first = where if isinstance(where, str | Path) else str(next(iter(where), "watch"))  # type: ignore[call-overload]
    stem = re.sub(r"[^\w.-]+", "-", Path(str(first)).name.split(".")[0]).strip("-.")
    return stem or "watch"


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text.strip()!r} is not a time", where="--normal",
                         do="write it as 2024-03-01 06:00") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000


def _utc(time_ns: np.int64) -> str:
    return datetime.fromtimestamp(int(time_ns) / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _some(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def masked_share(dataset: Dataset) -> float:
    """Share of all values that could not be used."""
    return 1.0 - float(dataset.good.mean()) if dataset.good.size else 0.0


def report_data(found: Watched, source: str) -> report.ReportData:
    """What the report shows."""
    dataset, decisions, sealed = found.dataset, found.decisions, found.sealed
    at = {(run, tick): i for i, (run, tick) in
          enumerate(zip(decisions.run.tolist(), decisions.time.tolist(), strict=True))}
    rows = np.array([at.get(key, -1) for key in zip(dataset.run.tolist(), dataset.times.tolist(), strict=True)])
    score = np.where(rows >= 0, decisions.score[rows], np.nan)
    return report.ReportData(
        title=sealed.manifest.loop, source=source, created=time.time_ns(), tags=dataset.tags, times=dataset.times,
        values=dataset.values, good=dataset.good, score=score, run=dataset.run, period_ns=dataset.period_ns,
        relative_time=not found.table.timed, alarms=tuple(_alarm(one) for one in found.episodes),
        events=_labelled(dataset), passages=_passages(dataset, found.normal), quality=found.quality,
        findings=found.table.findings, learners=_learners(sealed), learner_why=sealed.monitor.why,
        trust=_trust(found), latency=_latency(decisions, sealed.manifest.budget.deadline_ns),
        manifest=sealed.manifest, certificate=sealed.certificate, bundle=found.digest,
        dataset=sealed.manifest.lineage.dataset, files=found.files, command=f"lineshaft watch {source}")


def _alarm(one: Episode) -> report.ReportAlarm:
    return report.ReportAlarm(one.start, one.end, one.peak, one.causes, one.confidence, one.run, one.open)


def _latency(decisions: Decisions, deadline_ns: int) -> report.Latency:
    p50, p99, p999, most = np.percentile(decisions.latency_ns, (50, 99, 99.9, 100)).astype(int).tolist()
    return report.Latency(len(decisions), p50, p99, p999, most, int(decisions.missed.sum()), deadline_ns)


def _labelled(dataset: Dataset) -> tuple[report.Event, ...]:
    """Stretches that the file itself calls abnormal."""
    abnormal = (dataset.labels == ABNORMAL).astype(np.int8)
    edges = np.flatnonzero((np.diff(abnormal, prepend=0) != 0) | (np.diff(dataset.run, prepend=dataset.run[:1]) != 0))
    cuts = [*edges.tolist(), len(dataset)]
    return tuple(report.Event(int(dataset.times[a]), int(dataset.times[b - 1]), "labelled abnormal", None,
                              int(dataset.run[a])) for a, b in pairwise(cuts) if abnormal[a])


def _passages(dataset: Dataset, normal: Rows) -> tuple[report.Passage, ...]:
    found = []
    for number in np.unique(dataset.run):
        mine = dataset.run == number
        for use, rows in (("fit", mine & normal), ("watch", mine & ~normal)):
            if rows.any():
                found.append(report.Passage(int(dataset.times[rows].min()), int(dataset.times[rows].max()), use,
                                            int(number)))
    return tuple(found)


def _learners(sealed: flow.Sealed) -> tuple[report.LearnerRow, ...]:
    return tuple(report.LearnerRow(
        trial.learner, {} if trial.reason else {"fault_ticks_found_rate": trial.power,
                                                "false_alarm_rate": trial.false_alarms},
        trial.learner == sealed.manifest.lineage.learner, trial.reason) for trial in sealed.monitor.trials)


def _trust(found: Watched) -> report.Trust:
    figures = found.sealed.monitor.figures
    return report.Trust(
        expected_rate=found.sealed.monitor.settings.false_alarm_rate, observed_rate=figures["held_out_false_alarms"],
        fit_rows=int(figures["fit_rows"]), calibration_rows=int(figures["held_out_rows"]),
        masked_share=masked_share(found.dataset), normal_was_assumed=not found.options.said,
        method="Student quantile of the log of the smoothed statistic on held-out rows")
