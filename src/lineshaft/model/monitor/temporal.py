"""A small convolutional autoencoder over the newest 32 ticks of all tags, trained by PyTorch, emitted as convolutions.

Signals in time squeezed through a narrow middle: after Zhang et al. (MSCRED, AAAI 2019) and the Conv-AE of SKAB's table
(Katser and Kozitsin, 2020), at a size that a node affords.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import EnvironmentFailed
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.features import SIGNAL
from lineshaft.model.learner import Matrix, Settings
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.windows import windows

STRIDE = 4  # ticks that the first layer takes together, and the last gives back
WIDEST, NARROWEST = 24, 2
WINDOWS, BATCH, STEPS, RATE = 1024, 64, 200, 5e-3
FARTHEST = 10.0  # deviations: what the network is shown of a value
FLOOR = 0.01  # squared deviations
Weights = tuple[NDArray[np.float32], ...]


class Temporal:
    """Mean over tags of the squared residual of the window, over what it usually is."""

    name: ClassVar[str] = "temporal"
    features: ClassVar[Literal["level", "past", "signal"]] = "signal"
    aside: ClassVar[str] = "it is a network, which wants PyTorch and learns far longer than the others"
    reads: tuple[str, ...] = ("features",)

    def __init__(self, channels: int, settings: Settings) -> None:
        self.channels, self.seed = channels, settings.seed
        self.weights: Weights = ()
        self.usual: Matrix = np.ones(channels)

    def fit(self, seen: Seen) -> None:
        found, _ = windows(seen, SIGNAL, WINDOWS)
        shown = found.transpose(0, 2, 1).clip(-FARTHEST, FARTHEST).astype(np.float32)
        self.weights, residual = _learnt(shown, self.seed)
        self.usual = np.maximum((residual**2).mean(axis=(0, 2)), FLOOR)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        window = g.transpose(wires["window"], (1, 0))
        into, into_bias, middle, middle_bias, out, out_bias = self.weights
        first = g.tanh(g.conv(g.clip(window, -FARTHEST, FARTHEST), into, into_bias, strides=[STRIDE]))
        code = g.tanh(g.conv(first, middle, middle_bias, pads=[1, 1]))
        parts = g.add(g.project(g.transpose(code, (1, 0)), out.T), out_bias)
        strange = self._residual(g, window, g.reshape(parts, (SIGNAL // STRIDE, self.channels, STRIDE)))
        return {"energy": g.mean(strange), "contribution": strange}

    def _residual(self, g: StepBuilder, window: Wire, parts: Wire) -> Wire:
        again = g.reshape(g.transpose(parts, (1, 0, 2)), (self.channels, SIGNAL))
        square = g.reshape(g.mean(g.square(g.subtract(window, again))), (self.channels,))
        return g.multiply(square, 1.0 / self.usual)


def _learnt(shown: NDArray[np.float32], seed: int) -> tuple[Weights, NDArray[np.float32]]:
    """Weights, and the residual [n, C, 32] of the windows shown."""
    torch = _torch()
    threads, channels = torch.get_num_threads(), shown.shape[1]
    wide, narrow = min(WIDEST, max(4, 2 * channels)), max(NARROWEST, min(8, channels // 3))
    torch.set_num_threads(1)  # the same sums in the same order on every machine
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers = (torch.nn.Conv1d(channels, wide, STRIDE, STRIDE), torch.nn.Conv1d(wide, narrow, 3, padding=1),
                      torch.nn.Linear(narrow, channels * STRIDE))
            data = torch.from_numpy(np.ascontiguousarray(shown))
            optimiser = torch.optim.Adam([p for layer in layers for p in layer.parameters()], RATE)
            for _ in range(STEPS):
                some = data[torch.randint(len(data), (BATCH,))]
                loss = ((_again(torch, layers, some) - some) ** 2).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            with torch.no_grad():
                residual = (data - _again(torch, layers, data)).numpy()
            return tuple(p.detach().numpy() for layer in layers for p in (layer.weight, layer.bias)), residual
    finally:
        torch.set_num_threads(threads)


def _again(torch: Any, layers: Any, window: Any) -> Any:
    """The window [n, C, 32] as the network gives it back."""
    into, middle, out = layers
    code = torch.tanh(middle(torch.tanh(into(window))))
    parts = out(code.transpose(1, 2)).reshape(len(window), SIGNAL // STRIDE, window.shape[1], STRIDE)
    return parts.permute(0, 2, 1, 3).reshape(window.shape)


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise EnvironmentFailed("PyTorch is not installed", do="pip install 'lineshaft[torch]'") from None
    return torch


LEARNER = Temporal
