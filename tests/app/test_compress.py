"""``lineshaft graph compress``: chosen on validation rows, told of held-out ones, refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lineshaft.app.cli import main
from lineshaft.app.compress import Bounds
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import problems, signature
from lineshaft.graph.fidelity import Gap

HEADER = "time,a,b,c,label\n"


@pytest.fixture(autouse=True)
def as_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every graph takes as long as every other: whether one is quicker is for ``bench/compress.py``."""
    monkeypatch.setattr("lineshaft.app.compress.in_turns", lambda engines, *_, **__: [(1_000, 2_000)] * len(engines))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A graph with a product of some size, and an hour of data with two faults."""
    random = np.random.default_rng(0)
    g = StepBuilder(3)
    hidden = g.tanh(g.project(g.reshape(g.window("w", g.x, 8), (24,)), random.normal(size=(24, 32)) / 5))
    score = g.ewma("level", g.sum(g.square(g.project(hidden, random.normal(size=(32, 16)) / 6))), 0.3)
    (tmp_path / "model.onnx").write_bytes(g.model({"score": score, "alarm": g.number(g.greater(score, 6.0))}))
    x = random.normal(size=(2400, 3))
    label = np.zeros(2400, int)
    for start in (1400, 2000):
        x[start:start + 60, 1] += 5
        label[start:start + 60] = 1
    rows = [f"2024-01-01 {i // 3600:02}:{i // 60 % 60:02}:{i % 60:02},{a:.4f},{b:.4f},{c:.4f},{mark}"
            for i, ((a, b, c), mark) in enumerate(zip(x, label, strict=True))]
    (tmp_path / "data.csv").write_text(HEADER + "\n".join(rows) + "\n")
    return tmp_path


def run(place: Path, *more: str) -> int:
    return main(["graph", "compress", str(place / "model.onnx"), str(place / "out.onnx"), "--data",
                 str(place / "data.csv"), "--quiet", *more])


def test_it_writes_a_smaller_step_graph_and_tells_what_it_cost(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, "--method", "float16-weights", "--method", "prune-40", "--smallest", "-o", "json") == 0
    told = {one["method"]: one for one in json.loads(capsys.readouterr().out)}
    assert set(told) == {"float16-weights", "prune-40"}
    assert set(told["float16-weights"]["measured"]) >= {"metric", "balanced", "score_p99", "score_p999", "flips"}
    before, after = (place / "model.onnx").read_bytes(), (place / "out.onnx").read_bytes()
    assert len(after) < len(before)
    assert problems(after) == ()
    assert signature(after) == signature(before)


@pytest.mark.parametrize(("more", "code", "says"), [
    (("--method", "magic"), 2, "no way to compress is called 'magic'"),
    (("--method", "prune-30+magic"), 2, "no way to compress is called 'magic'"),
    (("--target", "nowhere"), 2, "no target is called 'nowhere'")])
def test_a_wrong_word_is_one_sentence(place: Path, more: tuple[str, ...], code: int, says: str,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, *more) == code
    assert says in capsys.readouterr().err
    assert not (place / "out.onnx").exists()


def test_data_of_other_channels_are_told_apart(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (place / "data.csv").read_text().splitlines()
    (place / "data.csv").write_text("\n".join(",".join(line.split(",")[:3]) for line in lines))
    assert run(place) == 2
    assert "2 columns can be watched and the graph takes 3" in capsys.readouterr().err


def test_where_no_way_pays_nothing_is_written(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, "--method", "float16-weights", "--drop", "-100") == 1
    assert "no compression pays: float16-weights:" in capsys.readouterr().err
    assert not (place / "out.onnx").exists()


def test_a_file_is_never_overwritten(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "out.onnx").write_bytes(b"mine")
    assert run(place) == 2
    assert (place / "out.onnx").read_bytes() == b"mine"


def test_bounds_name_everything_that_they_do_not_allow() -> None:
    assert Bounds().broken(Gap(0.0, (0.01, -0.02), float("nan"))) == ""
    assert Bounds().broken(Gap(0.1, (0.0, -0.5), 0.02)) == (
        "2.00% of the metric is lost, 10.00% of the verdicts flip, the tail of the score moves by -50%")
