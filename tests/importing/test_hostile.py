"""Foreign files that mean harm: refused with a sentence and the node, in little time and memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper
from tests.importing.through import model_of

from lineshaft.app.importing import import_model
from lineshaft.core.errors import LineshaftError, Refused
from lineshaft.graph.importing.forest import Forest


def i64(*values: int) -> Any:
    return np.array(values, np.int64)


def node(kind: str, inputs: str, out: str, **more: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), out.split(), f"the_{kind}", **more)


BOMBS = {
    "ConstantOfShape": ([node("ConstantOfShape", "s", "z"), node("Add", "data z", "out")], {"s": i64(1, 2**40)}),
    "Expand": ([node("Expand", "data s", "out")], {"s": i64(1, 2**20, 2**20, 4)}),
    "Expand of a constant": ([node("Expand", "c s", "z"), node("Add", "data z", "out")],
                             {"c": np.ones(1, np.float32), "s": i64(2**33, 4)}),
    "Tile": ([node("Tile", "data s", "out")], {"s": i64(1, 2**40)}),
    "Tile of a constant": ([node("Tile", "c s", "z"), node("Add", "data z", "out")],
                           {"c": np.ones(4, np.float32), "s": i64(2**40)}),
    "Range": ([node("Range", "a b c", "r"), node("Add", "data r", "out")],
              {"a": np.array(0, np.int64), "b": np.array(2**50, np.int64), "c": np.array(1, np.int64)}),
    "Resize": ([node("Unsqueeze", "data one", "w"), node("Resize", "w  s".replace("  ", " nothing "), "out",
                                                         mode="nearest")],
               {"one": i64(1), "nothing": np.zeros(0, np.float32), "s": np.array([1, 1, 1e9], np.float32)}),
    "Pad": ([node("Pad", "data p", "out")], {"p": i64(0, 2**40, 0, 2**40)}),
    "OneHot": ([node("ArgMax", "data", "i", axis=1), node("OneHot", "i d v", "out")],
               {"d": np.array(2**40, np.int64), "v": np.array([0, 1], np.float32)}),
    "MatMul": ([node("MatMul", "a b", "c"), node("Add", "data c", "out")],
               {"a": np.ones((2**15, 1), np.float32), "b": np.ones((1, 2**15), np.float32)}),
    "Reshape": ([node("Reshape", "data s", "out")], {"s": i64(-1, 2**62, 2**62)}),
    "ArrayFeatureExtractor": ([node("ArrayFeatureExtractor", "data i", "out", domain="ai.onnx.ml")],
                              {"i": i64(10**9)}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_gigantic_shape_is_refused_by_its_node(name: str, tmp_path: Path) -> None:
    nodes, constants = BOMBS[name]
    path = tmp_path / "m.onnx"
    path.write_bytes(model_of(nodes, (4,), constants).SerializeToString())
    kind = name.split(maxsplit=1)[0]
    with pytest.raises(LineshaftError, match=rf"m\.onnx: .*{kind} the_{kind}"):
        import_model(path)


def small_network() -> bytes:
    model = model_of([
        node("Conv", "data w", "c", pads=[1, 1]), node("Relu", "c", "r"), node("GlobalAveragePool", "r", "p"),
        node("Flatten", "p", "f"), node("Gemm", "f v b", "g", transB=1), node("Softmax", "g", "out", axis=1)],
        (2, 6), {"w": np.ones((3, 2, 3), np.float32), "v": np.ones((2, 3), np.float32), "b": np.zeros(2, np.float32)})
    return bytes(model.SerializeToString())


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_file_is_read_or_refused_with_a_sentence(data: st.DataObject, tmp_path: Path) -> None:
    raw = bytearray(small_network())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "m.onnx"
    path.write_bytes(raw)
    try:
        import_model(path)
    except LineshaftError as error:
        assert "m.onnx" in str(error)
        assert str(error).isprintable()


def forest(**changes: Any) -> Forest:
    """One test with two leaves."""
    parts: dict[str, Any] = {
        "tree": i64(0, 0, 0), "number": i64(0, 1, 2), "feature": i64(0, 0, 0),
        "threshold": np.zeros(3, np.float32), "mode": ["BRANCH_LEQ", "LEAF", "LEAF"], "yes": i64(1, 0, 0),
        "no": i64(2, 0, 0), "missing": i64(0, 0, 0), "leaf_tree": i64(0, 0), "leaf_number": i64(1, 2),
        "target": i64(0, 0), "weight": np.ones(2, np.float32)}
    return Forest(**(parts | changes))


@pytest.mark.parametrize(("changes", "says"), [
    ({"yes": i64(0, 0, 0)}, "circle|parent"), ({"yes": i64(9, 0, 0)}, "nowhere"), ({"yes": i64(2, 0, 0)}, "parent"),
    ({"number": i64(0, 1, 1)}, "same number"), ({"leaf_number": i64(0, 2)}, "no leaf"),
    ({"mode": ["BRANCH_EQ", "LEAF", "LEAF"]}, "of the kind BRANCH_EQ"), ({"tree": i64(0, 0)}, "different lengths"),
    ({"threshold": np.array([np.nan, 0, 0], np.float32)}, "not finite"),
    ({"mode": ["LEAF"] * 3, "leaf_number": i64(1, 2)}, "two roots")])
def test_trees_that_are_no_trees_are_refused(changes: dict[str, Any], says: str) -> None:
    assert forest().attributes()["nodes_modes"] == ["BRANCH_LEQ", "LEAF", "LEAF"]
    with pytest.raises(Refused, match=says):
        forest(**changes).attributes()


@pytest.mark.parametrize("cut", [0.4, 0.7])
def test_a_lightgbm_text_that_is_cut_off_is_not_taken_for_a_smaller_model(cut: float, tmp_path: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    x = np.random.default_rng(0).normal(size=(300, 4))
    text = lightgbm.train({"verbose": -1, "num_leaves": 7}, lightgbm.Dataset(x, x[:, 0]), 20).model_to_string()
    (tmp_path / "cut.lgb").write_text(text[:int(text.index("end of trees") * cut)], "utf-8")
    with pytest.raises(Refused, match="cut off"):
        import_model(tmp_path / "cut.lgb")
