"""``lineshaft decision``: what the loop said, out of history."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.app.cli.model import talk_arguments
from lineshaft.core.clock import format_time, parse_duration, parse_time

LIST = """  lineshaft decision list --last 1h
  lineshaft decision list --start '2024-03-01 06:00' --end '2024-03-01 07:00' --alarms -o json"""

EXPLAIN = """  lineshaft decision explain
  lineshaft decision explain '2024-03-01 06:12:30' --past 7d --cases 3 -o json"""

WHAT_IF = """  lineshaft decision what-if --set 'cell/flow=masked'
  lineshaft decision what-if '2024-03-01 06:00/2024-03-01 06:30' --set 'cell/flow+=0.5' --set 'cell/speed*=1.1'"""


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


def moment_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("when", nargs="?", default="last alarm",
                        help="'last alarm' (unless said), a time, or two times with a slash between (UTC)")
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")
    parser.add_argument("--bundle", type=Path, help="the one that decides unless said")


def explain_arguments(parser: argparse.ArgumentParser) -> None:
    moment_arguments(parser)
    parser.add_argument("--output-of", default="score", metavar="NAME", help="of the outputs (score unless said)")
    parser.add_argument("--place", type=int, help="of an output with several values, from 0; the largest unless said")
    parser.add_argument("--past", default="24h", help="how far back to look for like cases (24h unless said)")
    parser.add_argument("--cases", type=int, default=5, help="how many like cases (5 unless said)")
    parser.add_argument("--coalitions", type=int, default=1024,
                        help="how many sets of tags to ask about; more is more exact (1024 unless said)")
    talk_arguments(parser)


def explain(chosen: argparse.Namespace) -> int:
    """What each tag adds to a decision, and when it was alike before."""
    from lineshaft.app import explaining
    from lineshaft.app.project import Project
    from lineshaft.app.talk import Talk

    project, talk = Project.open(chosen.project), Talk(quiet=chosen.quiet, machine=chosen.progress_json)
    with project.historian() as historian, talk.progress() as progress:
        found = explaining.explained(
            project, historian, chosen.when, bundle=chosen.bundle, output=chosen.output_of, place=chosen.place,
            past_ns=parse_duration(chosen.past, where="--past"), cases=chosen.cases, budget=chosen.coalitions,
            progress=progress)
    parts = [[part.tag, f"{part.value:+.3g}", "masked" if part.read is None else f"{part.read:.5g}"]
             for part in found.parts]
    cases = [[format_time(one.time), f"{one.distance:.2f}", f"{one.closer:.1%}", f"{one.score:.2f}",
              "ALARM" if one.alarm else "", one.verdict] for one in found.cases]
    emit(chosen, asdict(found), [
        explaining.sentence(found), *columns([["tag", "adds", "read"], *parts]),
        *(["Most like it before:", *columns([["time", "distance", "closer than", "score", "alarm", "people said"],
                                             *cases])] if cases else [])])
    return 0


def what_if_arguments(parser: argparse.ArgumentParser) -> None:
    moment_arguments(parser)
    parser.add_argument("--set", action="append", required=True, dest="changes", metavar="CHANGE",
                        help="TAG=5, TAG+=0.5, TAG*=1.1 or TAG=masked over the stretch; as often as you like")


def what_if(chosen: argparse.Namespace) -> int:
    """What the loop would have said had tags read otherwise; nothing that runs is touched."""
    from lineshaft.app import explaining
    from lineshaft.app.project import Project
    from lineshaft.model.explain.whatif import Change

    project = Project.open(chosen.project)
    changes = [Change.parse(text) for text in chosen.changes]
    with project.historian() as historian:
        found = explaining.described(explaining.asked(project, historian, chosen.when, changes, bundle=chosen.bundle))
    rows = [[name, f"{side['peak']:.3f}", f"{side['alarm_ticks']:,} of {found['ticks']:,}",
             format_time(side["first_alarm"]) if side["first_alarm"] else "none"]
            for name, side in (("as it was", found["was"]), ("with the change", found["would"]))]
    emit(chosen, found, columns([["", "highest score", "ticks in alarm", "first alarm"], *rows]))
    return 0


COMMAND = Command("decision", "what the loop said, and why", verbs=(
    Command("list", "decisions out of history, oldest first", LIST, arguments, show),
    Command("explain", "what each tag adds to a decision, and when it was alike", EXPLAIN, explain_arguments, explain),
    Command("what-if", "what the loop would have said had tags read otherwise", WHAT_IF, what_if_arguments, what_if)))
