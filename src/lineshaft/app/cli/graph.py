"""``lineshaft graph``: the step graph in a bundle, or made of a model from elsewhere."""

from __future__ import annotations

import argparse
import math
from collections import Counter
from pathlib import Path
from typing import Any

from lineshaft.app.cli._graph_import import COMMAND as IMPORT
from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.errors import UsageError


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="a bundle folder, .tar, or an .onnx file")


def show(chosen: argparse.Namespace) -> int:
    """Inputs, outputs, states and operators."""
    import onnx

    from lineshaft.graph.check import signature

    raw = _graph(chosen.bundle)
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


def export_arguments(parser: argparse.ArgumentParser) -> None:
    arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help="a new folder, for graph.nnef and its tensors")


def export(chosen: argparse.Namespace) -> int:
    """The graph as NNEF 1.0, for one asset."""
    from lineshaft.graph.nnef.writing import write

    write(_graph(chosen.bundle), chosen.out)
    found = sorted(path.name for path in chosen.out.iterdir())
    emit(chosen, {"out": str(chosen.out), "files": found}, [f"{len(found)} files in {chosen.out}"])
    return 0


def _graph(path: Path) -> bytes:
    from lineshaft.bundle import oci, storage
    from lineshaft.bundle.contents import GRAPH

    if path.suffix == ".onnx":
        try:
            return path.read_bytes()
        except OSError as error:
            raise UsageError(f"can't be read ({error.strerror})", where=str(path), do="check the path") from None
    return oci.parse(storage.read(path), where=str(path)).files[GRAPH]


COMMAND = Command("graph", "the step graph in a bundle, or one made of a model from elsewhere", verbs=(
    IMPORT,
    Command("export", "the step graph as NNEF", "  lineshaft graph export step.onnx --out step-nnef", export_arguments,
            export),
    Command("show", "its outputs, states, sizes and operators", "  lineshaft graph show bundles/cell-1", arguments,
            show),))
