"""MLflow: what is recorded in a folder and sent to a server, and that no server can hold a training up."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from lineshaft.app.tracking import Record, candidates, record, wanted
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.model.search.board import Board, Row
from lineshaft.model.search.cost import Cost

pytest.importorskip("mlflow", reason="extra track is not installed")

BOARD = Board((Row("ridge", (0.1, 0.3), "recommended", "", 1.5, Cost("c", 5, 7, 9)),
               Row("trees", (0.5,), "out", "slow")), 2)
RUN = Record("infer-1", {"learner": "ridge"}, {"fold_loss": (0.1, 0.3), "broken": (float("nan"),)},
             {"dataset": "sha256:1", "code": "0.1"}, {"graph.onnx": b"graph", "model-card.md": b"# card"},
             candidates(BOARD))


class Server(ThreadingHTTPServer):
    """Speaks the few calls of MLflow's REST interface that a recording needs, and remembers them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls: list[tuple[str, Any]] = []
        self.runs = 0

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        self.calls.append((path, body))
        if path.endswith("experiments/get-by-name"):
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}
        if path.endswith("experiments/create"):
            return 200, {"experiment_id": "7"}
        if path.endswith(("runs/create", "runs/update", "runs/get")):
            self.runs += path.endswith("runs/create")
            number = f"run{self.runs}"
            info = {"run_id": number, "run_uuid": number, "experiment_id": "7", "status": "RUNNING", "start_time": 1,
                    "artifact_uri": f"mlflow-artifacts:/7/{number}/artifacts", "lifecycle_stage": "active"}
            return 200, {"run": {"info": info, "data": {}}, "run_info": info}
        return 200, {}


class Handler(BaseHTTPRequestHandler):
    """Every method is a call."""

    server: Server

    def _any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlparse(self.path).path
        body = json.loads(content) if content and "mlflow-artifacts" not in path else content
        code, said = self.server.answer(path, body)
        text = json.dumps(said).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = _any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def test_a_training_is_in_the_folder_store_with_folds_tags_artifacts_and_its_candidates(tmp_path: Path) -> None:
    number = record(RUN, "boiler", wanted("mlruns", tmp_path))
    run = next((tmp_path / "mlruns").glob(f"*/{number}"))
    assert [line.split()[1:] for line in (run / "metrics" / "fold_loss").read_text().splitlines()] == [["0.1", "0"],
                                                                                                      ["0.3", "1"]]
    assert (run / "tags" / "dataset").read_text() == "sha256:1"
    assert (run / "params" / "learner").read_text() == "ridge"
    assert (run / "artifacts" / "graph.onnx").read_bytes() == b"graph"
    assert not (run / "metrics" / "broken").exists()
    below = [one.parent.parent for one in (tmp_path / "mlruns").glob("*/*/tags/mlflow.parentRunId")]
    assert {(one / "params" / "candidate").read_text() for one in below} == {"ridge", "trees"}
    assert {(one / "tags" / "state").read_text() for one in below} == {"recommended", "out"}


def test_a_server_is_sent_the_same(server: Server) -> None:
    record(RUN, "boiler", f"http://127.0.0.1:{server.server_port}")
    batches = [body for path, body in server.calls if path.endswith("log-batch")]
    assert {"key": "dataset", "value": "sha256:1"} in batches[0]["tags"]
    assert [one["value"] for one in batches[0]["metrics"] if one["key"] == "fold_loss"] == [0.1, 0.3]
    assert len(batches) == 3
    sent = {path.rsplit("/", 1)[-1]: body for path, body in server.calls if "mlflow-artifacts" in path}
    assert sent["graph.onnx"] == b"graph" and sent["model-card.md"] == b"# card"


def test_a_server_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(EnvironmentFailed, match="the training is complete without it"):
        record(RUN, "boiler", f"http://127.0.0.1:{port}")


def test_a_server_that_never_answers_holds_nothing_up(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(EnvironmentFailed, match=r"no answer within 0\.5 s"):
            record(RUN, "boiler", f"http://127.0.0.1:{silent.getsockname()[1]}", limit_s=0.5)


def test_tracking_is_off_where_a_person_says_so_and_a_folder_or_url_where_they_name_one(tmp_path: Path) -> None:
    assert wanted("off", tmp_path) == ""
    assert wanted("http://mlflow.example:5000", tmp_path) == "http://mlflow.example:5000"
    assert wanted("runs", tmp_path) == (tmp_path / "runs").as_uri()
