"""``lineshaft run``."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict
from pathlib import Path

from lineshaft.app.cli.command import Command, emit
from lineshaft.core.clock import parse_duration

EXAMPLE = """  lineshaft run --check
  lineshaft run
  lineshaft run --project cell1"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")
    parser.add_argument("--check", action="store_true", help="only check the file and the connection")
    parser.add_argument("--for", dest="duration", metavar="TIME", help="end after so long, such as 60s")
    parser.add_argument("--no-console", dest="console", action="store_false", help="serve no pages for the browser")
    parser.add_argument("--console-port", type=int, metavar="PORT",
                        help="of the pages, 0 takes a free one; that of lineshaft.toml unless said")
    parser.add_argument("--quiet", action="store_true", help="only the result")


def do(chosen: argparse.Namespace) -> int:
    """Record, learn, decide, show; ends with Ctrl-C."""
    from lineshaft.app.arenas import give_back_freed

    give_back_freed()
    from lineshaft.app import run
    from lineshaft.app.project import Project
    from lineshaft.app.talk import Talk

    if chosen.check:
        project = Project.open(chosen.project)
        tags, usable = asyncio.run(run.check(project))
        emit(chosen, {"tags": [tag.path for tag in tags], "usable": usable},
             [f"{len(tags)} tags of {project.config.plant.source} match, {usable} have a usable value now"])
        return 0
    length = parse_duration(chosen.duration, where="--for") if chosen.duration else None
    ran = asyncio.run(run.run(chosen.project, Talk(quiet=chosen.quiet), for_ns=length, console=chosen.console,
                              console_port=chosen.console_port))
    emit(chosen, asdict(ran), [f"{ran.stored:,} samples and {ran.delivered:,} decisions are in the history"
                               + (f"; {ran.lost:,} samples were lost" if ran.lost else "")])
    return 0


COMMAND = Command("run", "run the project: record, learn, decide, show it in the browser, until Ctrl-C", EXAMPLE,
                  arguments, do)
