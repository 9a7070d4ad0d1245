"""ONNX files, with data in other files of the same folder."""

from __future__ import annotations

from pathlib import Path

import onnx

from lineshaft.graph.importing.reading import How
from lineshaft.graph.importing.registry import domains
from lineshaft.graph.untrusted.opening import opened

ENDINGS = (".onnx",)


def takes(thing: object) -> bool:
    return isinstance(thing, onnx.ModelProto)


def from_object(thing: onnx.ModelProto, how: How) -> onnx.ModelProto:
    return thing


def from_file(path: Path, how: How) -> onnx.ModelProto:
    return opened(path, domains=domains())
