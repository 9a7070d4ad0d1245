"""What a command is, and how the commands of this folder are found."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lineshaft.core.errors import EnvironmentFailed

PACKAGE = "lineshaft.app.cli"


@dataclass(frozen=True, slots=True)
class Command:
    """One command; a noun with verbs is a ``Command`` with ``verbs`` and no ``run`` of its own.

    ``help`` is one line; ``example`` shows a call or two; ``arguments`` adds options to its parser.
    """

    name: str
    help: str
    example: str = ""
    arguments: Callable[[argparse.ArgumentParser], None] | None = None
    do: Callable[[argparse.Namespace], int] | None = None
    verbs: tuple[Command, ...] = ()

    def run(self, chosen: argparse.Namespace) -> int:
        """Carry it out; gives the exit code."""
        assert self.do is not None  # a noun without a verb has no ``command`` in its namespace
        return self.do(chosen)

    def add_to(self, nouns: Any) -> None:
        """Its parser, below ``nouns`` (an argparse subparsers action)."""
        examples = f"\n\nexamples:\n{self.example}" if self.example else ""
        parser = nouns.add_parser(self.name, help=self.help, description=self.help + examples,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
        if self.verbs:
            parser.set_defaults(group=parser)
            verbs = parser.add_subparsers(title="verbs", metavar="VERB")
            for verb in self.verbs:
                verb.add_to(verbs)
            return
        parser.set_defaults(command=self)
        parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="what goes to stdout")
        parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS,
                            help="show the traceback of an error")
        if self.arguments is not None:
            self.arguments(parser)


def commands(only: str = "") -> Iterator[Command]:
    """Every command, by name; just one when ``only`` is its name, since importing all of them takes time."""
    folder = importlib.import_module(PACKAGE).__path__
    names = [module.name for module in pkgutil.iter_modules(folder)
             if module.name != "command" and not module.name.startswith("_")]
    for name in [only] if only in names else sorted(names):
        yield importlib.import_module(f"{PACKAGE}.{name}").COMMAND


def missing(error: ModuleNotFoundError) -> EnvironmentFailed:
    """A library that the edge install leaves out."""
    return EnvironmentFailed(f"this command needs the Python package {error.name!r}",
                             do="install everything with: pip install 'lineshaft[all]'")


def emit(chosen: argparse.Namespace, data: object, lines: Sequence[str]) -> None:
    """The answer on stdout: ``data`` as one JSON document, or ``lines``."""
    if chosen.output == "json":
        print(json.dumps(data, default=str, ensure_ascii=False), flush=True)
        return
    for line in lines:
        print(fit_for_terminal(line))
    sys.stdout.flush()


def fit_for_terminal(text: str) -> str:
    """Text of strangers without what a terminal would obey.

    >>> fit_for_terminal("cell-1\\x1b[2J, \\u6e29\\u5ea6")
    'cell-1?[2J, \u6e29\u5ea6'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as aligned lines.

    >>> columns([["tag", "unit"], ["P101/flow", "L/min"]])
    ['tag        unit', 'P101/flow  L/min']
    """
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
