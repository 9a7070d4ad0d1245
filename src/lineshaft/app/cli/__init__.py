"""The command line: its grammar follows the nouns, its commands are the modules of this folder.

Data goes to stdout (``-o json`` everywhere), talk to stderr. Exit codes: 0 done, 1 the answer is no, 2 bad usage,
3 the environment failed. Only what a command needs is imported, so that a node starts fast.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from lineshaft import __version__
from lineshaft.app.cli.command import Command, commands, fit_for_terminal, missing
from lineshaft.core.errors import EnvironmentFailed, LineshaftError
from lineshaft.core.exhausted import exhausted

DESCRIPTION = """Lineshaft: from the plant's signals to decisions a person can trust.

  lineshaft demo                      a plant, a fault, an alarm with its cause: the whole way in three minutes
  lineshaft watch plant.csv           the same for an export from your historian
  lineshaft init, lineshaft run       the same for your own OPC UA server, for good
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser(words)
    chosen = parser.parse_args(words)
    command: Command | None = getattr(chosen, "command", None)
    if command is None:
        getattr(chosen, "group", parser).print_help(sys.stderr)
        return 2
    try:
        return command.run(chosen)
    except LineshaftError as error:
        if chosen.debug:
            raise
        print(fit_for_terminal(f"lineshaft: {error}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nlineshaft: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has seen enough
        return 0
    except ModuleNotFoundError as error:
        if chosen.debug or (error.name or "lineshaft").startswith("lineshaft"):
            raise
        print(f"lineshaft: {missing(error)}", file=sys.stderr)
        return 3
    except Exception as error:  # the last line of defence: a sentence, and the traceback on demand
        if chosen.debug:
            raise
        failed = _failed(error)
        print(fit_for_terminal(f"lineshaft: {failed}"), file=sys.stderr)
        return failed.exit_code


def _failed(error: Exception) -> EnvironmentFailed:
    """What the system says no to is for a person to mend; anything else is a mistake of ours."""
    if (ran_out := exhausted(error)) is not None:
        return ran_out
    if isinstance(error, OSError) and error.strerror:
        return EnvironmentFailed(error.strerror, where=str(error.filename or ""),
                                 do="check the disk, the folder for temporary files and the permissions")
    return EnvironmentFailed(f"{type(error).__name__}: {error}", where="unexpected",
                             do="run again with --debug and report what it shows")


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lineshaft", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"lineshaft {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    nouns = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in commands(next((word for word in words if not word.startswith("-")), "")):
        command.add_to(nouns)
    return parser
