"""The core as hls4ml's layers, each with its fixed-point types.

hls4ml keeps channels last, ONNX first: tensors with space are kept turned, and turned back where they are flattened.
Binary points come of interval analysis: a type holds every value that can occur, to as many binary places as its width
leaves; what only a look-up table reads saturates at the table's edge.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from lineshaft.backend._hls.bounds import Interval
from lineshaft.backend._hls.estimate import UNROLLED, Work, reuse_of_stored
from lineshaft.backend._hls.fixed import Fixed, holding, summing
from lineshaft.backend._hls.graph import StepView
from lineshaft.backend._hls.options import Options
from lineshaft.backend._hls.region import Region
from lineshaft.graph.operators import attributes

INPUT = "features"
EDGE = 7.999  # hls4ml's tables end at 4 (tanh) and 8 (sigmoid)
TABLES = frozenset({"Tanh", "Sigmoid"})
Numbers = NDArray[np.float64]


@dataclass(slots=True)
class Core:
    """Layers and their settings as hls4ml wants them, what each does, and the layer that gives each result."""

    layers: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    work: list[Work] = field(default_factory=list)
    results: list[str] = field(default_factory=list)


def core(view: StepView, region: Region, bounds: Mapping[str, Interval], options: Options) -> Core:
    """All layers of a region; ``bounds`` are those of its tensors, the source already saturated."""
    writer = _Writer(view, region, bounds, options)
    for node in region.nodes:
        if node.output[0] not in writer.names:  # a bias is part of the layer before it
            _LAYERS[node.op_type](writer, node)
    writer.core.results = [writer.names[name] for name in region.results]
    return writer.core


def turned(shape: tuple[int, ...]) -> list[int]:
    """[channels, *space] as [*space, channels]."""
    return [*shape[1:], *shape[:1]]


class _Writer:
    """Layers in the making; tensors by their ONNX names."""

    def __init__(self, view: StepView, region: Region, bounds: Mapping[str, Interval], options: Options) -> None:
        self.view, self.region, self.bounds, self.options = view, region, dict(bounds), options
        self.core, self.names, self.types = Core(), {region.source: INPUT}, {region.source: self._type(region.source)}
        self.core.layers.append({"class_name": "InputLayer", "name": INPUT,
                                 "input_shape": turned(self.shape(region.source))})
        self.core.settings[INPUT] = {"Precision": {"result": str(self.types[region.source])}}

    def shape(self, tensor: str) -> tuple[int, ...]:
        return self.view.shape(tensor) or ()

    def number(self, name: str) -> Numbers:
        return np.asarray(self.view.constants[name], np.float64)

    def farthest(self, tensor: str) -> Numbers:
        """The largest magnitude of each element."""
        interval = self.bounds[tensor]
        found: Numbers = np.maximum(np.abs(interval.low), np.abs(interval.high))[0]
        return found

    def with_bias(self, node: onnx.NodeProto, bias: Numbers) -> tuple[str, Numbers]:
        """The tensor that a layer with weights makes, and its bias: an ``Add`` that alone reads it is part of it."""
        readers, made = self.view.read_by.get(node.output[0], []), node.output[0]
        if made in self.region.results or len(readers) != 1 or readers[0].op_type != "Add":
            return made, bias
        add = readers[0]
        if add not in self.region.nodes or len(self.view.moving(add)) != 1:
            return made, bias
        other = next(name for name in add.input if name != made)
        return add.output[0], bias + self.number(other).reshape(-1)

    def put(self, kind: str, label: str, inputs: list[str], tensor: str, details: Mapping[str, Any], work: Work, *,
            types: Mapping[str, str] | None = None, settings: Mapping[str, Any] | None = None) -> None:
        """One layer that makes ``tensor``."""
        name = f"{label}_{len(self.core.layers)}"
        self.core.layers.append({"class_name": kind, "name": name, "inputs": [self.names[i] for i in inputs],
                                 "outputs": [name], **details})
        self.names[tensor], self.types[tensor] = name, self._type(tensor)
        self.core.settings[name] = {"Precision": {"result": str(self.types[tensor]), **(types or {})},
                                    **(settings or {})}
        self.core.work.append(work)

    def alike(self, tensor: str, other: str) -> None:
        """``tensor`` holds what ``other`` does, in another order."""
        self.bounds.setdefault(tensor, self.bounds[other])

    def weigh(self, kind: str, label: str, source: str, made: str, details: Mapping[str, Any], bias: Numbers,
              sums: float, work: Work) -> None:
        """A layer with weights; ``sums`` is the most that its products and its bias add up to."""
        weights = np.asarray(details["weight_data"])
        w = holding(float(np.abs(weights).max()), self.options.weight_width)
        b = holding(float(np.abs(bias).max()), self.options.width)
        accumulator = summing(sums, max(self.types[source].places + w.places, b.places), self._type(made).places)
        work = replace(work, weights=int(np.count_nonzero(weights)), reuse=self.options.reuse)
        settings: dict[str, Any] = {}
        if weights.size > UNROLLED:
            work = replace(work, stored=weights.size, reuse=reuse_of_stored(work.n_in, self.options.reuse))
            settings = {"Strategy": "Resource", "ReuseFactor": work.reuse}
        self.put(kind, label, [source], made, {**details, "bias_data": bias}, work, settings=settings,
                 types={"weight": str(w), "bias": str(b), "accum": accumulator})

    def _type(self, tensor: str) -> Fixed:
        far = float(self.farthest(tensor).max())
        readers = self.view.read_by.get(tensor, [])
        if readers and all(r.op_type in TABLES and r in self.region.nodes for r in readers):
            far = min(far, EDGE)
        return holding(far, self.options.width)


def _dense(writer: _Writer, node: onnx.NodeProto) -> None:
    weights, source = writer.number(node.input[1]), node.input[0]
    n_in, n_out = weights.shape
    made, bias = writer.with_bias(node, np.zeros(n_out))
    sums = float((writer.farthest(source) @ np.abs(weights) + np.abs(bias)).max())
    writer.weigh("Dense", "dense", source, made, {"n_in": n_in, "n_out": n_out, "weight_data": weights},
                 bias, sums, Work(n_in))


def _conv(writer: _Writer, node: onnx.NodeProto) -> None:
    weights, source = writer.number(node.input[1]), node.input[0]
    n_filt, n_chan, *kernel = weights.shape
    made, bias = writer.with_bias(node, writer.number(node.input[2]) if len(node.input) > 2 else np.zeros(n_filt))
    places = writer.shape(node.output[0])[1:]
    sums = float((np.abs(weights).reshape(n_filt, -1).sum(axis=1) * writer.farthest(source).max() + np.abs(bias)).max())
    writer.weigh(f"Conv{len(kernel)}D", "conv", source, made, {
        **_window(writer.shape(source)[1:], places, node, "filt"), "n_chan": n_chan, "n_filt": n_filt,
        "weight_data": weights.transpose(*range(2, weights.ndim), 1, 0)},
        bias, sums, Work(n_chan * math.prod(kernel), math.prod(places)))


def _pool(writer: _Writer, node: onnx.NodeProto) -> None:
    (source,), made = node.input, node.output[0]
    n_filt, *space = writer.shape(source)
    places = writer.shape(made)[1:]
    size = _window(tuple(space), places, node, "pool")
    if len(space) == 1:
        size |= {"n_in": space[0], "n_out": places[0]}
    cells = math.prod(_list(attributes(node).get("kernel_shape"), len(space), 1))
    kept = writer.types[source].places
    writer.put(f"{node.op_type.removesuffix('Pool')}Pooling{len(space)}D", "pool", [source], made,
               {**size, "n_filt": n_filt, "count_pad": True}, Work(cells, math.prod(places)),
               types={"accum": summing(float(writer.farthest(source).max()) * cells, kept, kept)})


def _mean(writer: _Writer, node: onnx.NodeProto) -> None:
    source, made = node.input[0], node.output[0]
    n_filt, *space = writer.shape(source)
    names = ["n_in"] if len(space) == 1 else ["in_height", "in_width"]
    cells, kept = math.prod(space), writer.types[source].places
    writer.put(f"GlobalAveragePooling{len(space)}D", "mean", [source], made,
               {**dict(zip(names, space, strict=True)), "n_filt": n_filt, "data_format": "channels_last"}, Work(cells),
               types={"accum": summing(float(writer.farthest(source).max()) * cells, kept, kept)})


def _window(space: tuple[int, ...], places: tuple[int, ...], node: onnx.NodeProto, prefix: str) -> dict[str, Any]:
    """hls4ml's names for what ONNX lists axis by axis."""
    given, half = attributes(node), len(space)
    kernel, strides = (_list(given.get(name), half, 1) for name in ("kernel_shape", "strides"))
    pads = _list(given.get("pads"), 2 * half, 0)
    edges = {"height": ("top", "bottom"), "width": ("left", "right")}
    found: dict[str, Any] = {"data_format": "channels_last", "padding": "same" if any(pads) else "valid"}
    for i, axis in enumerate(["width"] if half == 1 else ["height", "width"]):
        before, after = edges[axis]
        found |= {f"in_{axis}": space[i], f"out_{axis}": places[i], f"{prefix}_{axis}": kernel[i],
                  f"stride_{axis}": strides[i], f"pad_{before}": pads[i], f"pad_{after}": pads[half + i]}
    return found


def _list(value: object, length: int, default: int) -> list[int]:
    return [int(v) for v in value] if isinstance(value, list) and value else [default] * length


def _activation(writer: _Writer, node: onnx.NodeProto) -> None:
    kind, made = node.op_type.lower(), node.output[0]
    if kind == "clip":
        kind = f"relu{int(writer.number(node.input[2]).reshape(-1)[0])}"
    size = math.prod(writer.shape(made))
    looked_up = node.op_type in TABLES
    table = {"table_t": str(Fixed(writer.options.weight_width, 2)), "TableSize": writer.options.table}
    writer.put("Activation", kind, [node.input[0]], made, {"activation": kind, "n_in": size},
               Work(look_ups=size if looked_up else 0), settings=table if looked_up else None)


def _linear(writer: _Writer, node: onnx.NodeProto) -> None:
    """A sum of two tensors, or each channel of one times and plus a constant."""
    moving, made = writer.view.moving(node), node.output[0]
    if len(moving) == 2:
        operation = {"Add": "add", "Sub": "subtract"}[node.op_type]
        writer.put("Merge", operation, list(node.input), made, {"op": operation}, Work())
        return
    scale, bias = _affine(writer, node, moving[0])
    shape = writer.shape(moving[0])
    writer.put("BatchNormalization", "scale", moving, made, {
        "n_in": math.prod(shape), "n_filt": -1 if len(shape) == 1 else shape[0], "scale_data": scale,
        "bias_data": bias},
        Work(1, weights=math.prod(shape) if node.op_type == "Mul" else 0, reuse=writer.options.reuse),
        types={"scale": str(holding(float(np.abs(scale).max()), writer.options.weight_width)),
               "bias": str(holding(float(np.abs(bias).max()), writer.options.width))})


def _affine(writer: _Writer, node: onnx.NodeProto, moving: str) -> tuple[Numbers, Numbers]:
    first = node.input[0] == moving
    constant = writer.number(node.input[1 if first else 0]).reshape(-1)
    constant = np.broadcast_to(constant, writer.shape(moving)[:1])
    ones, zeros = np.ones_like(constant), np.zeros_like(constant)
    if node.op_type == "Mul":
        return constant, zeros
    if node.op_type == "Add":
        return ones, constant
    return (ones, -constant) if first else (-ones, constant)


def _reshape(writer: _Writer, node: onnx.NodeProto) -> None:
    source, made = node.input[0], node.output[0]
    before, after = writer.shape(source), writer.shape(made)
    if before[0] == after[0] == math.prod(before):  # one place a channel: no order to keep
        writer.names[made], writer.types[made] = writer.names[source], writer.types[source]
        return
    inner = f"{made} turned"
    writer.alike(inner, source)
    if len(after) == 1:
        back = [len(before) - 1, *range(len(before) - 1)]
        writer.put("Transpose", "turn", [source], inner, {"perm": back}, Work())
        writer.put("Reshape", "flatten", [inner], made, {"target_shape": list(after)}, Work())
    else:
        writer.put("Reshape", "unfold", [source], inner, {"target_shape": list(after)}, Work())
        writer.put("Transpose", "turn", [inner], made, {"perm": [*range(1, len(after)), 0]}, Work())


_LAYERS: dict[str, Callable[[_Writer, onnx.NodeProto], None]] = {
    "MatMul": _dense, "Conv": _conv, "MaxPool": _pool, "AveragePool": _pool, "ReduceMean": _mean, "Relu": _activation,
    "Tanh": _activation, "Sigmoid": _activation, "Clip": _activation, "Add": _linear, "Sub": _linear, "Mul": _linear,
    "Reshape": _reshape}
