"""Peers that can't live beside Lineshaft: a script of theirs runs in an interpreter of its own; its figures come back.

The environment variable LINESHAFT_PEERS names that interpreter; where it is not set, the row says "not installed".
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

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
        place = _laid_out(Path(folder), script, arrays)
        try:
            done = subprocess.run([interpreter, "script.py"], cwd=place, env=_alone(), stderr=subprocess.PIPE,
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


class Talking:
    """A script of peers that stays and answers: ``ask`` sends one line of JSON and gives the one that comes back.

    ``{"why": ...}`` where the peers are not installed, or from when they failed or took too long. The script calls its
    own loop over stdin and stdout; it is given the dict of arrays ``given``.

    >>> _ = os.environ.pop(INTERPRETER, None)
    >>> with Talking("", {}) as peer:
    ...     peer.ask({"do": "learn"})
    {'why': 'not installed'}
    """

    def __init__(self, script: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._child: subprocess.Popen[str] | None = None
        interpreter = os.environ.get(INTERPRETER, "")
        self._why = "" if interpreter else "not installed"
        if interpreter:
            place = _laid_out(Path(self._folder.name), script, arrays)
            try:
                self._child = subprocess.Popen([interpreter, "script.py"], cwd=place, env=_alone(), text=True,
                                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                               stderr=subprocess.DEVNULL)
            except OSError as problem:
                self._why = f"{interpreter} can't be started: {problem.strerror}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
        self._folder.cleanup()

    def ask(self, question: Mapping[str, Any], longest_s: float = LONGEST_S) -> dict[str, Any]:
        """The answer; a peer that takes longer is ended, and answers nothing any more."""
        if self._why or self._child is None:
            return {"why": self._why}
        assert self._child.stdin is not None and self._child.stdout is not None
        timer = threading.Timer(longest_s, self._child.kill)
        timer.start()
        try:
            self._child.stdin.write(json.dumps(question) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            self._why = f"ended, or took more than {longest_s:.0f} s"
            return {"why": self._why}
        return dict(json.loads(line))


def _laid_out(place: Path, script: str, arrays: Mapping[str, NDArray[Any]]) -> Path:
    """The script and what it is given, in a folder."""
    named: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
    np.savez(place / "given.npz", **named)
    (place / "script.py").write_text(_HEAD + script + _TAIL, "utf-8")
    return place


def _alone() -> dict[str, str]:
    """The environment of a peer: one thread, and none of our modules."""
    return {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": ""}


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
