"""Lineshaft: industrial intelligence from raw tag to decision, as one stateful ONNX graph.

    import lineshaft as ls

    plant = ls.read("plant.csv")              # or ls.from_frame(frame)
    monitor = ls.fit(plant, normal="40%")
    monitor.save("bundle")                    # certified, packed, signed
    print(monitor.watch(plant))               # through the node's own loop

    soft = ls.fit("plant.csv", task="infer", target="NOX")
    print(soft.why, soft.predict())           # values, their intervals, and whether they are known
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineshaft.app.api import Monitor, Outcome, fit, from_frame, import_model, read
    from lineshaft.app.modelled import Model

# ONNX Runtime reports what it loads to its maker, and keeps it on the disk until it can, unless it is told before it
# is imported. What a plant runs is nobody else's business.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.6.0"
__all__ = ["Model", "Monitor", "Outcome", "__version__", "fit", "from_frame", "import_model", "read"]


def __getattr__(name: str) -> object:
    # By name and late: a node imports this package too and must load neither onnx nor what learning needs.
    if name in __all__:
        return getattr(importlib.import_module("lineshaft.app.api"), name)
    raise AttributeError(f"module 'lineshaft' has no attribute {name!r}")
