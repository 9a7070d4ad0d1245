"""``lineshaft graph``: the step graph of a bundle or a file, or made of a model from elsewhere."""

from __future__ import annotations

import argparse
import math
from collections import Counter
from pathlib import Path
from typing import Any

from lineshaft.app.cli._graph_import import COMMAND as IMPORT
from lineshaft.app.cli._graph_rewrite import COMMAND as REWRITE
from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import format_duration

TARGETS = """  lineshaft graph targets
  lineshaft graph targets bundles/cell-1 --target cortex-m4"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="a bundle folder, .tar, or an .onnx file")


def show(chosen: argparse.Namespace) -> int:
    """Inputs, outputs, states and operators."""
    import onnx

    from lineshaft.app.graphfile import read_graph
    from lineshaft.graph.check import signature

    raw = read_graph(chosen.bundle)
    found = signature(raw)
    model = onnx.load_from_string(raw)
    operators = dict(Counter(node.op_type for node in model.graph.node).most_common())
    data: dict[str, Any] = {
        "bytes": len(raw), "opset": model.opset_import[0].version, "channels": found.channels,
        "outputs": {port.name: port.shape for port in found.outputs},
        "states": {port.name: port.shape for port in found.states},
        "state_values": sum(math.prod(port.shape) for port in found.states), "nodes": sum(operators.values()),
        "constants": sum(len(one.raw_data) // 4 for one in model.graph.initializer), "operators": operators}
    ports = [["state" if port in found.states else "output", port.name, " x ".join(map(str, port.shape))]
             for port in (*found.outputs, *found.states)]
    emit(chosen, data, [
        f"{data['nodes']} nodes, {data['bytes']:,} bytes, opset {data['opset']}, {found.channels} channels, "
        f"{data['state_values']:,} values of state", "",
        *columns([["", "name", "shape per asset"], *ports]), "",
        *columns([[name, str(count)] for name, count in operators.items()])])
    return 0


def targets_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("graph", type=Path, nargs="?", help="a bundle or an .onnx file; without one, what is installed")
    parser.add_argument("--target", action="append", default=[], help="only this one; may be repeated")


def targets(chosen: argparse.Namespace) -> int:
    """Exit code 1 where a graph is given that no target named can run."""
    from lineshaft.app.graphfile import read_graph
    from lineshaft.app.lowering_table import size
    from lineshaft.app.target_list import list_targets

    raw = read_graph(chosen.graph) if chosen.graph else None
    found = list_targets(raw, chosen.target)
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


COMMAND = Command("graph", "the step graph: bring one in, look into it, see where it can run", verbs=(
    IMPORT,
    Command("show", "its outputs, states, sizes and operators", "  lineshaft graph show bundles/cell-1", arguments,
            show),
    Command("targets", "which targets can run it, with the reason of every no", TARGETS, targets_arguments, targets),
    REWRITE))
