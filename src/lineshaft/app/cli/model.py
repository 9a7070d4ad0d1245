"""``lineshaft model``: learn from the project's history."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import format_duration, format_time, parse_duration, parse_time
from lineshaft.core.errors import UsageError

TRAIN = """  lineshaft model train
  lineshaft model train --start '2024-03-01 06:00' --end '2024-03-02 18:00' --by anna"""

REHEARSE = """  lineshaft model rehearse --last 8h
  lineshaft model rehearse --bundle bundles/cell-2 --start '2024-03-01 06:00' --end '2024-03-01 14:00' -o json"""


def train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")
    parser.add_argument("--start", help="of a stretch of normal operation to learn from as well (UTC unless said)")
    parser.add_argument("--end", help="of that stretch")
    parser.add_argument("--by", default="", help="who says that it is normal")
    talk_arguments(parser)


def talk_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="only the result")
    parser.add_argument("--progress-json", action="store_true",
                        help='for programs: nothing on stderr but lines such as {"done": 3, "total": 9, "what": "..."}')


def train(chosen: argparse.Namespace) -> int:
    """A new bundle version; nothing that runs is touched."""
    from lineshaft.app import training
    from lineshaft.app.project import Project
    from lineshaft.app.talk import Talk

    project, talk = Project.open(chosen.project), Talk(quiet=chosen.quiet, machine=chosen.progress_json)
    if (chosen.start is None) != (chosen.end is None):
        raise UsageError("one end of the stretch is missing", where="--start --end", do="give both or neither")
    with project.historian() as historian:
        if chosen.start is not None:
            training.declare_normal(
                project, historian, parse_time(chosen.start, where="--start"), parse_time(chosen.end, where="--end"),
                chosen.by, f"named at training, {time.strftime('%Y-%m-%d', time.gmtime())}")
        training.stored_tags(project, historian)  # a mistake in the file is told before the work begins
        talk.step("Learning from history; every learner is tried on faults injected into held-out normal rows")
        with talk.progress() as progress:
            sealed = training.train(project, historian, progress)
    emit(chosen, training.described(sealed), training.sentences(sealed))
    if sealed.manifest.version > 1:
        talk.say(f"Let it run beside: lineshaft node shadow {sealed.packed.path}")
    return 0


def drift_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")
    parser.add_argument("--version", type=int, help="of the bundle; the one that decides unless said")
    parser.add_argument("--over", default="1h", help="how much of the newest history to compare (1h unless said)")
    talk_arguments(parser)


def drift(chosen: argparse.Namespace) -> int:
    """Each tag's newest values against those that the bundle learnt from."""
    from lineshaft.app import drifting
    from lineshaft.app.project import Project
    from lineshaft.app.talk import Talk

    project, talk = Project.open(chosen.project), Talk(quiet=chosen.quiet, machine=chosen.progress_json)
    deciding = project.decides()
    if deciding is None:
        raise UsageError("there is no bundle yet", where=str(chosen.project), do="train one with `lineshaft run`")
    version = next(number for number, path in project.bundles().items() if path == deciding)
    with project.historian() as historian, talk.progress() as progress:
        found = drifting.measure(project, historian, chosen.version or version,
                                 parse_duration(chosen.over, where="--over"), progress)
    worst = sorted(found.tags, key=lambda pair: -pair[1].psi)
    began = {one.tag: f"{format_time(one.begin)} ({one.change}, {one.source})" for one in found.began}
    rows = [["tag", "state", "PSI", "by chance", "KS", "by chance", "shift", "began"],
            *([tag, one.state, f"{one.psi:.2f}", f"{one.psi_chance:.2f}", f"{one.ks:.2f}", f"{one.ks_chance:.2f}",
               f"{one.shift:+.1f} sigma", began.get(tag, "")] for tag, one in worst)]
    emit(chosen, drifting.described(found), [*columns(rows), drifting.judged(found.concept)])
    return 0


def rehearse_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")
    parser.add_argument("--bundle", type=Path, help="the newest of the project unless said")
    parser.add_argument("--last", default="8h", help="so far back from now")
    parser.add_argument("--start", help="instead of --last (UTC unless said)")
    parser.add_argument("--end", help="now unless said")
    talk_arguments(parser)


def rehearse(chosen: argparse.Namespace) -> int:
    """What a bundle would have said of recorded history; nothing that runs is touched."""
    from lineshaft.app.project import Project
    from lineshaft.app.rehearse import described
    from lineshaft.app.rehearse import rehearse as rehearsed
    from lineshaft.app.talk import Talk
    from lineshaft.app.values import told

    project, talk = Project.open(chosen.project), Talk(quiet=chosen.quiet, machine=chosen.progress_json)
    bundle = chosen.bundle or next(reversed(project.bundles().values()), None)
    if bundle is None:
        raise UsageError("there is no bundle yet", where=str(project.folder),
                         do="make one with `lineshaft model train`")
    end = parse_time(chosen.end, where="--end") if chosen.end else time.time_ns()
    start = (parse_time(chosen.start, where="--start") if chosen.start
             else end - parse_duration(chosen.last, where="--last"))
    with project.historian() as historian, talk.progress() as progress:
        found = rehearsed(project, historian, bundle, start, end, progress)
    many = f"{len(found.episodes)} alarm{'s' if len(found.episodes) != 1 else ''}"
    rows = [[format_time(one.start), format_duration(one.end - one.start), f"{one.peak:.2f}",
             ", ".join(f"{cause.tag} {cause.share:.0%}" for cause in one.causes[:3])] for one in found.episodes]
    emit(chosen, described(found), [f"{bundle}: {many} in {len(found.decisions):,} ticks", *told(found.values),
                                    *(columns([["since", "for", "score", "tags"], *rows]) if rows else [])])
    return 0


COMMAND = Command("model", "learn from the project's history", verbs=(
    Command("train", "a new bundle version from history and people's verdicts", TRAIN, train_arguments, train),
    Command("drift", "whether the plant still runs as it did in training", "  lineshaft model drift --over 24h",
            drift_arguments, drift),
    Command("rehearse", "what a bundle would have said of recorded history", REHEARSE, rehearse_arguments, rehearse)))
