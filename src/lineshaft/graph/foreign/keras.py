"""Keras 3 models and ``.keras`` files, by Keras' own ONNX export (tf2onnx under it with TensorFlow)."""

from __future__ import annotations

import contextlib
import importlib
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.importing.reading import How, inherits
from lineshaft.graph.importing.registry import domains
from lineshaft.graph.untrusted.opening import opened, read

ENDINGS = (".keras",)


def takes(thing: object) -> bool:
    return inherits(thing, "keras", "Model")


def from_object(thing: Any, how: How) -> onnx.ModelProto:
    if _backend() == "tensorflow":
        importlib.import_module("tf2onnx")  # Keras would say less clearly that it is absent
    _called(thing)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                thing.export(str(path), format="onnx", verbose=False)
        except ModuleNotFoundError:
            raise
        except Exception as error:  # noqa: BLE001 - Keras and its backends raise many kinds
            raise Refused(f"Keras can't write it as ONNX ({_first(error)})") from None
        return opened(path, domains=domains())


def from_file(path: Path, how: How) -> onnx.ModelProto:
    read(path)
    saving = importlib.import_module("keras").saving
    try:
        # In safe mode Keras refuses a lambda, which is a program in the file.
        model = saving.load_model(str(path), safe_mode=not how.trust, compile=False)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged archive or an unknown layer
        raise UsageError(f"can't be opened ({_first(error)})", where=str(path)) from None
    return from_object(model, how)


def _called(thing: Any) -> None:
    """Keras exports only what was called once, which a model from a file never was."""
    if any(size is None for one in thing.inputs for size in one.shape[1:]):
        raise UsageError(f"{thing.name} has an input whose sizes are not known", do="give it a fixed keras.Input")
    given = [np.zeros([1, *one.shape[1:]], np.float32) for one in thing.inputs]
    thing(given[0] if len(given) == 1 else given)


def _backend() -> str:
    return str(importlib.import_module("keras").backend.backend())


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
