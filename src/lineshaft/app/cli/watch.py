"""``lineshaft watch``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import format_duration, format_time, parse_duration
from lineshaft.core.errors import UsageError

if TYPE_CHECKING:
    from lineshaft.app.backtest import Episode
    from lineshaft.app.watch import Watched

MOST = 20
EXAMPLE = """  lineshaft watch plant.csv
  lineshaft watch 'exports/2024-*.parquet' --normal '2024-03-01 00:00/2024-03-08 00:00'
  lineshaft watch skab/valve1/0.csv --normal '400 rows' --out results --lang zh"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options; whatever is not said is worked out and told."""
    parser.add_argument("files", nargs="+", help="CSV or Parquet: files, a folder, or a pattern in quotes")
    parser.add_argument("--normal", help="which stretch is normal: '40%%' (of every run), '400 rows', or "
                        "'2024-03-01 06:00/2024-03-02 18:00' in UTC; the first 40 %% unless said")
    parser.add_argument("--out", type=Path, default=Path("lineshaft-out"), help="folder for what comes out")
    parser.add_argument("--learner", default="auto", help="auto, or the name of one learner")
    parser.add_argument("--mode", action="append", default=None, metavar="TAG",
                        help="a tag that says the operating mode; found in the data unless said; '' for none")
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
    try:
        from lineshaft.app.talk import Talk
        from lineshaft.app.watch import WatchOptions, watch
        from lineshaft.connect.files.options import ReadOptions
    except ModuleNotFoundError as error:
        raise missing(error) from None

    read = ReadOptions(
        time=chosen.time, timezone=chosen.timezone, day_first=chosen.day_first, encoding=chosen.encoding,
        delimiter=chosen.delimiter, tags=tuple(chosen.tag), labels=tuple(chosen.label), transpose=chosen.transpose,
        period_ns=parse_duration(chosen.period, where="--period") if chosen.period else None)
    modes = None if chosen.mode is None else tuple(tag for tag in chosen.mode if tag)
    options = WatchOptions(
        chosen.normal or "40%", chosen.normal is not None, chosen.learner, modes,
        parse_duration(chosen.stale, where="--stale") if chosen.stale else None, read, chosen.lang)
    found = watch(chosen.files[0] if len(chosen.files) == 1 else chosen.files, chosen.out, options,
                  Talk(quiet=chosen.quiet))
    alarms = [asdict(one) for one in found.episodes]
    result = {"rows": len(found.dataset), "tags": [tag.path for tag in found.dataset.tags],
              "learner": found.sealed.manifest.lineage.learner, "why": found.sealed.monitor.why, "alarms": alarms,
              "bundle": found.digest, "files": dict(found.files),
              "findings": list(found.table.findings)}
    emit(chosen, result, _lines(found))
    return 0


def missing(error: ModuleNotFoundError) -> UsageError:
    """A library that the edge install leaves out."""
    return UsageError(f"this command needs the Python package {error.name!r}",
                      do="install everything with: pip install 'lineshaft[all]'")


def _lines(found: Watched) -> list[str]:
    rows = [["from", "for", "peak", "named tags"], *(_row(found, one) for one in found.episodes[:MOST])]
    count = len(found.episodes)
    head = f"{count} alarm{'s' if count > 1 else ''}" if count else "No alarm."
    more = [f"... and {count - MOST} more in the report"] if count > MOST else []
    return [head, *(columns(rows) if count else []), *more, "",
            *(f"{name + ':':20}{path}" for name, path in found.files)]


def _row(found: Watched, one: Episode) -> list[str]:
    """One alarm; counts of rows where the file had no times."""
    period, runs = found.table.period_ns, found.table.runs
    length = one.end - one.start + period
    start, lasted = ((format_time(one.start), format_duration(length)) if found.table.timed
                     else (f"row {one.start // period:,}", f"{length // period:,} rows"))
    run = f" ({runs[one.run].name})" if len(runs) > 1 and one.run < len(runs) else ""
    causes = ", ".join(f"{cause.tag} {cause.share:.0%}" for cause in one.causes[:3])
    return [start + run, lasted, f"{one.peak:.1f}", causes]


COMMAND = Command("watch", "watch an export: CSV or Parquet to decisions, a report and a signed bundle", EXAMPLE,
                  arguments, do)
