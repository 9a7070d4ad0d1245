"""``lineshaft watch``: from an export to decisions, a report and a signed bundle, in one go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lineshaft.app import edge, flow
from lineshaft.app.backtest import Decisions, Episode, backtest, episodes
from lineshaft.app.normal import ASSUMED, Rows, normal_rows
from lineshaft.app.outfolder import out_folder
from lineshaft.app.parquet import write_decisions
from lineshaft.app.recipe import Recipe, monitor_settings
from lineshaft.app.recorded import Recorded, prepare
from lineshaft.app.talk import Talk
from lineshaft.app.verdict import Agreement, agreement
from lineshaft.app.watch_report import write_report
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.reader import read_files
from lineshaft.core.clock import format_duration
from lineshaft.core.manifest import Certificate
from lineshaft.model.finding import AUTO
from lineshaft.model.train import Monitor

Where = str | Path | Sequence[str | Path]
KEY = Path("keys/watch.key")
DECISIONS, REPORT = "decisions.parquet", "report.html"


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """``normal`` is "40%", a number of rows of every run, or two times with a slash between (UTC); None: not said.

    ``modes`` are the tags that say the operating mode (None: found in the data), ``stale_ns`` the age at which a
    value is masked (None: three of its periods). ``mode_learner`` finds modes that no tag says (``model.finding``);
    ``false_alarm_rate`` is the stated chance that one normal tick is over the limit (None: the default).
    """

    normal: str | None = None
    learner: str = "auto"
    modes: tuple[str, ...] | None = None
    stale_ns: int | None = None
    read: ReadOptions = field(default_factory=ReadOptions)
    language: str = "en"
    mode_learner: str = AUTO
    false_alarm_rate: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Everything that came out; ``folder`` holds it, ``files`` are (what, where)."""

    folder: Path
    plant: Recorded
    normal: Rows
    sealed: flow.Sealed[Monitor]
    decisions: Decisions
    episodes: tuple[Episode, ...]
    agreement: Agreement | None
    files: tuple[tuple[str, str], ...]


def watch(where: Where, wanted: Path, options: WatchOptions, talk: Talk) -> Watched:
    """Read, judge, learn, certify, run all of it through the node's loop, write it down in a folder of its own."""
    name = loop_name(where)
    with out_folder(wanted, name) as out:
        plant = read(where, name, options, talk)
        normal = normal_rows(plant, options.normal or ASSUMED)
        tell_normal(plant, normal, options.normal, talk)
        sealed = _sealed(plant, normal, options, out.work, talk)
        talk.step("Running the whole file through the node's loop")
        with talk.progress() as progress:
            loaded = edge.load(sealed.packed.path, edge.Place(out.work, ((out.work / KEY).with_suffix(".pub"),)))
            decisions = backtest(loaded, plant.recordings, progress)
        found = episodes(decisions, ~normal)
        agreed = agreement(plant, decisions, ~normal)
        bundle = str(sealed.packed.path.relative_to(out.work))
        files = (("this report", REPORT), ("every decision", DECISIONS), ("the signed bundle", bundle),
                 ("the key that it is verified with", str(KEY.with_suffix(".pub"))))
        write_decisions(out.work / DECISIONS, decisions, name, sealed.packed.digest)
        watched = Watched(out.work, plant, normal, sealed, decisions, found, agreed, files)
        write_report(out.work / REPORT, watched, said=options.normal, source=str(where), language=options.language)
    return Watched(out.final, plant, normal, sealed, decisions, found, agreed,
                   tuple((what, str(out.final / path)) for what, path in files))


def read(where: Where, name: str, options: WatchOptions, talk: Talk) -> Recorded:
    """The export, with every decision on how to read it told."""
    talk.step("Reading the export")
    with talk.progress() as progress:
        table = read_files(where, options.read, progress=progress)
    for finding in table.findings:
        talk.say(finding)
    talk.step("Judging the data's quality")
    return prepare(name, table, talk, stale_ns=options.stale_ns, source=str(where))


def tell_normal(plant: Recorded, normal: Rows, said: str | None, talk: Talk) -> None:
    """Which rows count as normal, and on whose word."""
    total = len(plant.dataset)
    share = f"{int(normal.sum()):,} of {total:,} rows ({normal.mean():.0%})"
    if plant.label:
        share += f"; rows that column {plant.label!r} calls abnormal are left out"
    if said is not None:
        talk.say(f"Normal operation is what you named: {share}.")
        return
    runs = " of every run" if len(plant.table.runs) > 1 else ""
    talk.warn(f"Nobody said which stretch is normal, so the first 40 %{runs} counts as normal: {share}. A fault in "
              "there would be learnt as normal: name a good stretch with --normal.")


def tell_certificate(certificate: Certificate, talk: Talk) -> None:
    """What the certificate promises."""
    p50, p99 = (format_duration(certificate.latency_ns[i]) for i in range(2))
    talk.good(f"certified: largest difference to the reference {certificate.parity:.2g}, {certificate.flips} alarms "
              f"differ, one step takes {p50} (p99 {p99})")


def _sealed(plant: Recorded, normal: Rows, options: WatchOptions, folder: Path, talk: Talk) -> flow.Sealed[Monitor]:
    recipe = Recipe(plant.name, plant.dataset.period_ns, plant.stale_ns, options.modes, options.learner,
                    settings=monitor_settings(options.false_alarm_rate), mode_learner=options.mode_learner)
    talk.step("Learning what normal looks like; every learner is tried on faults put into held-out normal rows")
    with talk.progress() as progress:
        measured = flow.measuring(plant.dataset, normal, recipe)
        monitor = flow.learn(plant.dataset, normal, recipe, progress, measure=measured)
    talk.say(f"{monitor.why}.")
    talk.step("Certifying the graph on this machine, packing and signing")
    flow.signing_key(folder / KEY)
    with talk.progress() as progress:
        sealed = flow.seal(monitor, plant.dataset, normal, recipe, folder / "bundles", folder / KEY, progress=progress,
                           measured=measured)
    tell_certificate(sealed.certificate, talk)
    return sealed


def loop_name(where: Where) -> str:
    """What to call the loop: the first file or folder without endings, with its folder where that says too little.

    >>> loop_name("exports/plant 7.csv.gz"), loop_name("skab/valve1/0.csv"), loop_name("2024-*.parquet"), loop_name(".")
    ('plant-7', 'valve1-0', '2024', 'watch')
    """
    first = Path(str(where) if isinstance(where, str | Path) else str(where[0]))
    stem = first.name.split(".")[0]
    whole = stem if len(stem) > 2 else f"{first.parent.name}-{stem}"
    return re.sub(r"[^\w-]+", "-", whole).strip("-_") or "watch"
