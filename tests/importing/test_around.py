"""What the author of a model did in Python around it is said in blocks, tick by tick."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper
from tests.importing.through import model_of

from lineshaft import import_model as bytes_of
from lineshaft.app.cli import main
from lineshaft.app.importing import Around, Decide, Made, build
from lineshaft.backend import backend, target
from lineshaft.core.errors import UsageError
from lineshaft.graph.check import signature

TAGS, TICKS, LENGTH = 3, 40, 8
RANDOM = np.random.default_rng(4)
X = RANDOM.normal(10.0, 4.0, (TICKS, TAGS)).astype(np.float32)
GOOD = RANDOM.random(X.shape) < 0.8
Rows = NDArray[np.float64]


def same(shape: tuple[int, ...]) -> onnx.ModelProto:
    """A model that gives what it is given."""
    return model_of([helper.make_node("Identity", ["data"], ["seen"])], shape, {})


def summed(shape: tuple[int, ...]) -> onnx.ModelProto:
    nodes = [helper.make_node("Flatten", ["data"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["level"])]
    return model_of(nodes, shape, {"w": np.ones((int(np.prod(shape)), 1), np.float32)})


def run(made: Made, x: Any = X, good: Any = GOOD) -> dict[str, Rows]:
    engine = backend("onnxruntime").load(made.graph, signature(made.graph), target("pc"))
    rows: dict[str, list[Rows]] = {port.name: [] for port in made.signature.outputs}
    for values, usable in zip(x, good, strict=True):
        engine.x[0], engine.quality[0] = np.where(usable, values, 0.0), usable
        engine.step()
        for name, found in rows.items():
            found.append(engine.out[name][0].astype(np.float64).copy())
    return {name: np.stack(found) for name, found in rows.items()}


def held() -> Rows:
    """The last good value of each tag, 0 before the first."""
    out, last = np.zeros(X.shape), np.zeros(TAGS)
    for tick in range(TICKS):
        last = np.where(GOOD[tick], X[tick], last)
        out[tick] = last
    return out


def windows(rows: Rows) -> Rows:
    """[N, T, C]: zeros before the first row."""
    long = np.vstack([np.zeros((LENGTH - 1, TAGS)), rows])
    return np.stack([long[i:i + LENGTH] for i in range(TICKS)])


@pytest.mark.parametrize(("mask", "wanted"), [("hold", held()), ("zero", np.where(GOOD, X, 0.0)),
                                              ("nan", np.where(GOOD, X, np.nan))])
def test_a_value_of_bad_quality_is_held_or_zero_or_missing(mask: str, wanted: Rows) -> None:
    found = run(build(same((TAGS,)), Around(mask=mask), None, None))["seen"]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_a_window_goes_in_as_ticks_or_as_tags_or_flat() -> None:
    wanted = windows(held())
    for shape, by_tag, order in (((LENGTH, TAGS), False, (0, 1, 2)), ((TAGS, LENGTH), True, (0, 2, 1)),
                                 ((LENGTH * TAGS,), False, (0, 1, 2)), ((1, LENGTH, TAGS), False, (0, 1, 2))):
        found = run(build(same(shape), Around(LENGTH, by_tag), None, None))["seen"]
        np.testing.assert_allclose(found.reshape(TICKS, -1), wanted.transpose(order).reshape(TICKS, -1), rtol=1e-6)


def test_scaling_comes_before_the_window() -> None:
    mean, scale = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 8.0])
    found = run(build(same((LENGTH, TAGS)), Around(LENGTH, mean=mean, scale=scale), None, None))["seen"]
    np.testing.assert_allclose(found, windows((held() - mean) / scale), rtol=1e-5, atol=1e-6)


def slope(rows: Rows) -> Rows:
    return np.stack([np.polyfit(np.arange(LENGTH), one, 1)[0] for one in rows])


NUMPY: dict[str, Callable[[Rows], Rows]] = {
    "mean": lambda w: w.mean(1), "std": lambda w: w.std(1), "var": lambda w: w.var(1), "min": lambda w: w.min(1),
    "max": lambda w: w.max(1), "range": lambda w: np.ptp(w, axis=1), "rms": lambda w: np.sqrt((w ** 2).mean(1)),
    "slope": slope, "first": lambda w: w[:, 0], "last": lambda w: w[:, -1]}


def test_statistics_of_a_window_are_those_of_numpy() -> None:
    found = run(build(same((len(NUMPY) * TAGS,)), Around(LENGTH, statistics=tuple(NUMPY)), None, None))["seen"]
    wanted = np.concatenate([one(windows(held())) for one in NUMPY.values()], axis=1)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=2e-4)


def test_an_image_is_a_row_of_pixels() -> None:
    made = build(same((1, 2, 3)), Around(), None, None)
    assert made.signature.channels == 6
    assert run(made, np.arange(6.0)[None], np.ones((1, 6)))["seen"].tolist() == [[[[0, 1, 2], [3, 4, 5]]]]


def test_an_alarm_comes_after_the_debounce_and_goes_under_the_release() -> None:
    made = build(summed((1,)), Around(), Decide(threshold=4.0, normal=2.0, debounce=2, release=0.5), None)
    out = run(made, np.array([[2.0], [5.0], [2.0], [5.0], [5.0], [3.5], [2.5]]), np.ones((7, 1)))
    assert out["score"].ravel().tolist() == [0.0, 1.5, 0.0, 1.5, 1.5, 0.75, 0.25]
    assert out["alarm"].ravel().tolist() == [0, 0, 0, 0, 1, 1, 0]


def test_a_threshold_may_lie_below_what_is_normal() -> None:
    made = build(summed((1,)), Around(), Decide(threshold=-1.0, normal=1.0), None)
    assert run(made, np.array([[1.0], [-3.0]]), np.ones((2, 1)))["alarm"].ravel().tolist() == [0, 1]


def test_no_alarm_before_the_window_is_full() -> None:
    made = build(summed((LENGTH, TAGS)), Around(LENGTH), Decide(threshold=-1.0, normal=500.0), None)
    assert run(made)["score"][:LENGTH - 1].max() == 0.0
    assert (run(made)["score"][LENGTH - 1:] > 0.0).all()


@pytest.mark.parametrize(("shape", "around", "decide", "says"), [
    ((7,), Around(2), None, "7 features, which 2 ticks of whole tags don't give"),
    ((7,), Around(9, statistics=("mean", "std")), None, "2 statistics"),
    ((7,), Around(statistics=("mean",)), None, "add --window"),
    ((7,), Around(2, statistics=("median",)), None, "no statistic is called 'median'"),
    ((7,), Around(mask="guess"), None, "no way of masking"),
    ((7,), Around(mean=np.ones(3)), None, "3 numbers for 7 tags"),
    ((7,), Around(scale=np.zeros(1)), None, "divides by nothing"),
    ((7,), Around(), Decide(1.0), "not clear which output"),
    ((7,), Around(), Decide(1.0, "seen:9"), "no output 'seen:9'"),
    ((7,), Around(), Decide(1.0, "seen"), "say which: --score seen:0"),
    ((7,), Around(), Decide(0.0, "seen:1"), "the normal value itself"),
    ((7,), Around(), Decide(1.0, "seen:1", debounce=0), "under 1 tick"),
])
def test_what_does_not_fit_is_said(shape: tuple[int, ...], around: Around, decide: Decide | None, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(same(shape), around, decide, None)
    assert says in str(caught.value)


def test_names_that_the_step_graph_needs_are_left_to_it() -> None:
    model = model_of([helper.make_node("Identity", ["data"], ["score"]), helper.make_node("Identity", ["data"], ["x"])],
                     (2,), {}, outputs=2)
    assert [p.name for p in build(model, Around(), None, None).signature.outputs] == ["model_score", "model_x"]
    assert [p.name for p in build(model, Around(names={"x": "level"}), None, None).signature.outputs][-1] == "level"


# -- the command line


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(summed((LENGTH, TAGS)).SerializeToString())
    return path


def test_the_command_writes_a_graph_that_graph_show_reads(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.parent / "step.onnx"
    (file.parent / "mean.csv").write_text("1,2,3\n")
    line = f"graph import {file} --window {LENGTH} --mean {file.parent / 'mean.csv'} --threshold 9 --out {out}"
    assert main(line.split()) == 0
    said = capsys.readouterr().out
    assert "3 tags -> masked -> scaled -> windowed -> imported -> chosen -> score -> alarm" in said
    assert main(["graph", "show", str(out)]) == 0
    assert main([*line.split(), "-o", "json"]) == 2  # it is there already
    capsys.readouterr()
    assert main([*line.split()[:-2], "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["outputs"] == {"score": [1], "alarm": [1], "level": [1]}
    assert told["channels"] == TAGS


def test_the_same_from_python(file: Path) -> None:
    graph = bytes_of(file, window=LENGTH, mean=[1, 2, 3], threshold=9.0)
    assert [port.name for port in signature(graph).outputs] == ["score", "alarm", "level"]


@pytest.mark.parametrize(("more", "code", "says"), [
    ("--window 7", 2, "--window: the model takes 24 features"),
    ("--shape 3,x", 2, "--shape: '3,x' is no shape"),
    ("--shape 4,4", 2, "--shape: input data is N x 8 x 3, which 4 x 4 an asset does not fit"),
    ("--mean abc", 2, "--mean: 'abc' is not numbers"),
    ("--mean none.csv", 2, "none.csv: can't be read"),
    ("--name a", 2, "--name: a name is written OLD=NEW"),
    ("--score level", 2, "add --threshold"),
    ("--as fortran", 2, "no foreign is called 'fortran'"),
    ("--as lightgbm", 2, "net.onnx"),
    ("--out {here}/no/step.onnx", 2, "can't be written"),
])
def test_a_wrong_option_is_one_sentence(more: str, code: int, says: str, file: Path,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "import", str(file), *more.format(here=file.parent).split()]) == code
    shown = capsys.readouterr()
    assert not shown.out
    assert says in shown.err
    assert shown.err.startswith("lineshaft: ") and shown.err.count("\n") == 1


def test_operators_that_can_not_be_taken_are_named_with_their_nodes(tmp_path: Path,
                                                                    capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.onnx"
    nodes = [helper.make_node("NonZero", ["data"], ["a"], "places"), helper.make_node("Det", ["a"], ["b"], "size")]
    path.write_bytes(model_of(nodes, (2, 2), {}).SerializeToString())
    assert main(["graph", "import", str(path)]) == 1
    assert "m.onnx: no canonical form is known of Det size, NonZero places" in capsys.readouterr().err


def test_a_step_graph_goes_out_as_nnef_and_comes_back(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    step, folder = file.parent / "step.onnx", file.parent / "step-nnef"
    assert main(["graph", "import", str(file), "--window", str(LENGTH), "--out", str(step)]) == 0
    assert main(["graph", "export", str(step), "--out", str(folder)]) == 0
    assert main(["graph", "import", str(folder / "graph.nnef"), "-o", "json"]) == 0
    capsys.readouterr()
    assert main(["graph", "export", str(step), "--out", str(folder)]) == 2
    assert "exists already" in capsys.readouterr().err
