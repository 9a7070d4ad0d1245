"""``lineshaft model``: learn from the project's history."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import SECOND, format_duration, format_time, parse_duration, parse_time
from lineshaft.core.errors import UsageError

if TYPE_CHECKING:
    from lineshaft.app.searching import Wanted

TRAIN = """  lineshaft model train
  lineshaft model train --start '2024-03-01 06:00' --end '2024-03-02 18:00' --by anna
  lineshaft model train --time 30m --fresh --ray local --track http://127.0.0.1:5000"""

REHEARSE = """  lineshaft model rehearse --last 8h
  lineshaft model rehearse --bundle bundles/cell-2 --start '2024-03-01 06:00' --end '2024-03-01 14:00' -o json"""


def train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")
    parser.add_argument("--start", help="of a stretch of normal operation to learn from as well (UTC unless said)")
    parser.add_argument("--end", help="of that stretch")
    parser.add_argument("--by", default="", help="who says that it is normal")
    search_arguments(parser)
    talk_arguments(parser)


def search_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the search for the best model (a monitor tries each of its learners once)")
    group.add_argument("--time", default="10m", help="the most it may take (10m unless said)")
    group.add_argument("--trials", type=int, default=0, metavar="N", help="at most so many candidates (all if 0)")
    again = group.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on where a search of equal data, settings and code "
                       "was cut off (so it is unless said)")
    again.add_argument("--fresh", action="store_true", help="begin it anew")
    group.add_argument("--workers", type=int, default=1, metavar="N", help="processes of this machine (1 unless said)")
    group.add_argument("--ray", default="", metavar="ADDRESS",
                       help="spread it over a Ray cluster; local starts one of two processes")
    group.add_argument("--track", default="", metavar="URL",
                       help="MLflow's server, a folder, or off (else what lineshaft.toml says)")


def talk_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="only the result")
    parser.add_argument("--progress-json", action="store_true",
                        help='for programs: nothing on stderr but lines such as {"done": 3, "total": 9, "what": "..."}')


def train(chosen: argparse.Namespace) -> int:
    """A new bundle version; nothing that runs is touched."""
    from lineshaft.app import tracked, training
    from lineshaft.app.leaderboard import described, lines, save
    from lineshaft.app.project import Project
    from lineshaft.app.searching import Searching
    from lineshaft.app.talk import Talk

    project, talk = Project.open(chosen.project), Talk(quiet=chosen.quiet, machine=chosen.progress_json)
    searching = Searching(project.folder, project.loop, _wanted(chosen))
    if (chosen.start is None) != (chosen.end is None):
        raise UsageError("one end of the stretch is missing", where="--start --end", do="give both or neither")
    with searching.alone(), project.historian() as historian:
        if chosen.start is not None:
            training.declare_normal(
                project, historian, parse_time(chosen.start, where="--start"), parse_time(chosen.end, where="--end"),
                chosen.by, f"named at training, {time.strftime('%Y-%m-%d', time.gmtime())}")
        training.stored_tags(project, historian)  # a mistake in the file is told before the work begins
        talk.step(training.plan(project))
        sealed = training.searched(project, historian, searching, talk)
    save(searching.board, searching.folder, {"bundle": str(sealed.packed.path), "loop": project.loop})
    tracked.track(project, sealed, searching.board, chosen.track or project.config.tracking, talk)
    emit(chosen, training.described(sealed) | {"leaderboard": described(searching.board)},
         [*training.sentences(sealed), *lines(searching.board)])
    if sealed.manifest.version > 1:
        talk.say(f"Let it run beside: lineshaft node shadow {sealed.packed.path}")
    return 0


def _wanted(chosen: argparse.Namespace) -> Wanted:
    from lineshaft.app.searching import Wanted

    if chosen.trials < 0 or chosen.workers < 1:
        raise UsageError("a number of candidates or processes is below the least", where="--trials --workers",
                         do="write --trials 0 for all, --workers 1 for one process")
    return Wanted(parse_duration(chosen.time, where="--time") / SECOND, chosen.trials, chosen.fresh, chosen.workers,
                  chosen.ray)


def leaderboard_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")


def leaderboard(chosen: argparse.Namespace) -> int:
    """The table of the last training."""
    from lineshaft.app.leaderboard import described, lines, saved
    from lineshaft.app.project import Project
    from lineshaft.app.searching import FOLDER

    project = Project.open(chosen.project)
    board, about = saved(project.folder / FOLDER / project.loop)
    emit(chosen, described(board) | {"about": about}, [f"{about.get('bundle', '')}", *lines(board)])
    return 0


def drift_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")
    parser.add_argument("--version", type=int, help="of the bundle; the one that decides unless said")
    parser.add_argument("--over", default="1h", help="how much of the newest history to compare (1h unless said)")
    talk_arguments(parser)


def drift(chosen: argparse.Namespace) -> int:
    """Each tag's newest values against those that the bundle learnt from."""
    from lineshaft.app import drifting
    from lineshaft.app.drift_truth import told
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
    emit(chosen, drifting.described(found), [*columns(rows), drifting.judged(found.concept), *told(found.truth)])
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
    Command("leaderboard", "what the last training tried, and how it did", "  lineshaft model leaderboard",
            leaderboard_arguments, leaderboard),
    Command("drift", "whether the plant still runs as it did in training", "  lineshaft model drift --over 24h",
            drift_arguments, drift),
    Command("rehearse", "what a bundle would have said of recorded history", REHEARSE, rehearse_arguments, rehearse)))
