"""``lineshaft alarm``: the alarms of a running node (ISA-18.2)."""

from __future__ import annotations

import argparse
import getpass
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import format_time, parse_duration

if TYPE_CHECKING:
    from lineshaft.core.alarm import Alarm

SHELVE = """  lineshaft alarm shelve cell --for 2h --reason 'P101 is being mended'"""


def folder_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=Path("node"), help="the running node's folder")


def act_arguments(parser: argparse.ArgumentParser) -> None:
    folder_argument(parser)
    parser.add_argument("name", help="of the alarm, as `lineshaft alarm list` shows it")
    parser.add_argument("--by", default="", help="your name; the user of this machine unless said")
    parser.add_argument("--reason", default="")


def shelve_arguments(parser: argparse.ArgumentParser) -> None:
    act_arguments(parser)
    parser.add_argument("--for", dest="duration", default="1h", metavar="TIME", help="then it comes back by itself")


def show(chosen: argparse.Namespace) -> int:
    from lineshaft.app.remote import RemoteNode

    alarms = RemoteNode(chosen.folder).alarms()
    _emit(chosen, alarms)
    return 0


def act(chosen: argparse.Namespace) -> int:
    """One action of a person; the alarm as it stands then."""
    from lineshaft.app.remote import RemoteNode

    until = None
    if chosen.command.name == "shelve":
        until = time.time_ns() + parse_duration(chosen.duration, where="--for")
    alarm = RemoteNode(chosen.folder).act(chosen.name, chosen.command.name, by=chosen.by or getpass.getuser(),
                                          reason=chosen.reason, until=until)
    _emit(chosen, [alarm])
    return 0


def _emit(chosen: argparse.Namespace, alarms: list[Alarm]) -> None:
    rows = [[one.name, one.state.value, "active" if one.active else "", format_time(one.changed) if one.changed else "",
             one.by, one.reason, ", ".join(one.causes)] for one in alarms]
    head = ["alarm", "state", "condition", "changed", "by", "reason", "tags"]
    emit(chosen, [asdict(one) for one in alarms], columns([head, *rows]))


COMMAND = Command("alarm", "the alarms of a running node: look, acknowledge, shelve, suppress", verbs=(
    Command("list", "every alarm as it stands", "  lineshaft alarm list --folder node", folder_argument, show),
    Command("acknowledge", "you have seen it", "  lineshaft alarm acknowledge cell", act_arguments, act),
    Command("shelve", "out of sight for a while, for a reason", SHELVE, shelve_arguments, act),
    Command("unshelve", "back before its time", "", act_arguments, act),
    Command("suppress", "out of sight by design until unsuppressed", "", act_arguments, act),
    Command("unsuppress", "in sight again", "", act_arguments, act)))
