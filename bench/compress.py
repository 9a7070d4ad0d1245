"""Size, speed and the task's metric on held-out data before and after each way to compress the reference pipelines.

    python bench/compress.py --data ../shared/data --json

Ways are chosen on validation data and reported on held-out data; speeds are medians of blocks in which all graphs of a
pipeline take turns in ONNX Runtime on one core. The figures are those of the way that is at least 1.5 times faster and
the smallest, among those that keep the bounds on validation data (the quickest, where none is that fast).
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import Result, arguments, data_folder, finish, progress
from lineshaft.app.compress import Bounds, Trial, compress, describe
from lineshaft.app.compress_methods import Roles
from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import execute
from pipelines.pipeline import Absent, Pipeline

PIPELINES = ("cnn", "image", "monitor", "trees")
ALWAYS = ("float16-weights", "int8-weights", "float16", "dynamic-int8", "static-int8")
METHODS = {"cnn": (*ALWAYS, "prune-30", "prune-50", "prune-30+int8-weights", "prune-50+int8-weights",
                   "prune-30+static-int8", "prune-40+static-int8", "prune-50+static-int8", "prune-70+static-int8"),
           "image": ("float16-weights", "int8-weights", "dynamic-int8", "static-int8", "prune-15",
                     "prune-15+static-int8")}
FASTER = 1.5
AIMS = {"cnn_size_ratio": ">= 4", "cnn_speedup": ">= 1.5", "cnn_metric_drop": "<= 0.5 points",
        "image_size_ratio": ">= 4", "image_speedup": ">= 1.5", "image_metric_drop": "<= 0.5 points"}


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder that holds tep, neu_det and the other data sets")
    parser.add_argument("--pipeline", action="append", choices=PIPELINES, help="only this one; may be repeated")
    parser.add_argument("--method", action="append", help="only this way to compress; may be repeated")
    parser.add_argument("--backend", default="onnxruntime", help="which engine gives the speeds")
    chosen = parser.parse_args()
    folder, figures, protocols = data_folder(chosen.data), dict[str, Any](), []
    for name in chosen.pipeline or PIPELINES:
        try:
            found = _pipeline(name, folder)
        except Absent as reason:
            progress(f"{name}: left out, {reason}")
            figures[name] = {"left_out": str(reason)}
            continue
        protocols.append(f"{name}: {found.protocol}")
        figures |= _compressed(found, chosen.method or METHODS.get(name, ALWAYS), chosen.backend)
    finish(Result("compress", "; ".join([*protocols, f"bounds on validation {Bounds()}", f"speed on {chosen.backend}"]),
                  figures, {name: aim for name, aim in AIMS.items() if name in figures}), as_json=chosen.json)
    return 0


def _pipeline(name: str, data: Path) -> Pipeline:
    try:
        module = importlib.import_module(f"pipelines.{name}")
    except ModuleNotFoundError as error:
        raise Absent(f"there is no module {error.name}") from None
    progress(f"{name}: building")
    built: Pipeline = module.build(data)
    if not built.held_out:
        raise Absent("it has no data to judge a compression by")
    return built


def _compressed(found: Pipeline, methods: Sequence[str], engine: str) -> dict[str, Any]:
    begun = time.perf_counter()
    roles = Roles(found.calibration, found.validation, found.held_out)
    trials = compress(found.graph, roles, target("pc"), execute, methods=methods, backend=backend(engine))
    for trial in trials:
        progress(f"{found.name:8} {trial.method:24} {_line(trial)}")
    progress(f"{found.name}: {time.perf_counter() - begun:.0f} s")
    rows = {trial.method: _row(trial) for trial in trials}
    figures: dict[str, Any] = {found.name: {"bytes": len(found.graph), **describe(roles, found.graph, execute)} | rows}
    kept = [trial for trial in trials if trial.change.kept]
    fast = [trial for trial in kept if trial.speed >= FASTER]
    chosen = max(fast, key=lambda t: t.ratio) if fast else max(kept, key=lambda t: t.speed) if kept else None
    if chosen is not None and chosen.held_out is not None:
        figures |= {f"{found.name}_method": chosen.method, f"{found.name}_size_ratio": chosen.ratio,
                    f"{found.name}_speedup": chosen.speed, f"{found.name}_metric_drop": 100.0 * chosen.held_out.drop}
    return figures


def _row(trial: Trial) -> dict[str, Any]:
    """One way to compress as data; the metric's drop in points."""
    if trial.held_out is None:
        return {"dropped": trial.change.reason}
    before, after = trial.change.before, trial.change.after
    return {"size_ratio": trial.ratio, "speedup": trial.speed, "metric_drop": 100.0 * trial.held_out.drop,
            "flips": trial.held_out.flips, "tail_p99": trial.held_out.tail[0], "tail_p999": trial.held_out.tail[1],
            "bytes": after.bytes, "arithmetic_ratio": before.arithmetic / max(after.arithmetic, 1),
            "measured": {name: list(both) for name, both in trial.change.measured.items()},
            "dropped": trial.change.reason}


def _line(trial: Trial) -> str:
    if trial.held_out is None:
        return trial.change.reason
    gap = trial.held_out
    return (f"{trial.ratio:5.2f} x smaller {trial.speed:5.2f} x faster  drop {100 * gap.drop:+.2f} points  flips "
            f"{gap.flips:.2%}  tail {gap.tail[0]:+.1%} {gap.tail[1]:+.1%}  {trial.change.reason or 'kept'}")


if __name__ == "__main__":
    sys.exit(main())
