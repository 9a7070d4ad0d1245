"""``lineshaft graph rewrite``: a graph file rewritten, and the table of what each rewrite changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lineshaft.app.graphfile import read_step_graph
from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.graph import rewrite
from lineshaft.graph.rewrite import Change, Measure, Rewrite

MEASURES: dict[str, Measure | None] = {"anything": None, "loops": rewrite.compiled, "runtime": rewrite.interpreted}


def rewrite_file(source: Path, out: Path, only: Sequence[str] = (), suits: str = "anything"
                 ) -> tuple[bytes, tuple[Change, ...]]:
    """Writes the graph of a file or bundle, rewritten, as an ``.onnx`` file.

    ``only`` names the rewrites instead of the default tuple. ``suits`` is a key of ``MEASURES``: where it will run,
    as compiled loops or operator by operator in a runtime, so that a rewrite which does not pay there is dropped.
    """
    if out.suffix != ".onnx":
        raise UsageError("the rewritten graph is written as ONNX", where=str(out), do="choose a name ending in .onnx")
    graph = read_step_graph(source)
    chosen: tuple[Rewrite, ...] = tuple(rewrite.named(name) for name in only) or rewrite.default()
    result, changes = rewrite.paying(graph, chosen, MEASURES[suits])
    try:
        out.write_bytes(result)
    except OSError as error:
        raise EnvironmentFailed(f"can't be written ({error.strerror})", where=str(out),
                                do="check the folder and its rights") from None
    return result, changes


def rows(changes: Sequence[Change]) -> list[list[str]]:
    """The table: sizes are before -> after where something changed, and the reason where nothing did."""
    table = [["rewrite", "bytes", "operators", "arithmetic", "moved", "state", ""]]
    for change in changes:
        sizes = zip(_sizes(change.before), _sizes(change.after), strict=True)
        cells = [f"{a:,} -> {b:,}" if change.kept and a != b else f"{a:,}" for a, b in sizes]
        table.append([change.rewrite, *cells, change.reason])
    return table


def data(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The same for ``-o json``."""
    return [asdict(change) | {"kept": change.kept} for change in changes]


def _sizes(size: rewrite.Size) -> tuple[int, ...]:
    return size.bytes, size.nodes, size.arithmetic, size.moved, size.state_values
