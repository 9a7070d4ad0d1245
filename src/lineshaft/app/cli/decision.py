"""``lineshaft decision``: what the loop said, out of history."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import format_time, parse_duration, parse_time

LIST = """  lineshaft decision list --last 1h
  lineshaft decision list --start '2024-03-01 06:00' --end '2024-03-01 07:00' --alarms -o json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")
    parser.add_argument("--last", default="10min", help="so far back from now")
    parser.add_argument("--start", help="instead of --last (UTC unless said)")
    parser.add_argument("--end", help="now unless said")
    parser.add_argument("--alarms", action="store_true", help="only those that alarm")


def show(chosen: argparse.Namespace) -> int:
    """One line a decision, oldest first."""
    from lineshaft.app.project import Project
    from lineshaft.feedback.decisions import decisions

    project = Project.open(chosen.project)
    end = parse_time(chosen.end, where="--end") if chosen.end else time.time_ns() + 1
    start = (parse_time(chosen.start, where="--start") if chosen.start
             else end - parse_duration(chosen.last, where="--last"))
    with project.historian() as historian:
        found = decisions(historian, project.loop, project.config.plant.name, start, end)
    found = [one for one in found if one.alarm or not chosen.alarms]
    rows = [[format_time(one.time), f"{one.score:.3f}", "ALARM" if one.alarm else "", one.source.value,
             ", ".join(f"{cause.tag} {cause.share:.0%}" for cause in one.causes[:3])] for one in found]
    emit(chosen, [asdict(one) for one in found], columns([["time", "score", "alarm", "from", "tags"], *rows]))
    return 0


COMMAND = Command("decision", "what the loop said", verbs=(
    Command("list", "decisions out of history, oldest first", LIST, arguments, show),))
