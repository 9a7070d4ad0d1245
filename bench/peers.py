"""Peers that can't live beside Lineshaft: a script of theirs runs in an interpreter of its own; its figures come back.

The environment variable LINESHAFT_PEERS names that interpreter; where it is not set, the row says "not installed".
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

INTERPRETER = "LINESHAFT_PEERS"
LONGEST_S = 400
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS")


def run(script: str, arrays: Mapping[str, NDArray[Any]], longest_s: int = LONGEST_S) -> dict[str, Any]:
    """What ``script`` puts into the dict ``found``; it is given the dict of arrays ``given``.

    ``{"why": ...}`` where the peers are not installed or failed; where the script took too long, what it had found when
    it last called ``save()``.

    >>> _ = os.environ.pop(INTERPRETER, None)
    >>> run("found['sum'] = float(given['x'].sum())", {"x": np.ones(3)})
    {'why': 'not installed'}
    """
    interpreter = os.environ.get(INTERPRETER, "")
    if not interpreter:
        return {"why": "not installed"}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        named: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
        np.savez(place / "given.npz", **named)
        (place / "script.py").write_text(_HEAD + script + _TAIL, "utf-8")
        told = {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": ""}
        try:
            done = subprocess.run([interpreter, "script.py"], cwd=place, env=told, stderr=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, text=True, timeout=longest_s, check=False)
        except OSError as problem:
            return {"why": f"{interpreter} can't be started: {problem.strerror}"}
        except subprocess.TimeoutExpired:
            saved = place / "found.json"
            return dict(json.loads(saved.read_text("utf-8"))) if saved.exists() else {"why": f"more than {longest_s} s"}
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            return {"why": (done.stderr.strip().splitlines() or ["failed"])[-1]}
        return dict(json.loads((place / "found.json").read_text("utf-8")))


_HEAD = """import json, os, time, warnings
import numpy as np
warnings.filterwarnings("ignore")
given, found = dict(np.load("given.npz")), {}


def save():
    with open("whole.json", "w") as out:
        json.dump(found, out, default=float)
    os.replace("whole.json", "found.json")


"""
_TAIL = """
save()
"""
