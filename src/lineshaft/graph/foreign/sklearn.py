"""scikit-learn estimators and pipelines, by skl2onnx; files of skops, joblib or pickle.

A pickle is a program: it is opened only where the user says that it may run.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import onnx

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.importing.reading import How, inherits
from lineshaft.graph.importing.reading import from_object as any_object
from lineshaft.graph.untrusted.opening import read

ENDINGS = (".joblib", ".pkl", ".pickle", ".skops")
OPSETS = {"": 18, "ai.onnx.ml": 3}


def takes(thing: object) -> bool:
    return inherits(thing, "sklearn", "BaseEstimator") and type(thing).__module__.partition(".")[0] not in (
        "lightgbm", "xgboost")


def from_object(thing: Any, how: How) -> onnx.ModelProto:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator

    count = how.shape[0] if how.shape else getattr(thing, "n_features_in_", None)
    if count is None:
        raise UsageError(f"{type(thing).__name__} is not fitted, or doesn't say how many features it takes",
                         do="fit it, or give --shape")
    options = {id(thing): {"zipmap": False}} if hasattr(thing, "predict_proba") else None
    try:
        return to_onnx(thing, initial_types=[("features", FloatTensorType([None, int(count)]))], options=options,
                       target_opset=OPSETS)
    except (MissingConverter, MissingShapeCalculator) as error:
        raise Refused(f"skl2onnx can't convert it ({str(error).splitlines()[0]})") from None
    except (RuntimeError, NameError, TypeError, ValueError, NotImplementedError) as error:
        raise Refused(f"skl2onnx can't convert {type(thing).__name__} ({str(error).splitlines()[0]})") from None


def from_file(path: Path, how: How) -> onnx.ModelProto:
    return any_object(_loaded(path, how), how=how)


def _loaded(path: Path, how: How) -> Any:
    if path.suffix == ".skops":
        return _skops(path, how)
    if not how.trust:
        raise Refused("it is a pickle, and opening one runs whatever program is in it", where=str(path),
                      do="add --trust-pickle if you made it yourself, or save it with skops or as ONNX")
    read(path)  # its size, before anything else
    joblib = importlib.import_module("joblib")
    try:
        return joblib.load(path)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001 - a pickle raises whatever its program raises
        raise UsageError(f"can't be opened ({type(error).__name__}: {error})", where=str(path)) from None


def _skops(path: Path, how: How) -> Any:
    skops = importlib.import_module("skops.io")
    try:
        unknown = skops.get_untrusted_types(file=path)
        if unknown and not how.trust:
            raise Refused(f"it holds types that skops does not know as safe: {', '.join(unknown[:5])}",
                          do="add --trust-pickle if you made it yourself")
        return skops.load(path, trusted=unknown)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"can't be opened ({type(error).__name__}: {error})", where=str(path)) from None
