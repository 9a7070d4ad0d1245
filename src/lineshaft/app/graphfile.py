"""A step graph out of an ``.onnx`` file or out of a bundle."""

from __future__ import annotations

from pathlib import Path

from lineshaft.bundle import oci, storage
from lineshaft.bundle.contents import GRAPH
from lineshaft.bundle.inspect import look
from lineshaft.core.errors import UsageError


def read_graph(path: Path) -> bytes:
    """Its bytes as they lie there; whether they are a step graph is for ``graph.check`` to say."""
    if path.suffix == ".onnx":
        try:
            return path.read_bytes()
        except OSError as error:
            raise UsageError(f"can't be read ({error.strerror})", where=str(path), do="check the path") from None
    return oci.parse(storage.read(path), where=str(path)).files[GRAPH]


def tags_of(path: Path) -> tuple[str, ...]:
    """Paths of the tags of a bundle, in the order of the graph's channels; none for an ``.onnx`` file."""
    return () if path.suffix == ".onnx" else tuple(tag.path for tag in look(path).bundle.manifest.tags)
