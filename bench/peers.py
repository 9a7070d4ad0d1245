"""Libraries to compare with that need an environment of their own: a script run by the interpreter ``LINESHAFT_PEERS``.

The script is called with a folder: it reads ``arrays.npz`` there and leaves ``found.json`` and, if it gives arrays
back, ``found.npz``.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

VARIABLE = "LINESHAFT_PEERS"
NOT_INSTALLED = f"not installed ({VARIABLE} names no interpreter that has it)"
HERE = Path(__file__).resolve().parent / "beside"


def run(script: str, arrays: Mapping[str, ArrayLike], timeout_s: float = 300.0) -> dict[str, Any]:
    """What ``bench/beside/<script>.py`` found; {} where no interpreter is named. A failure there ends the benchmark."""
    interpreter = os.environ.get(VARIABLE, "")
    if not interpreter:
        return {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "arrays.npz", allow_pickle=False, **{key: np.asarray(a) for key, a in arrays.items()})
        subprocess.run([interpreter, str(HERE / f"{script}.py"), str(folder)], check=True, timeout=timeout_s,
                       env={**os.environ, "PYTHONPATH": ""})
        found: dict[str, Any] = json.loads((folder / "found.json").read_text("utf-8"))
        if (folder / "found.npz").exists():
            with np.load(folder / "found.npz") as more:
                found |= {key: more[key] for key in more.files}
    return found
