"""``lineshaft graph targets``."""

from __future__ import annotations

import argparse
from pathlib import Path

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import format_duration

EXAMPLES = """  lineshaft graph targets
  lineshaft graph targets bundles/cell-1 --target cortex-m4"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("graph", type=Path, nargs="?", help="a bundle or an .onnx file; without one, what is installed")
    parser.add_argument("--target", action="append", default=[], help="only this one; may be repeated")


def do(chosen: argparse.Namespace) -> int:
    """Exit code 1 where a graph is given that no target named can run."""
    from lineshaft.app.graphfile import read_graph
    from lineshaft.app.sizes import size
    from lineshaft.app.talk import Talk
    from lineshaft.app.target_list import list_targets

    raw = read_graph(chosen.graph) if chosen.graph else None
    with Talk().progress() as progress:
        found = list_targets(raw, chosen.target, progress)
    data = [{"target": one.target.name, "description": one.target.description, "precision": one.target.precision,
             "deadline_ns": one.target.deadline_ns, "memory_bytes": one.target.memory_bytes,
             "backends": [{"backend": answer.backend, "supported": not answer.reason, "reason": answer.reason}
                          for answer in one.answers]} for one in found]
    lines: list[str] = []
    for one in found:
        lines += [f"{one.target.name}: {one.target.description} ({one.target.precision}, within "
                  f"{format_duration(one.target.deadline_ns)} and {size(one.target.memory_bytes)})",
                  *(f"  {line}" for line in columns(
                      [[answer.backend, "no " if answer.reason else "yes", answer.reason] for answer in one.answers]))]
    emit(chosen, data, lines)
    return int(raw is not None and all(answer.reason for one in found for answer in one.answers))


COMMAND = Command("targets", "which targets can run it, with the reason of every no", EXAMPLES, arguments, do)
