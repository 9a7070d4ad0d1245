"""PyTorch: an ``nn.Module``, an ``ExportedProgram``, or its ``.pt2`` file, by torch's own ONNX exporter."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.importing.reading import How, inherits
from lineshaft.graph.untrusted.opening import read

ENDINGS = (".pt2", ".pt", ".pth")


def takes(thing: object) -> bool:
    return inherits(thing, "torch", "Module") or inherits(thing, "torch", "ExportedProgram")


def from_object(thing: Any, how: How) -> onnx.ModelProto:
    import torch

    if inherits(thing, "torch", "Module"):
        if how.shape is None:
            raise UsageError(f"{type(thing).__name__} doesn't say what it takes",
                             do="give the shape of its input for one asset, such as shape=(3, 224, 224)")
        example = torch.zeros((2, *how.shape))  # torch.export takes a size of 1 for a constant
        batch = torch.export.Dim("assets", min=1)
        with _quiet():
            try:
                thing = torch.export.export(thing.eval(), (example,), dynamic_shapes=({0: batch},))
            except Exception as error:  # noqa: BLE001 - tracing a program raises whatever the program raises
                raise Refused(f"torch.export can't trace {type(thing).__name__} ({_first(error)})") from None
    with _quiet():
        try:
            program = torch.onnx.export(thing, dynamo=True, opset_version=18, verbose=False)
        except ModuleNotFoundError:
            raise
        except Exception as error:  # noqa: BLE001 - the exporter raises many kinds; all mean no ONNX
            raise Refused(f"torch can't write it as ONNX ({_first(error)})") from None
    return program.model_proto


def from_file(path: Path, how: How) -> onnx.ModelProto:
    if path.suffix != ".pt2":
        raise Refused("it is a pickle of weights or of a program, without the network in a form that can be read",
                      where=str(path), do="save it with torch.export.save(torch.export.export(...), 'model.pt2')")
    if not how.trust:
        raise Refused("PyTorch may run code that is in such a file", where=str(path),
                      do="add --trust-pickle if you made it yourself, or export it as ONNX")
    read(path)
    import torch

    with _quiet():
        try:
            program = torch.export.load(path)
        except Exception as error:  # noqa: BLE001 - a damaged archive raises many kinds
            raise UsageError(f"can't be opened ({_first(error)})", where=str(path)) from None
    return from_object(program, how)


def _first(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter talks on every channel; what matters comes as an exception."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(
                io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
