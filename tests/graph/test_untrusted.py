"""Models from strangers are refused with a sentence: no crash, no hang, no memory beyond what is stated."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from lineshaft.core.errors import LineshaftError, Refused, UsageError
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import problems
from lineshaft.graph.untrusted.limits import Limits
from lineshaft.graph.untrusted.opening import checked, opened, parsed


def valid() -> onnx.ModelProto:
    g = StepBuilder(3)
    window = g.window("window", g.x, 4)
    image = g.reshape(window, (1, 4, 3))
    seen = g.conv(image, np.ones((2, 1, 2, 2)), np.zeros(2))
    best = g.nearest_rows(g.reshape(g.sum(window, axis=1), (4,)), np.eye(4), 2)
    score = g.sum(g.reshape(seen, (12,)))
    return onnx.load_from_string(g.model({"score": score, "rows": best}))


def changed(change: Callable[[onnx.ModelProto], object]) -> onnx.ModelProto:
    model = valid()
    change(model)
    return model


def node(model: onnx.ModelProto, kind: str) -> onnx.NodeProto:
    return next(n for n in model.graph.node if n.op_type == kind)


def constant_of(model: onnx.ModelProto, kind: str, place: int) -> onnx.TensorProto:
    name = node(model, kind).input[place]
    return next(c for c in model.graph.initializer if c.name == name)


def replaced(model: onnx.ModelProto, kind: str, place: int, *values: int) -> None:
    tensor = constant_of(model, kind, place)
    tensor.CopyFrom(numpy_helper.from_array(np.array(values, np.int64), tensor.name))


def attribute(model: onnx.ModelProto, kind: str, name: str, value: object) -> None:
    del node(model, kind).attribute[:]
    node(model, kind).attribute.append(helper.make_attribute(name, value))


ZOO: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "a cycle": (lambda m: node(m, "Conv").input.__setitem__(0, m.graph.output[0].name), "Conv Conv_n.*cycle"),
    "a value made twice": (lambda m: m.graph.node.append(m.graph.node[0]), "makes n0 again"),
    "an initializer twice": (lambda m: m.graph.initializer.append(m.graph.initializer[0]), "is there twice"),
    "an input twice": (lambda m: m.graph.input.append(m.graph.input[0]), "x is there twice"),
    "a custom domain": (lambda m: setattr(node(m, "Conv"), "domain", "com.evil"), "Conv Conv_n.* of com.evil"),
    "a name of control characters": (lambda m: setattr(node(m, "Conv"), "op_type", "Co\x1b[2Jnv"), r"Co\?\[2Jnv"),
    "a tensor that lies about its size": (lambda m: m.graph.initializer[0].dims.append(2**40), "numbers are taken"),
    "a tensor with less than it says": (lambda m: setattr(m.graph.initializer[0], "raw_data", b""), "holds 0"),
    "negative sizes": (lambda m: m.graph.initializer[0].dims.append(-1), "at most"),
    "external data": (lambda m: m.graph.initializer[0].external_data.add(key="location", value="/etc/passwd"),
                      "in another file"),
    "a graph inside a node": (lambda m: node(m, "Conv").attribute.append(helper.make_attribute("g", m.graph)),
                              "a graph of its own"),
    "a wide input": (lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", 2**40), "x is A x"),
    "a window of no step": (lambda m: attribute(m, "Conv", "strides", [0, 0]), "its strides is 0"),
    "a group of none": (lambda m: attribute(m, "Conv", "group", 0), "its group is 0"),
    "an axis that is nowhere": (lambda m: attribute(m, "Concat", "axis", 2**40), "its axis is 1099511627776"),
    "a negative count": (lambda m: replaced(m, "TopK", 1, -4), "TopK .* input 1 is not from 1"),
    "a gigantic shape": (lambda m: replaced(m, "Reshape", 1, 2**31, 2**31), "not a valid ONNX model|numbers"),
    "an input that is missing": (lambda m: node(m, "Conv").input.__delitem__(slice(1, None)), "it has 1 inputs"),
    "an attribute of another kind": (lambda m: attribute(m, "Concat", "axis", "first"), "axis is of another kind"),
    "an attribute that is unknown": (lambda m: node(m, "Conv").attribute.append(
        helper.make_attribute("secret", 1)), "no attribute secret"),
    "a sparse initializer": (lambda m: m.graph.sparse_initializer.add(), "sparse"),
    "a function beside the graph": (lambda m: m.functions.add(name="Add", domain=""), "functions"),
    "an output that is an input": (lambda m: m.graph.output.append(m.graph.input[0]), "output x is an input or a"),
    "an output that is an old state": (lambda m: m.graph.output.insert(0, m.graph.input[2]), "output window is an inp"),
    "no output": (lambda m: m.graph.ClearField("output"), "has no output"),
    "no graph": (lambda m: m.ClearField("graph"), "no graph"),
}


@pytest.mark.parametrize("name", ZOO)
def test_a_hostile_step_graph_is_refused_with_its_node(name: str) -> None:
    change, reason = ZOO[name]
    found = "; ".join(problems(changed(change).SerializeToString()))
    assert re.search(reason, found), found
    assert found.isprintable()


def test_the_graph_they_are_made_of_is_a_step_graph() -> None:
    assert problems(valid().SerializeToString()) == ()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_no_model(share: float) -> None:
    whole = valid().SerializeToString()
    assert problems(whole[:int(len(whole) * share)])


def test_a_small_file_of_countless_messages_is_refused_before_it_is_parsed() -> None:
    bomb = b"\x3a" + _varint(4_000_000) + b"\x0a\x00" * 2_000_000  # two million empty nodes in 4 MB, a GB once parsed
    assert "parts" in problems(bomb)[0]


def test_messages_nested_without_end_are_refused() -> None:
    body = b""
    for _ in range(400):
        body = b"\x32" + _varint(len(body)) + body  # a graph is field 6 of an attribute,
        body = b"\x2a" + _varint(len(body)) + body  # that field 5 of a node,
        body = b"\x0a" + _varint(len(body)) + body  # that field 1 of a graph
    assert "nested" in problems(b"\x3a" + _varint(len(body)) + body)[0]


def test_a_name_that_is_no_text_is_refused() -> None:
    raw = valid().SerializeToString().replace(b"quality", b"qualit\xff")
    assert "UTF-8" in problems(raw)[0]


def test_a_graph_that_computes_more_than_fits_is_refused_by_its_node() -> None:
    g = StepBuilder(2)
    wide = g.multiply(g.reshape(g.x, (2, 1, 1)), np.ones((2, 12_000, 1)))
    huge = g.multiply(wide, np.ones((1, 1, 12_000)))
    assert any("Mul Mul_n2 makes" in one for one in problems(g.model({"score": g.sum(huge)})))


def test_a_state_of_control_characters_is_named_without_them() -> None:
    model = changed(lambda m: setattr(m.graph.input[2].type.tensor_type, "elem_type", TensorProto.DOUBLE))
    found = problems(model.SerializeToString().replace(b"window", b"win\x1bow"))
    assert "win?ow is not float32 with a symbolic asset axis and static shape" in found


def test_a_tensor_without_numbers_is_refused_since_a_runtime_may_end_the_process_over_it() -> None:
    g = StepBuilder(3)
    nothing = g.op("Slice", [g.x, *(g.constant([place], np.int64) for place in (1, 1, 1))], (0,))
    made = g.model({"score": g.op("ReduceSum", [nothing, g.constant([1], np.int64)], (1,), keepdims=1)})
    assert "Slice Slice_n0 makes nothing: one of its axes has no places" in problems(made)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_change_of_bytes_gets_through_without_a_sentence_or_a_sound_graph(data: st.DataObject) -> None:
    raw = bytearray(valid().SerializeToString())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(raw) - 1))
        action = data.draw(st.sampled_from(("set", "insert", "delete", "copy")))
        if action == "set":
            raw[place] = data.draw(st.integers(0, 255))
        elif action == "insert":
            raw[place:place] = data.draw(st.binary(max_size=6))
        elif action == "delete":
            del raw[place:place + data.draw(st.integers(1, 6))]
        else:
            raw[place:place] = raw[place:place + data.draw(st.integers(1, 40))]
    assert all(one.isprintable() and one for one in problems(bytes(raw)))


def external(folder: Path, location: str, **more: str) -> Path:
    model = valid()
    tensor = model.graph.initializer[0]
    raw = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=value)
    folder.mkdir(exist_ok=True)
    (folder / "weights.bin").write_bytes(raw)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder / "model.onnx"


def test_data_beside_the_model_is_brought_in(tmp_path: Path) -> None:
    assert opened(external(tmp_path / "m", "weights.bin")).graph.initializer[0] == valid().graph.initializer[0]


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "link", "C:\\x", "a/../../secret", "", "absent",
                                      "linked/secret"])
def test_data_outside_of_the_models_folder_is_refused(tmp_path: Path, location: str) -> None:
    (tmp_path / "secret").write_bytes(b"0" * 64)
    path = external(tmp_path / "m", location)
    (tmp_path / "m" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "m" / "linked").symlink_to(tmp_path)
    with pytest.raises(LineshaftError, match=r"outside|leads out|missing"):
        opened(path)


@pytest.mark.parametrize("more", [{"offset": "-4"}, {"offset": "999999"}, {"length": "99999999999"},
                                  {"offset": "x"}])
def test_data_that_is_not_there_is_refused(tmp_path: Path, more: dict[str, str]) -> None:
    with pytest.raises(Refused, match=r"beyond the end|no number"):
        opened(external(tmp_path / "m", "weights.bin", **more))


def function(name: str, *calls: str) -> onnx.FunctionProto:
    nodes = [helper.make_node(call, [f"v{i}"], [f"v{i + 1}"], domain="own") for i, call in enumerate(calls)]
    nodes = nodes or [helper.make_node("Relu", ["v0"], ["v1"])]
    return helper.make_function("own", name, ["v0"], [f"v{len(nodes)}"], nodes,
                                [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)])


def calling(*functions: onnx.FunctionProto) -> onnx.ModelProto:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["A", 2])
    graph = helper.make_graph([helper.make_node(functions[-1].name, ["x"], ["y"], domain="own")], "g", [value],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["A", 2])])
    return helper.make_model(graph, functions=list(functions), ir_version=10,
                             opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("own", 1)])


def test_functions_are_written_out() -> None:
    plain = checked(calling(function("f"), function("g", "f", "f")))
    assert [n.op_type for n in plain.graph.node] == ["Relu", "Relu"]


def test_functions_that_stand_for_billions_of_nodes_are_refused() -> None:
    levels = [function("f0")] + [function(f"f{i}", *[f"f{i - 1}"] * 10) for i in range(1, 30)]
    with pytest.raises(Refused, match="stand for"):
        checked(calling(*levels))


def test_a_function_that_calls_itself_is_refused() -> None:
    with pytest.raises(Refused, match="calls itself"):
        checked(calling(function("f", "g"), function("g", "f")))


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(valid().SerializeToString())
    with pytest.raises(Refused, match="at most 100 are read"):
        opened(path, Limits(file_bytes=100))


def test_what_is_no_model_is_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_text("<html>not found</html>")
    with pytest.raises(UsageError, match=r"m.onnx: not a valid ONNX model"):
        opened(tmp_path / "m.onnx")
    with pytest.raises(UsageError):
        parsed(b"\x00" * 10)


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])
