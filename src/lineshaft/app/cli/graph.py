"""``lineshaft graph``: the step graph of a bundle or a file; its other verbs are the modules ``_graph_<verb>``."""

from __future__ import annotations

import argparse
import importlib
import math
import pkgutil
from collections import Counter
from pathlib import Path
from typing import Any

from lineshaft.app.cli.command import PACKAGE, Command, columns, emit

VERB = "_graph_"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="a bundle folder, .tar, or an .onnx file")


def show(chosen: argparse.Namespace) -> int:
    """Inputs, outputs, states and operators."""
    import onnx

    from lineshaft.app.graphfile import read_step_graph
    from lineshaft.graph.check import signature
    from lineshaft.graph.untrusted.rules import shown

    raw = read_step_graph(chosen.bundle)
    found = signature(raw)
    model = onnx.load_from_string(raw)
    operators = dict(Counter(node.op_type for node in model.graph.node).most_common())
    data: dict[str, Any] = {
        "bytes": len(raw), "opset": model.opset_import[0].version, "channels": found.channels,
        "outputs": {port.name: port.shape for port in found.outputs},
        "states": {port.name: port.shape for port in found.states},
        "state_values": sum(math.prod(port.shape) for port in found.states), "nodes": sum(operators.values()),
        "constants": sum(len(one.raw_data) // 4 for one in model.graph.initializer), "operators": operators}
    ports = [["state" if port in found.states else "output", shown(port.name), " x ".join(map(str, port.shape))]
             for port in (*found.outputs, *found.states)]
    emit(chosen, data, [
        f"{data['nodes']} nodes, {data['bytes']:,} bytes, opset {data['opset']}, {found.channels} channels, "
        f"{data['state_values']:,} values of state", "",
        *columns([["", "name", "shape per asset"], *ports]), "",
        *columns([[name, str(count)] for name, count in operators.items()])])
    return 0


def _verbs() -> tuple[Command, ...]:
    folder = importlib.import_module(PACKAGE).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(folder) if module.name.startswith(VERB))
    return tuple(importlib.import_module(f"{PACKAGE}.{name}").COMMAND for name in names)


SHOW = Command("show", "its outputs, states, sizes and operators", "  lineshaft graph show bundles/cell-1", arguments,
               show)
COMMAND = Command("graph", "the step graph: bring one in, look into it, change it, see where it can run",
                  verbs=(SHOW, *_verbs()))
