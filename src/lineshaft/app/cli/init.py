"""``lineshaft init``."""

from __future__ import annotations

import argparse
from pathlib import Path

from lineshaft.app.cli.command import Command, emit
from lineshaft.core.errors import EnvironmentFailed, UsageError

EXAMPLE = """  lineshaft init cell1 --source opc.tcp://192.168.0.10:4840/
  lineshaft init --print"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, nargs="?", default=Path(), help="of the project; made where it is missing")
    parser.add_argument("--source", default="opc.tcp://127.0.0.1:4840/", help="the plant: an OPC UA address or a file")
    parser.add_argument("--name", default="works/hall1", help="of the plant, as levels of ISA-95")
    parser.add_argument("--loop", default="cell", help="name of the task")
    parser.add_argument("--period", default="1s", help="one decision each")
    parser.add_argument("--learn", default="30min", help="how much normal operation to record before training")
    parser.add_argument("--print", action="store_true", help="to stdout, and write nothing")


# A project is a folder in git: its file and its bundles belong there, these do not, and the key never.
IGNORED = "console/\nhistory/\nkeys/\nlogs/\nnode/\nrun.lock\n"


def do(chosen: argparse.Namespace) -> int:
    """Write the file; what is there already stays."""
    from lineshaft.app.config import FILE, check
    from lineshaft.app.talk import Talk
    from lineshaft.app.template import template

    path = chosen.folder / FILE
    text = template(chosen.source, name=chosen.name, loop=chosen.loop, period=chosen.period, learn=chosen.learn)
    check(text, Path(FILE))
    if chosen.print:
        emit(chosen, {"text": text}, text.splitlines())
        return 0
    try:
        chosen.folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        ignored = chosen.folder / ".gitignore"
        if not ignored.exists():
            ignored.write_text(IGNORED, "utf-8", newline="\n")
    except FileExistsError:
        raise UsageError("is there already", where=str(path), do="edit it, or name another folder") from None
    except OSError as error:
        raise EnvironmentFailed(f"can't be written ({error.strerror})", where=str(path),
                                do="name a folder that may be written") from None
    emit(chosen, {"file": str(path)}, [str(path)])
    inside = "" if chosen.folder == Path() else f" --project {chosen.folder}"
    Talk().say(f"Look through it, then: lineshaft run --check{inside}; and: lineshaft run{inside}")
    return 0


COMMAND = Command("init", "write a commented lineshaft.toml for your own plant", EXAMPLE, arguments, do)
