"""``lineshaft graph export``."""

from __future__ import annotations

import argparse
from pathlib import Path

from lineshaft.app.cli.command import Command, emit


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("graph", type=Path, help="a bundle folder, .tar, or an .onnx file")
    parser.add_argument("--out", type=Path, required=True, help="a new folder, for graph.nnef and its tensors")


def do(chosen: argparse.Namespace) -> int:
    """The graph as NNEF 1.0, for one asset."""
    from lineshaft.app.graphfile import read_step_graph
    from lineshaft.graph.nnef.writing import write

    write(read_step_graph(chosen.graph), chosen.out)
    found = sorted(path.name for path in chosen.out.iterdir())
    emit(chosen, {"out": str(chosen.out), "files": found}, [f"{len(found)} files in {chosen.out}"])
    return 0


EXAMPLES = "  lineshaft graph export step.onnx --out step-nnef"
COMMAND = Command("export", "the step graph as NNEF", EXAMPLES, arguments, do)
