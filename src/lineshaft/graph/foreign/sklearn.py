"""scikit-learn estimators and pipelines, by skl2onnx; files of skops, joblib or pickle.

A pickle is a program: it is opened only where the user says that it may run.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import onnx.compose

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.foreign._histogram import histogram
from lineshaft.graph.importing.reading import How, inherits
from lineshaft.graph.importing.reading import from_object as any_object
from lineshaft.graph.untrusted.opening import read

ENDINGS = (".joblib", ".pkl", ".pickle", ".skops")
OPSETS = {"": 18, "ai.onnx.ml": 3}


def takes(thing: object) -> bool:
    return inherits(thing, "sklearn", "BaseEstimator") and type(thing).__module__.partition(".")[0] not in (
        "lightgbm", "xgboost")


def from_object(thing: Any, how: How) -> onnx.ModelProto:
    last = thing.steps[-1][1] if inherits(thing, "sklearn", "Pipeline") else thing
    if not takes(last) or _is_histogram(last):
        return _after(thing, last, how)
    return _converted(thing, how)


def _after(thing: Any, last: Any, how: How) -> onnx.ModelProto:
    """A last step that skl2onnx doesn't take (it belongs to another reader, or is broken there), behind the rest."""
    trees = histogram(last) if _is_histogram(last) else any_object(last, how=how)
    if last is thing or len(thing.steps) == 1:
        return trees
    before = _converted(thing[:-1], how)
    # Both are of opset 18; of ai.onnx.ml the older operators of the first are in the later set unchanged.
    before.ir_version = trees.ir_version
    del before.opset_import[:]
    before.opset_import.extend(trees.opset_import)
    return onnx.compose.merge_models(before, trees, [(before.graph.output[0].name, trees.graph.input[0].name)],
                                     prefix1="before_")


def _converted(thing: Any, how: How) -> onnx.ModelProto:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator

    count = how.shape[0] if how.shape else getattr(thing, "n_features_in_", None)
    if count is None:
        raise UsageError(f"{type(thing).__name__} is not fitted, or doesn't say how many features it takes",
                         do="fit it, or give --shape")
    try:
        return to_onnx(thing, initial_types=[("features", FloatTensorType([None, int(count)]))],
                       options=dict(_options(thing)), target_opset=OPSETS)
    except (MissingConverter, MissingShapeCalculator) as error:
        raise Refused(f"skl2onnx can't convert {type(thing).__name__} ({str(error).splitlines()[0]})") from None
    except (RuntimeError, NameError, TypeError, ValueError, NotImplementedError) as error:
        raise Refused(f"skl2onnx can't convert {type(thing).__name__} ({str(error).splitlines()[0]})") from None


def _options(thing: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """For each estimator inside: probabilities as numbers, and distances as one operator instead of a loop."""
    from skl2onnx._supported_operators import sklearn_operator_name_map
    from skl2onnx.common._registration import get_converter

    for one in [thing, *thing.get_params(deep=True).values()]:
        # A pipeline hands its options to every step, also to those that have none.
        alias = "" if inherits(one, "sklearn", "Pipeline") else sklearn_operator_name_map.get(type(one))
        allowed = get_converter(alias).get_allowed_options() if alias else None
        wanted: dict[str, Any] = {"zipmap": False, "optim": "cdist"}
        chosen = {name: value for name, value in wanted.items() if allowed and name in allowed}
        if chosen:
            yield id(one), chosen


def _is_histogram(thing: Any) -> bool:
    return type(thing).__name__.startswith("HistGradientBoosting")


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
