"""Trainings in MLflow (extra ``track``): a folder by default, a server by its URL.

MLflow runs in a process of its own with a limit of time: a server that is away or hangs costs a warning and nothing
else, and none of what its import does to a process happens to ours. Its telemetry is off.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lineshaft.core.errors import EnvironmentFailed
from lineshaft.model.search.board import Board, Row

OFF, STORE, LIMIT_S = "off", ".lineshaft/mlruns", 120.0
INSTALL = "pip install 'lineshaft[track]'"
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_ALLOW_FILE_STORE": "true",
         "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "15", "GIT_PYTHON_REFRESH": "quiet",
         "MLFLOW_LOGGING_LEVEL": "ERROR"}


@dataclass(frozen=True, slots=True)
class Record:
    """One run: ``metrics`` are series by name, ``artifacts`` files by name, ``parts`` the runs below it."""

    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Sequence[float]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, bytes] = field(default_factory=dict)
    parts: Sequence[Record] = ()


def wanted(told: str, folder: Path) -> str:
    """The URI for ``told`` (a URL, a folder, "off", or nothing), empty for none.

    Where nothing is said it is a folder of the project, if MLflow is installed.
    """
    if told == OFF or (not told and importlib.util.find_spec("mlflow") is None):
        return ""
    return told if "://" in told else (folder / (told or STORE)).resolve().as_uri()


def candidates(board: Board) -> list[Record]:
    """A run for each candidate: its loss on every fold, and why it is out."""
    return [_candidate(row) for row in board.rows]


def record(one: Record, experiment: str, uri: str, limit_s: float = LIMIT_S) -> str:
    """The id of the run that was written; ``EnvironmentFailed`` says why there is none."""
    if importlib.util.find_spec("mlflow") is None:
        raise EnvironmentFailed("MLflow is not installed", where="tracking", do=INSTALL)
    with TemporaryDirectory(prefix="lineshaft-track-") as scratch:
        for name, content in one.artifacts.items():
            (Path(scratch) / name).write_bytes(content)
        told = json.dumps({"uri": uri, "experiment": experiment, "folder": scratch,
                           "run": asdict(one) | {"artifacts": list(one.artifacts)}})
        try:
            done = subprocess.run([sys.executable, "-m", __spec__.name], input=told, capture_output=True, text=True,
                                  timeout=limit_s, env=_environment(), check=False)
        except subprocess.TimeoutExpired:
            raise EnvironmentFailed(f"no answer within {limit_s:g} s", where=f"tracking {uri}",
                                    do="the training is complete without it; look at the server") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise EnvironmentFailed(f"not recorded ({last[:300]})", where=f"tracking {uri}",
                                do="the training is complete without it; look at the server or the folder")
    return done.stdout.strip().splitlines()[-1]


def _candidate(row: Row) -> Record:
    metrics: dict[str, Sequence[float]] = {"fold_loss": row.losses, "loss": [row.loss], "seconds": [row.seconds]}
    if row.cost is not None:
        metrics |= {f"cost_{name}": [value] for name, value in asdict(row.cost).items() if isinstance(value, int)}
    return Record(row.name, {"candidate": row.name}, metrics,
                  {"state": row.state, "reason": row.reason[:500]})


def _environment() -> dict[str, str]:
    paths = os.pathsep.join(path or os.curdir for path in sys.path)
    return {**os.environ, **QUIET, "PYTHONPATH": paths}


def _write(told: dict[str, Any]) -> str:
    """The child's side."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=told["uri"])
    found = client.get_experiment_by_name(told["experiment"])
    experiment = found.experiment_id if found is not None else client.create_experiment(told["experiment"])
    return _run(client, experiment, told["run"], told["folder"], "")


def _run(client: Any, experiment: str, run: dict[str, Any], folder: str, parent: str) -> str:
    from mlflow.entities import Metric, Param, RunTag

    above = {"mlflow.parentRunId": parent} if parent else {}
    number: str = client.create_run(experiment, run_name=run["name"], tags=above).info.run_id
    metrics = [Metric(name, value, 0, step) for name, values in run["metrics"].items()
               for step, value in enumerate(values) if math.isfinite(value)]
    client.log_batch(number, metrics, [Param(name, value) for name, value in run["params"].items()],
                     [RunTag(name, value) for name, value in run["tags"].items() if value])
    for name in run["artifacts"]:
        client.log_artifact(number, str(Path(folder) / name))
    for part in run["parts"]:
        _run(client, experiment, {**part, "artifacts": []}, folder, number)
    client.set_terminated(number)
    return number


def _child() -> int:
    try:
        print(_write(json.load(sys.stdin)))
    except Exception as problem:  # noqa: BLE001  # whatever a server makes MLflow raise is one line for the parent
        first = (str(problem).strip().splitlines() or [""])[0]
        print(f"{type(problem).__name__}: {first}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_child())
