"""A step graph out of an ``.onnx`` file or out of a bundle."""

from __future__ import annotations

from pathlib import Path

from lineshaft.bundle import oci, storage
from lineshaft.bundle.contents import GRAPH
from lineshaft.bundle.inspect import look
from lineshaft.core.errors import UsageError
from lineshaft.graph.check import problems
from lineshaft.graph.untrusted.opening import read


def read_graph(path: Path) -> bytes:
    """Its bytes as they lie there, of a plain file and no larger than is read; ``graph.check`` judges them."""
    if path.suffix == ".onnx":
        return read(path)
    return oci.parse(storage.read(path), where=str(path)).files[GRAPH]


def read_step_graph(path: Path) -> bytes:
    """The same, checked; ``UsageError`` with every reason where it is none."""
    graph = read_graph(path)
    if found := problems(graph):
        raise UsageError("not a step graph: " + "; ".join(found), where=str(path),
                         do="bring a foreign model in with `lineshaft graph import`")
    return graph


def tags_of(path: Path) -> tuple[str, ...]:
    """Paths of the tags of a bundle, in the order of the graph's channels; none for an ``.onnx`` file."""
    return () if path.suffix == ".onnx" else tuple(tag.path for tag in look(path).bundle.manifest.tags)
