"""Every foreign operator computes what ONNX Runtime says that it does, in canonical operators only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import helper
from tests.importing.through import gap, model_of, referenced, stepped, taken

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.check import problems
from lineshaft.graph.importing.registry import handlers

RANDOM = np.random.default_rng(5)
Constants = dict[str, Any]
CASES: list[Any] = []


def f32(*shape: int) -> NDArray[np.float32]:
    return RANDOM.normal(size=shape).astype(np.float32)


def f32s(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def i64(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def case(kind: str, shape: Sequence[int], *more: str, opset: int = 18, name: str = "", positive: bool = False,
         domain: str = "", constants: Constants | None = None, **attributes: Any) -> None:
    """One operator of ``data`` and of constants named ``more``."""
    node = helper.make_node(kind, ["data", *more], ["out"], "op", domain=domain, **attributes)
    CASES.append(pytest.param([node], tuple(shape), constants or {}, opset, positive, id=f"{kind} {name}{opset}"))


for _kind in ("Abs Ceil Cos Erf Exp Floor Neg Relu Round Sigmoid Sign Sin Tanh Reciprocal LeakyRelu Elu Celu Selu "
              "HardSigmoid HardSwish Softplus Softsign ThresholdedRelu Mish Softmax LogSoftmax Shrink Hardmax Identity "
              "Dropout").split():
    case(_kind, (3, 5))
case("Sqrt", (4,), positive=True)
case("Log", (4,), positive=True)
case("Gelu", (4,), opset=20)
case("Gelu", (4,), opset=20, name="tanh ", approximate="tanh")
case("LeakyRelu", (4,), name="own slope ", alpha=0.3)
case("PRelu", (3, 4), "slope", constants={"slope": f32(3, 1)})
case("Clip", (4,), "low", "high", constants={"low": np.float32(-0.5), "high": np.float32(0.5)})
case("Clip", (4,), opset=9, name="attributes ", min=-0.3, max=0.2)
case("Clip", (4,), "", "high", name="one side ", constants={"high": np.float32(0.5)})
for _kind in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean"):
    case(_kind, (3, 4), "c", constants={"c": f32(3, 1) + 3})
case("Pow", (4,), "c", constants={"c": np.float32(2)})
case("Mod", (4,), "c", name="fmod ", constants={"c": np.float32(0.7)}, fmod=1)
case("Mul", (4,), "c", name="a constant of more axes ", constants={"c": f32(1, 4)})
case("MatMul", (3, 4), "w", constants={"w": f32(4, 2)})
case("MatMul", (3, 4), "w", name="a stack ", constants={"w": f32(1, 3, 4, 2)[0, :1]})
case("MatMul", (4,), "w", name="a vector ", constants={"w": f32(4)})
case("Gemm", (4,), "w", "b", constants={"w": f32(2, 4), "b": f32(2)}, transB=1, alpha=0.5, beta=2.0)
case("Einsum", (3, 4), "w", constants={"w": f32(4, 3, 2)}, equation="btc,ctk->bk")
case("Einsum", (3, 4), "w", name="batched ", constants={"w": f32(3, 4, 2)}, equation="btc,tck->btk")
for _kind in ("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "ReduceL1", "ReduceL2", "ReduceSumSquare",
              "ReduceLogSumExp", "ReduceProd"):
    case(_kind, (3, 4), "a", constants={"a": i64(1, -1)}, keepdims=0)
    case(_kind, (3, 4), "a", name="kept ", constants={"a": i64(2)})
case("ReduceMean", (3, 4), opset=13, name="attribute ", axes=[1])
case("ReduceSum", (3, 4), opset=11, name="attribute ", axes=[-1], keepdims=0)
case("Softmax", (3, 4), opset=11, name="over all axes ")
case("Softmax", (3, 4), name="another axis ", axis=1)
case("LogSoftmax", (3, 4), name="another axis ", axis=1)
case("LpNormalization", (4,), p=1)
case("LpNormalization", (4,), p=2, name="length ")
case("GlobalAveragePool", (3, 4, 5))
case("GlobalMaxPool", (3, 4, 5))
for _axes, _shape in (((0, 2, 1), (3, 4)), ((0, 3, 1, 2), (2, 3, 4))):
    case("Transpose", _shape, name=f"{len(_shape)} ", perm=list(_axes))
case("Flatten", (3, 4))
case("Reshape", (3, 4), "s", constants={"s": i64(-1, 4, 3)})
case("Reshape", (3, 4), "s", name="zeros ", constants={"s": i64(0, 2, -1)})
case("Squeeze", (1, 4), "a", constants={"a": i64(1)})
case("Squeeze", (1, 4), opset=11, name="attribute ", axes=[1])
case("Unsqueeze", (4,), "a", constants={"a": i64(1, -1)})
case("Unsqueeze", (4,), opset=11, name="attribute ", axes=[2])
case("Expand", (1, 4), "s", constants={"s": i64(1, 3, 4)})
case("Tile", (2, 3), "s", constants={"s": i64(1, 2, 3)})
case("DepthToSpace", (8, 2, 3), blocksize=2)
case("DepthToSpace", (8, 2, 3), name="CRD ", blocksize=2, mode="CRD")
case("SpaceToDepth", (2, 4, 6), blocksize=2)
case("Gather", (5, 3), "i", constants={"i": i64(3, 0, -1)}, axis=1)
case("Gather", (5, 3), "i", name="one ", constants={"i": np.array(2, np.int64)}, axis=1)
case("Gather", (5, 3), "i", name="a table ", constants={"i": i64(1, 2, 3, 0).reshape(2, 2)}, axis=1)
case("Slice", (6, 3), "s", "e", "a", constants={"s": i64(1), "e": i64(5), "a": i64(1)})
case("Slice", (6, 3), "s", "e", "a", "t", name="backwards ",
     constants={"s": i64(-1), "e": i64(-2**63), "a": i64(1), "t": i64(-2)})
case("Slice", (6, 3), opset=9, name="attributes ", starts=[1, 0], ends=[100, 2], axes=[1, 2])
case("Concat", (2, 3), "data", constants={}, axis=2)
case("Pad", (4, 3), "p", constants={"p": i64(0, 1, 0, 0, 2, 1)})
case("Pad", (4, 3), "p", name="edge ", constants={"p": i64(0, 1, 1, 0, 2, 0)}, mode="edge")
case("Pad", (4, 3), "p", name="cut ", constants={"p": i64(0, -1, 0, 0, 2, 0)})
case("Pad", (4, 3), opset=10, name="attribute ", pads=[0, 1, 0, 0, 0, 1], value=2.0)
case("CumSum", (4, 3), "a", constants={"a": np.array(1, np.int64)})
case("CumSum", (4,), "a", name="from behind ", constants={"a": np.array(1, np.int64)}, reverse=1, exclusive=1)
case("BatchNormalization", (3, 4), "s", "b", "m", "v",
     constants={"s": f32(3), "b": f32(3), "m": f32(3), "v": np.abs(f32(3)) + 0.1})
case("LayerNormalization", (3, 4), "s", "b", constants={"s": f32(4), "b": f32(4)})
case("LayerNormalization", (3, 4), "s", name="two axes ", constants={"s": f32(3, 4)}, axis=1)
case("InstanceNormalization", (3, 5), "s", "b", constants={"s": f32(3), "b": f32(3)})
case("GroupNormalization", (4, 5), "s", "b", opset=21, constants={"s": f32(4), "b": f32(4)}, num_groups=2)
case("MeanVarianceNormalization", (3, 4, 5), axes=[2, 3])
case("LRN", (6, 3, 3), size=3, alpha=0.1)
case("Conv", (2, 8), "w", "b", constants={"w": f32(3, 2, 3), "b": f32(3)}, pads=[1, 1], strides=[2])
case("Conv", (2, 7, 8), "w", name="same ", constants={"w": f32(3, 2, 3, 3)}, auto_pad="SAME_UPPER", strides=[2, 2])
case("Conv", (2, 7, 8), "w", name="lower ", constants={"w": f32(3, 2, 2, 2)}, auto_pad="SAME_LOWER")
case("Conv", (4, 9), "w", name="dilated groups ", constants={"w": f32(4, 1, 3)}, group=4, dilations=[2])
case("ConvTranspose", (2, 5), "w", "b", constants={"w": f32(2, 3, 4), "b": f32(3)}, strides=[2], pads=[1, 1])
case("ConvTranspose", (4, 3, 4), "w", name="groups ", constants={"w": f32(4, 1, 3, 3)}, group=2, strides=[2, 1],
     output_padding=[1, 0], dilations=[1, 2])
case("ConvTranspose", (2, 5), "w", name="same ", constants={"w": f32(2, 3, 3)}, strides=[2], auto_pad="SAME_UPPER")
for _kind in ("MaxPool", "AveragePool"):
    case(_kind, (2, 7, 8), kernel_shape=[3, 2], strides=[2, 2])
    case(_kind, (2, 7, 8), name="rounded up ", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, opset=19)
    case(_kind, (2, 7, 8), name="padded ", kernel_shape=[3, 3], pads=[1, 1, 1, 0], strides=[2, 1])
    case(_kind, (2, 7), name="same ", kernel_shape=[3], strides=[2], auto_pad="SAME_UPPER")
case("AveragePool", (2, 7, 8), name="counting pads ", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
for _mode in ("nearest", "linear"):
    case("Resize", (2, 4, 5), "", "s", name=f"{_mode} ", constants={"s": f32s(1, 1, 2, 1.6)}, mode=_mode,
         coordinate_transformation_mode="half_pixel" if _mode == "linear" else "asymmetric", nearest_mode="floor")
case("Resize", (2, 4), "", "s", name="corners ", constants={"s": f32s(1, 1, 1.75)}, mode="linear",
     coordinate_transformation_mode="align_corners")
case("Scaler", (4,), domain="ai.onnx.ml", offset=[0.1, 0.2, 0.3, 0.4], scale=[2.0, 1.0, 3.0, 0.5])
for _norm in ("MAX", "L1", "L2"):
    case("Normalizer", (4,), name=f"{_norm} ", domain="ai.onnx.ml", norm=_norm)
case("Binarizer", (4,), domain="ai.onnx.ml", threshold=0.2)
case("FeatureVectorizer", (4,), domain="ai.onnx.ml", inputdimensions=[4])
case("LinearRegressor", (4,), domain="ai.onnx.ml", coefficients=f32(8).tolist(), intercepts=[1.0, 2.0], targets=2)


@pytest.mark.parametrize(("nodes", "shape", "constants", "opset", "positive"), CASES)
def test_an_operator_is_said_in_canonical_ones(nodes: Any, shape: tuple[int, ...], constants: Constants, opset: int,
                                               positive: bool) -> None:
    model = model_of(nodes, shape, constants, opset)
    x = RANDOM.normal(size=(3, *shape)).astype(np.float32)
    x = np.abs(x) if positive else x
    made = taken(model)
    assert problems(made.graph) == ()
    wanted = execute(model.SerializeToString(), {"data": x})["out"]
    assert gap(stepped(made, x)["out"], wanted) < 1e-5
    assert gap(referenced(made, x)["out"], wanted) < 1e-5


def node(kind: str, inputs: str, out: str, **attributes: Any) -> Any:
    return helper.make_node(kind, inputs.split(), out.split(), out.split(maxsplit=1)[0], **attributes)


CHAINS: dict[str, tuple[tuple[int, ...], list[Any], Constants]] = {
    "sizes that are computed": ((3, 4), [
        node("Shape", "data", "s"), node("Gather", "s zero", "n"), node("Unsqueeze", "n first", "n1"),
        node("Concat", "n1 rest", "t", axis=0), node("Reshape", "data t", "out")],
        {"zero": np.array(0, np.int64), "first": i64(0), "rest": i64(-1)}),
    "assets moved behind time and back": ((3, 4), [
        node("Transpose", "data", "t", perm=[1, 0, 2]), node("Add", "t c", "u"), node("MatMul", "u w", "v"),
        node("Slice", "v a b ax", "l"), node("Squeeze", "l ax", "m"), node("Relu", "m", "out")],
        {"c": f32(3, 1, 4), "w": f32(4, 2), "a": i64(2), "b": i64(3), "ax": i64(0)}),
    "assets joined with time and parted again": ((3, 4), [
        node("Shape", "data", "s"), node("Gather", "s zero", "n"), node("Mul", "n three", "nt"),
        node("Unsqueeze", "nt first", "nt1"), node("Concat", "nt1 width", "t", axis=0),
        node("Reshape", "data t", "rows"),
        node("Gemm", "rows w b", "made"), node("Tanh", "made", "curved"), node("Unsqueeze", "n first", "n1"),
        node("Concat", "n1 back", "u", axis=0), node("Reshape", "curved u", "out")],
        {"zero": np.array(0, np.int64), "three": np.array(3, np.int64), "first": i64(0), "width": i64(4),
         "w": f32(4, 2), "b": f32(2), "back": i64(3, 2)}),
    "a choice between two": ((4,), [
        node("Greater", "data c", "up"), node("Less", "data d", "down"), node("Or", "up down", "far"),
        node("Not", "far", "near"), node("And", "near near", "same"), node("Where", "same data d", "out")],
        {"c": np.float32(0.5), "d": np.float32(-0.5)}),
    "a test as a number": ((4,), [
        node("GreaterOrEqual", "data c", "a"), node("LessOrEqual", "data c", "b"), node("Xor", "a b", "x"),
        node("Cast", "x", "out", to=1)], {"c": np.float32(0.1)}),
    "whole numbers": ((4,), [
        node("Cast", "data", "i", to=7), node("Div", "i two", "half"), node("Equal", "half zero", "none"),
        node("Cast", "none", "n", to=1), node("Cast", "i", "f", to=1), node("Add", "f n", "out")],
        {"two": i64(2), "zero": i64(0)}),
    "places of the largest and the smallest": ((2, 5), [
        node("ArgMax", "data", "i", axis=2, keepdims=0), node("ArgMin", "data", "j", axis=-1, keepdims=0),
        node("Add", "i j", "k"), node("Cast", "k", "out", to=1)], {}),
    "the few that are smallest": ((5, 2), [
        node("TopK", "data k", "v i", axis=1, largest=0), node("Cast", "i", "f", to=1), node("Add", "v f", "out")],
        {"k": i64(3)}),
    "a row of a table": ((4,), [
        node("ArgMax", "data", "i", axis=1, keepdims=0), node("Gather", "table i", "out")], {"table": f32(4, 3)}),
    "one of several": ((4,), [
        node("ArgMax", "data", "i", axis=1, keepdims=0), node("OneHot", "i depth values", "out")],
        {"depth": np.array(4, np.int64), "values": f32s(0.5, 2.0)}),
    "parts that are joined in another order": ((6,), [
        node("Split", "data", "a b c", axis=1, num_outputs=3), node("Concat", "c a b", "out", axis=1)], {}),
    "a constant of zeros joined on": ((2, 3), [
        node("Shape", "data", "s"), node("ConstantOfShape", "s", "z"), node("Concat", "data z", "out", axis=2)], {}),
    "numbers that were quantised": ((3, 4), [
        node("QuantizeLinear", "data s z", "q"), node("DequantizeLinear", "q s z", "x"),
        node("DequantizeLinear", "w ws wz", "v", axis=1), node("MatMul", "x v", "out")],
        {"s": np.float32(0.05), "z": np.uint8(128), "w": RANDOM.integers(-99, 99, (4, 2)).astype(np.int8),
         "ws": f32s(0.1, 0.2), "wz": np.array([0, 1], np.int8)}),
    "a logarithm of a sum": ((4,), [
        node("Exp", "data", "e"), node("ReduceLogSum", "e a", "out", keepdims=0)], {"a": i64(1)}),
    "time backwards": ((5, 3), [
        node("ReverseSequence", "data n", "r", batch_axis=0, time_axis=1), node("Relu", "r", "out")],
        {"n": i64(5, 5, 5)}),
    "categories that are numbers": ((3,), [
        node("Floor", "data", "f"), node("Cast", "f", "i", to=7),
        node("LabelEncoder", "i", "e", domain="ai.onnx.ml", keys_int64s=[-1, 0, 1], values_int64s=[7, 8, 9],
             default_int64=5),
        node("OneHotEncoder", "e", "h", domain="ai.onnx.ml", cats_int64s=[5, 7, 9]), node("Abs", "h", "out")], {}),
    "imputed values": ((3,), [
        node("Log", "data", "l"), node("Imputer", "l", "out", domain="ai.onnx.ml", replaced_value_float=float("nan"),
                                       imputed_value_floats=[1.0, 2.0, 3.0])], {}),
    "features that are picked": ((4,), [
        node("ArrayFeatureExtractor", "data i", "p", domain="ai.onnx.ml"), node("Neg", "p", "out")], {"i": i64(2, 0)}),
    "missing values": ((4,), [
        node("Log", "data", "l"), node("IsNaN", "l", "m"), node("Where", "m zero l", "out")], {"zero": np.float32(0)}),
}


@pytest.mark.parametrize("name", CHAINS)
def test_operators_that_work_together(name: str) -> None:
    shape, nodes, constants = CHAINS[name]
    model = model_of(nodes, shape, constants)
    x = f32(3, *shape)
    made = taken(model)
    wanted = execute(model.SerializeToString(), {"data": x})["out"]
    assert gap(stepped(made, x)["out"], wanted) < 1e-5
    if "QuantizeLinear" not in made.after:  # onnx's reference evaluator has none of opset 18
        assert gap(referenced(made, x)["out"], wanted) < 1e-5


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_a_recurrent_network_is_written_out_tick_by_tick(kind: str, direction: str) -> None:
    gates, ways = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind], 2 if direction == "bidirectional" else 1
    constants = {"w": f32(ways, gates * 3, 4), "r": f32(ways, gates * 3, 3), "b": f32(ways, gates * 6),
                 "h": f32(ways, 1, 3)}
    more = {"linear_before_reset": 1} if kind == "GRU" and direction == "reverse" else {}
    model = model_of([
        node("Transpose", "data", "t", perm=[1, 0, 2]), node("Shape", "data", "s"), node("Slice", "s zero one", "n"),
        node("Concat", "ways n size", "hs", axis=0), node("Expand", "h hs", "first"),
        helper.make_node(kind, ["t", "w", "r", "b", "", "first"], ["y", "last"], "cell", hidden_size=3,
                         direction=direction, **more),
        node("Transpose", "y", "out", perm=[2, 0, 1, 3]), node("Transpose", "last", "end", perm=[1, 0, 2])],
        (5, 4), constants | {"zero": i64(0), "one": i64(1), "ways": i64(ways), "size": i64(3)}, outputs=2)
    x = f32(3, 5, 4)
    made = taken(model)
    wanted = execute(model.SerializeToString(), {"data": x})
    for name in ("out", "end"):
        assert gap(stepped(made, x)[name], wanted[name]) < 1e-5
        assert gap(referenced(made, x)[name], wanted[name]) < 1e-5


def test_every_known_operator_has_a_case_or_a_test_of_its_own() -> None:
    tried = {param.values[0][0].op_type for param in CASES}
    tried |= {one.op_type for _, nodes, _ in CHAINS.values() for one in nodes}
    elsewhere = set("CastLike Constant Upsample Swish RMSNormalization TreeEnsemble TreeEnsembleRegressor "
                    "TreeEnsembleClassifier LinearClassifier SVMRegressor SVMClassifier ZipMap LSTM GRU RNN CDist "
                    "Erfc".split())
    assert {kind for _, kind in handlers()} - tried - elsewhere == set()
