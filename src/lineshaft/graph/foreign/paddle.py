"""PaddlePaddle inference models (``.json`` or ``.pdmodel`` with ``.pdiparams`` beside it), by paddle2onnx."""

from __future__ import annotations

import importlib
import json
import tempfile
from pathlib import Path
from typing import Any

import onnx

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.importing.reading import How, inherits
from lineshaft.graph.importing.registry import domains
from lineshaft.graph.untrusted.opening import opened, read

ENDINGS = (".pdmodel", ".json")
OPSET = 17


def takes(thing: object) -> bool:
    return inherits(thing, "paddle", "Layer")


def recognises(path: Path) -> bool:
    if path.suffix == ".pdmodel":
        return True
    with path.open("rb") as file:
        start = file.read(4096)
    return (b'"program"' in start and b'"pir"' in start) or path.with_suffix(".pdiparams").exists()


def from_object(thing: Any, how: How) -> onnx.ModelProto:
    if how.shape is None:
        raise UsageError(f"{type(thing).__name__} doesn't say what it takes",
                         do="give the shape of its input for one asset, such as shape=(3, 224, 224)")
    paddle = importlib.import_module("paddle")
    thing.eval()
    with tempfile.TemporaryDirectory() as folder:
        spec = paddle.static.InputSpec([None, *how.shape], "float32", "x")
        paddle.jit.save(thing, f"{folder}/model", input_spec=[spec])
        return from_file(next(p for p in Path(folder).iterdir() if p.suffix in ENDINGS), how)


def from_file(path: Path, how: How) -> onnx.ModelProto:
    raw = read(path)
    if path.suffix == ".json":
        try:
            json.loads(raw)
        except (ValueError, RecursionError):
            raise UsageError("it is no JSON", where=str(path)) from None
    weights = path.with_suffix(".pdiparams")
    if not weights.is_file():
        raise UsageError(f"its weights {weights.name} are not beside it", where=str(path), do="keep both in one folder")
    read(weights)
    converter = importlib.import_module("paddle2onnx")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.onnx"
        try:
            # Its optimiser (polygraphy) installs packages by itself; what it would fold is folded here.
            converter.export(str(path), str(weights), str(out), opset_version=OPSET, enable_optimize=False)
        except Exception as error:  # noqa: BLE001 - a C++ library that raises many kinds
            raise Refused(f"paddle2onnx can't convert it ({str(error).splitlines()[0][:200]})",
                          where=str(path)) from None
        return opened(out, domains=domains())
