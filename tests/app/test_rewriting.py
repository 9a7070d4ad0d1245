"""``lineshaft graph rewrite``: a file in, a file out, and a table of what changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineshaft.app.cli import main
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import problems, signature


@pytest.fixture
def file(tmp_path: Path) -> Path:
    g = StepBuilder(3)
    mean = g.reshape(g.mean(g.window("window", g.x, 20), axis=0), (3,))
    path = tmp_path / "graph.onnx"
    path.write_bytes(g.model({"score": g.sum(mean)}))
    return path


def test_the_rewritten_graph_is_written_and_each_rewrite_is_accounted_for(
        file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("out.onnx")
    assert main(["graph", "rewrite", str(file), str(out)]) == 0
    said = capsys.readouterr().out
    assert problems(out.read_bytes()) == ()
    assert signature(out.read_bytes()).outputs == signature(file.read_bytes()).outputs
    assert " -> " in next(line for line in said.splitlines() if line.startswith("statistics"))
    assert "no layer works on a sliding window" in said


def test_json_holds_sizes_before_and_after(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("out.onnx")
    assert main(["graph", "rewrite", str(file), str(out), "--only", "statistics", "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (change,) = told["changes"]
    assert change["kept"] and change["after"]["arithmetic"] < change["before"]["arithmetic"]
    assert told["bytes"] == out.stat().st_size


def test_what_does_not_pay_in_a_runtime_is_left_out(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("out.onnx")
    assert main(["graph", "rewrite", str(file), str(out), "--for", "runtime"]) == 0
    assert "it does not pay" in capsys.readouterr().out
    assert [s.name for s in signature(out.read_bytes()).states] == ["window"]


@pytest.mark.parametrize(("line", "says"), [
    ("{file} {file}.txt", "choose a name ending in .onnx"),
    ("{file} {file} --only magic", "no rewrites is called 'magic'"),
    ("{none} {file}", "none.onnx: no such file"),
    ("{broken} {file}", "not a step graph")])
def test_a_mistake_is_answered_in_one_sentence(file: Path, line: str, says: str,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    broken = file.with_name("broken.onnx")
    broken.write_bytes(b"nothing")
    words = line.format(file=file, none=file.with_name("none.onnx"), broken=broken).split()
    assert main(["graph", "rewrite", *words]) == 2
    assert says in capsys.readouterr().err
