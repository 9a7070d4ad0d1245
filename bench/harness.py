"""What every benchmark shares: its result, the machine, the clock resolution, and how both are printed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Result:
    """One benchmark's answer: what was done, what came out, and what it is compared with."""

    bench: str
    protocol: str
    figures: Mapping[str, Any]
    aims: Mapping[str, str] = field(default_factory=dict)
    peers: Mapping[str, Any] = field(default_factory=dict)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser that has ``--json``; a benchmark adds its own flags."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line of stdout")
    return parser


def data_folder(text: str) -> Path:
    """``--data`` as a folder that exists."""
    folder = Path(text)
    if not folder.is_dir():
        sys.exit(f"{folder}: no such folder; pass --data with the folder that holds the files")
    return folder


def machine() -> dict[str, Any]:
    """What the figures were measured on, without its name."""
    libraries = {name: metadata.version(name) for name in ("numpy", "onnxruntime")}
    return {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.system(), "arch": platform.machine(),
            "python": platform.python_version(), **libraries}


def finish(result: Result, *, as_json: bool) -> None:
    """The table for people on stderr; with ``--json`` the object on the last line of stdout."""
    print(f"\n{result.bench}: {result.protocol}", file=sys.stderr)
    for name, value in result.figures.items():
        aim = result.aims.get(name, "")
        print(f"  {name:22} {_short(value):>14}  {aim}", file=sys.stderr)
    for name, value in result.peers.items():
        print(f"  beside: {name:14} {_short(value)}", file=sys.stderr)
    if as_json:
        print(json.dumps({"bench": result.bench, "protocol": result.protocol, "machine": machine(),
                          "figures": dict(result.figures), "aims": dict(result.aims), "peers": dict(result.peers)},
                         default=float, allow_nan=False))


def progress(text: str) -> None:
    """What is going on, for the person who waits."""
    print(f"  .. {text}", file=sys.stderr, flush=True)


def time_each(call: Callable[[], object], count: int, clock: Callable[[], int] = time.perf_counter_ns
              ) -> NDArray[np.int64]:
    """Nanoseconds of each of ``count`` calls."""
    spent = np.empty(count, np.int64)
    for i in range(count):
        before = clock()
        call()
        spent[i] = clock() - before
    return spent


def resident_mb() -> float:
    """Resident memory of this process in megabytes (10^6 bytes)."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 1e6


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_short(v)}" for k, v in value.items())
    return str(value)
