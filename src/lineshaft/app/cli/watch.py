"""``lineshaft watch``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import parse_duration

if TYPE_CHECKING:
    from lineshaft.app.backtest import Episode
    from lineshaft.app.watch import Watched

MOST = 20
EXAMPLE = """  lineshaft watch plant.csv
  lineshaft watch 'exports/2024-*.parquet' --normal '2024-03-01 00:00/2024-03-08 00:00'
  lineshaft watch skab/valve1/3.csv --normal '400 rows' --out results --lang zh"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options; whatever is not said is worked out and told."""
    parser.add_argument("files", nargs="+", help="CSV or Parquet: files, a folder, or a pattern in quotes")
    parser.add_argument("--normal", help="which stretch is normal: '40%%' (of every run), '400 rows', or "
                        "'2024-03-01 06:00/2024-03-02 18:00' in UTC; the first 40 %% unless said")
    parser.add_argument("--out", type=Path, default=Path("lineshaft-out"),
                        help="folder for what comes out; where it holds something, a new one inside it")
    parser.add_argument("--learner", default="auto", help="auto, or the name of one learner")
    parser.add_argument("--mode", action="append", default=None, metavar="TAG",
                        help="a tag that says the operating mode; found in the data unless said; '' for none")
    parser.add_argument("--mode-learner", default="auto", metavar="NAME",
                        help="what finds operating modes that no tag says: auto, one (there are none), or a learner of "
                        "`segment` by name")
    parser.add_argument("--false-alarm-rate", type=float, metavar="SHARE",
                        help="the stated chance that one normal tick is over the limit (2e-5 unless said)")
    parser.add_argument("--tag", action="append", default=[], help="watch only this column; may be repeated")
    parser.add_argument("--label", action="append", default=[], help="this column is a label, not a signal")
    parser.add_argument("--time", help="the time column's name")
    parser.add_argument("--timezone", default="", help="of times that carry none, such as Europe/Berlin (else UTC)")
    parser.add_argument("--day-first", action=argparse.BooleanOptionalAction, default=None, help="how 03/04/2024 reads")
    parser.add_argument("--period", help="the step of rows without a time column, such as '1h'")
    parser.add_argument("--stale", help="mask a value older than this; three periods unless said")
    parser.add_argument("--encoding", default="", help="of the text; found unless said")
    parser.add_argument("--delimiter", default="", help="between cells; found unless said")
    parser.add_argument("--transpose", action=argparse.BooleanOptionalAction, default=None, help="rows are tags")
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="of the report")
    parser.add_argument("--quiet", action="store_true", help="only the result")


def do(chosen: argparse.Namespace) -> int:
    """Watch, then say what was found and where it lies."""
    from lineshaft.app.talk import Talk
    from lineshaft.app.watch import WatchOptions, watch
    from lineshaft.connect.files.options import ReadOptions

    read = ReadOptions(
        time=chosen.time, timezone=chosen.timezone, day_first=chosen.day_first, encoding=chosen.encoding,
        delimiter=chosen.delimiter, tags=tuple(chosen.tag), labels=tuple(chosen.label), transpose=chosen.transpose,
        period_ns=parse_duration(chosen.period, where="--period") if chosen.period else None)
    options = WatchOptions(
        chosen.normal, chosen.learner, None if chosen.mode is None else tuple(tag for tag in chosen.mode if tag),
        parse_duration(chosen.stale, where="--stale") if chosen.stale else None, read, chosen.lang,
        chosen.mode_learner, chosen.false_alarm_rate)
    found = watch(chosen.files[0] if len(chosen.files) == 1 else chosen.files, chosen.out, options,
                  Talk(quiet=chosen.quiet))
    emit(chosen, _result(found, chosen.normal), _lines(found))
    return 0


def _result(found: Watched, said: str | None) -> dict[str, object]:
    """Everything for a program."""
    from lineshaft.app.verdict import headline, place

    plant, certificate = found.plant, found.sealed.certificate
    return {
        "headline": headline(plant, found.episodes, ~found.normal), "rows": len(plant.dataset),
        "watched_rows": int((~found.normal).sum()), "period_ns": plant.dataset.period_ns,
        "tags": [tag.path for tag in plant.tags],
        "left_out": {tag.tag: tag.unusable.value for tag in plant.quality.tags
                     if tag.tag not in {kept.path for kept in plant.tags}},
        "normal": {"stretch": said or "40%", "said": said is not None, "rows": int(found.normal.sum())},
        "learner": found.sealed.manifest.lineage.learner, "why": found.sealed.learnt.why,
        "alarms": [asdict(one) | {"where": place(plant, one.run, one.start)} for one in found.episodes],
        "labels": asdict(found.agreement) | {"column": plant.label} if found.agreement is not None else None,
        "certificate": asdict(certificate), "bundle": found.sealed.packed.digest, "files": dict(found.files),
        "findings": list(plant.findings)}


def _lines(found: Watched) -> list[str]:
    """Everything for a person."""
    from lineshaft.app.verdict import compared, headline

    rows = [["from", "for", "peak", "named tags"], *(_row(found, one) for one in found.episodes[:MOST])]
    more = [f"... and {len(found.episodes) - MOST:,} more in the report"] if len(found.episodes) > MOST else []
    against = ["", compared(found.agreement, found.plant.label)] if found.agreement is not None else []
    return [headline(found.plant, found.episodes, ~found.normal),
            *(["", *columns(rows)] if found.episodes else []), *more, *against, "",
            *columns([[f"{name}:", path] for name, path in found.files])]


def _row(found: Watched, one: Episode) -> list[str]:
    from lineshaft.app.verdict import lasted, named, place

    standing = ", still standing" if one.open else ""
    return [place(found.plant, one.run, one.start), lasted(found.plant, one.ticks) + standing, f"{one.peak:.1f}",
            named(one)]


COMMAND = Command("watch", "watch an export: CSV or Parquet to decisions, a report and a signed bundle", EXAMPLE,
                  arguments, do)
