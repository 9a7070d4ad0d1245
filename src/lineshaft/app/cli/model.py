"""``lineshaft model``: learn from the project's history."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from lineshaft.app.cli.command import Command, emit
from lineshaft.core.clock import parse_time
from lineshaft.core.errors import UsageError

TRAIN = """  lineshaft model train
  lineshaft model train --start '2024-03-01 06:00' --end '2024-03-02 18:00' --by anna"""


def train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")
    parser.add_argument("--start", help="of a stretch of normal operation to learn from as well (UTC unless said)")
    parser.add_argument("--end", help="of that stretch")
    parser.add_argument("--by", default="", help="who says that it is normal")
    parser.add_argument("--quiet", action="store_true", help="only the result")


def train(chosen: argparse.Namespace) -> int:
    """A new bundle version; nothing that runs is touched."""
    from lineshaft.app import training
    from lineshaft.app.project import Project
    from lineshaft.app.talk import Talk

    project, talk = Project.open(chosen.project), Talk(quiet=chosen.quiet)
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


COMMAND = Command("model", "learn from the project's history", verbs=(
    Command("train", "a new bundle version from history and people's verdicts", TRAIN, train_arguments, train),))
