"""``lineshaft graph rewrite``: a step graph that does less for the same answers."""

from __future__ import annotations

import argparse
from pathlib import Path

from lineshaft.app.cli.command import Command, columns, emit

EXAMPLE = """  lineshaft graph rewrite bundles/cell-1 cell-1.onnx --for loops
  lineshaft graph rewrite model.onnx smaller.onnx --only streaming --only dead_state"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("graph", type=Path, help="a bundle or an .onnx file that holds a step graph")
    parser.add_argument("out", type=Path, help="the .onnx file to write")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="this rewrite instead of all that every graph goes through; may be repeated")
    parser.add_argument("--for", dest="suits", choices=("anything", "loops", "runtime"), default="anything",
                        help="where it will run: as compiled loops, or operator by operator in a runtime; what does "
                             "not pay there is dropped (default: nothing is)")


def rewrite(chosen: argparse.Namespace) -> int:
    """Rewritten graph into a file, what changed on stdout."""
    from lineshaft.app import rewriting

    result, changes = rewriting.rewrite_file(chosen.graph, chosen.out, chosen.only, chosen.suits)
    emit(chosen, {"bytes": len(result), "file": str(chosen.out), "changes": rewriting.data(changes)},
         [*columns(rewriting.rows(changes)), "", f"{chosen.out}: {len(result):,} bytes"])
    return 0


COMMAND = Command("rewrite", "rewrite it to do less for the same answers, and say what changed", EXAMPLE, arguments,
                  rewrite)
