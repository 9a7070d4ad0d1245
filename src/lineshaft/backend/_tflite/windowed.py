"""Convolutions and pools: TensorFlow Lite has them over [A, H, W, C] only; one axis of space becomes W."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from lineshaft.backend._tflite.lowering import FLOAT, Lowering, NotTaken, option

_SAME, _VALID = 0, 1
_LOWEST = float(np.finfo(np.float32).min)
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Frame:
    """Kernel, strides, dilations and pads (before, after) over H and W."""

    kernel: Pair
    strides: Pair
    dilations: Pair
    before: Pair
    after: Pair

    @property
    def padded(self) -> bool:
        return any(self.before + self.after)

    def same(self, size: Pair) -> bool:
        """Whether these pads are those of the format's SAME."""
        whole = [max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
                 for n, k, s, d in zip(size, self.kernel, self.strides, self.dilations, strict=True)]
        return self.before == tuple(w // 2 for w in whole) and self.after == tuple(w - w // 2 for w in whole)


def conv(c: Lowering, node: onnx.NodeProto) -> None:
    weights = c.constants[node.input[1]]
    outputs, depth = weights.shape[:2]
    shape, groups = c.shape(node.input[0]), option(node, "group", 1)
    frame = _frame(node, weights.shape[2:])
    source, padding = _padded(c, node, frame, 0.0)
    flat = weights.reshape(outputs, depth, *frame.kernel)
    bias = c.constants[node.input[2]] if len(node.input) > 2 and node.input[2] else np.zeros(outputs, np.float32)
    common = {"padding": padding, "strideH": frame.strides[0], "strideW": frame.strides[1],
              "dilationHFactor": frame.dilations[0], "dilationWFactor": frame.dilations[1]}
    if groups == shape[1] > 1:  # [outputs, 1, H, W] -> [1, H, W, outputs]
        _windowed(c, node, "DEPTHWISE_CONV_2D", [source, *_weights(c, flat.transpose(1, 2, 3, 0), bias)],
                  "DepthwiseConv2DOptions", depthMultiplier=outputs // groups, **common)
    elif groups == 1:
        _windowed(c, node, "CONV_2D", [source, *_weights(c, flat.transpose(0, 2, 3, 1), bias)], "Conv2DOptions",
                  **common)
    else:
        # The format means groups of one channel or one group: zeros make it a kernel of full depth.
        full = np.zeros((outputs, depth * groups, *frame.kernel), np.float32)
        for place in range(outputs):
            start = place // (outputs // groups) * depth
            full[place, start:start + depth] = flat[place]
        _windowed(c, node, "CONV_2D", [source, *_weights(c, full.transpose(0, 2, 3, 1), bias)], "Conv2DOptions",
                  **common)


def max_pool(c: Lowering, node: onnx.NodeProto) -> None:
    frame = _undilated(node)
    source, padding = _padded(c, node, frame, _LOWEST)
    _pool(c, node, "MAX_POOL_2D", source, frame, padding)


def average_pool(c: Lowering, node: onnx.NodeProto) -> None:
    frame = _undilated(node)
    _, channels, *space = c.shape(node.input[0])
    counted = bool(option(node, "count_include_pad", 0))
    source, padding = _padded(c, node, frame, 0.0, may_be_same=not counted)
    _pool(c, node, "AVERAGE_POOL_2D", source, frame, padding)
    if frame.padded and padding == _VALID and not counted:
        rows, columns = _shares(frame, _pair(space))
        share = c.writer.constant(np.outer(rows, columns).astype(np.float32)[None, :, :, None])
        mean = c.last(node.output[0])
        c.bind_last(node.output[0], c.emit("MUL", [mean, share], (1, len(rows), len(columns), channels), FLOAT,
                                           "MulOptions"))


def _shares(frame: Frame, size: Pair) -> list[NDArray[np.float64]]:
    """Per axis and place: the kernel's length over what of it lies inside, which makes a mean of what is inside."""
    found = []
    for n, k, s, before, after in zip(size, frame.kernel, frame.strides, frame.before, frame.after, strict=True):
        starts = np.arange(0, n + before + after - k + 1, s) - before
        found.append(k / (np.minimum(starts + k, n) - np.maximum(starts, 0)))
    return found


def _pool(c: Lowering, node: onnx.NodeProto, code: str, source: int, frame: Frame, padding: int) -> None:
    _windowed(c, node, code, [source], "Pool2DOptions", padding=padding, strideH=frame.strides[0],
              strideW=frame.strides[1], filterHeight=frame.kernel[0], filterWidth=frame.kernel[1])


def _windowed(c: Lowering, node: onnx.NodeProto, code: str, inputs: list[int], options: str, **values: Any) -> None:
    _, channels, *space = c.shape(node.output[0])
    shape = (1, *_pair(space), channels)
    c.bind_last(node.output[0], c.emit(code, inputs, shape, FLOAT, options, **values))


def _padded(c: Lowering, node: onnx.NodeProto, frame: Frame, value: float, *, may_be_same: bool = True
            ) -> tuple[int, int]:
    """The input as [A, H, W, C], padded by an operator of its own unless the format has these pads."""
    source, (_, channels, *space) = c.last(node.input[0]), c.shape(node.input[0])
    size = _pair(space)
    if not frame.padded:
        return source, _VALID
    if may_be_same and frame.same(size):
        return source, _SAME
    rows = np.array([(0, 0), *zip(frame.before, frame.after, strict=True), (0, 0)], np.int32)
    grown = [n + b + a for n, b, a in zip(size, frame.before, frame.after, strict=True)]
    fill = c.writer.constant(np.array([value], np.float32))
    return c.emit("PADV2", [source, c.writer.constant(rows), fill], (1, *grown, channels)), _VALID


def _frame(node: onnx.NodeProto, kernel: Any) -> Frame:
    axes = len(kernel)
    if axes > 2:
        raise NotTaken("it has three axes of space")
    pads = list(option(node, "pads", [0] * 2 * axes))
    strides, dilations = (_pair(option(node, name, [1] * axes)) for name in ("strides", "dilations"))
    return Frame(_pair(kernel), strides, dilations, _pair(pads[:axes], 0), _pair(pads[axes:], 0))


def _undilated(node: onnx.NodeProto) -> Frame:
    frame = _frame(node, option(node, "kernel_shape", []))
    if frame.dilations != (1, 1):
        raise NotTaken("it is dilated")
    return frame


def _weights(c: Lowering, weights: Any, bias: Any) -> list[int]:
    return [c.writer.constant(np.ascontiguousarray(weights, np.float32)), c.writer.constant(bias)]


def _pair(values: Any, filler: int = 1) -> Pair:
    """Values over H and W; one axis of space is W."""
    first, second = (filler, *values) if len(values) == 1 else values
    return int(first), int(second)
