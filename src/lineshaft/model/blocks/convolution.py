"""A small convolutional network over the newest ticks or a block of samples, learnt in torch, emitted as operators.

Wide first kernels as Zhang et al. use them for bearings (Sensors 17, 2017), then averages over time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import EnvironmentFailed
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.classes import numbers_of
from lineshaft.model.learner import standard_scale
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
FARTHEST = 10.0  # deviations
BATCH = 64


class Convolution:
    """``value`` [V] from ``features`` [sensors * length], which are a flat signal [sensors, length].

    Three layers of ``width`` channels, each halving the length or more; the mean and the greatest value over time of
    the last go to a linear layer. Raises ``EnvironmentFailed`` where torch is not installed.
    """

    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, shape: tuple[int, int], classes: int, width: int = 16, rounds: int = 30, seed: int = 0) -> None:
        self.shape, self.classes, self.width, self.rounds, self.seed = shape, classes, width, rounds, seed
        long = shape[1] >= 256
        self.kernels, self.strides = ((32, 5, 5), (8, 4, 2)) if long else ((5, 3, 3), (2, 2, 1))
        self.centre: Matrix = np.zeros((shape[0], 1))
        self.scale: Matrix = np.ones((shape[0], 1))
        self.layers: list[tuple[Matrix, Matrix]] = []
        self.last: tuple[Matrix, Matrix] = (np.zeros((2 * width, classes)), np.zeros(classes))

    def fit(self, seen: Seen) -> None:
        signal = np.asarray(seen["features"], np.float64).reshape(-1, *self.shape)
        flat = signal.transpose(0, 2, 1).reshape(-1, self.shape[0])
        centre, scale = standard_scale(flat)
        self.centre, self.scale = centre[:, None], scale[:, None]
        z = ((signal - self.centre) / self.scale).clip(-FARTHEST, FARTHEST)
        *layers, linear = self._learnt(z.astype(np.float32), numbers_of(seen["target"]))
        self.layers, self.last = layers, (linear[0].T, linear[1])

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        signal = g.reshape(wires["features"], self.shape)
        z = g.clip(g.multiply(g.subtract(signal, self.centre), 1.0 / self.scale), -FARTHEST, FARTHEST)
        for (weights, bias), stride, kernel in zip(self.layers, self.strides, self.kernels, strict=True):
            z = g.relu(g.conv(z, weights, bias, strides=[stride], pads=[kernel // 2, kernel // 2]))
        pooled = g.concat([_flat(g, g.mean(z)), _flat(g, g.largest(z))])
        return {"value": g.softmax(g.add(g.project(pooled, self.last[0]), self.last[1]))}

    def _learnt(self, z: NDArray[np.float32], kind: NDArray[np.int64]) -> list[tuple[Matrix, Matrix]]:
        """Weights and biases of each layer, by AdamW over ``rounds`` of balanced batches."""
        torch = _torch()
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            network, linear = self._network(torch)
            parameters = [*network.parameters(), *linear.parameters()]
            optimiser = torch.optim.AdamW(parameters, lr=3e-3, weight_decay=1e-2)
            for chosen in _batches(kind, self.rounds, self.seed):
                hidden = network(torch.from_numpy(z[chosen]))
                said = linear(torch.cat([hidden.mean(dim=2), hidden.amax(dim=2)], dim=1))
                loss = torch.nn.functional.cross_entropy(said, torch.from_numpy(kind[chosen]), label_smoothing=0.05)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        found = [*[layer for layer in network if hasattr(layer, "weight")], linear]
        return [(np.asarray(layer.weight.detach().numpy(), np.float64),
                 np.asarray(layer.bias.detach().numpy(), np.float64)) for layer in found]

    def _network(self, torch: Any) -> tuple[Any, Any]:
        layers, inside = [], self.shape[0]
        for kernel, stride in zip(self.kernels, self.strides, strict=True):
            layers += [torch.nn.Conv1d(inside, self.width, kernel, stride, kernel // 2), torch.nn.ReLU()]
            inside = self.width
        return torch.nn.Sequential(*layers), torch.nn.Linear(2 * self.width, self.classes)


def _batches(kind: NDArray[np.int64], rounds: int, seed: int) -> list[NDArray[np.intp]]:
    """Places of ``rounds`` passes; every class is drawn as often as another."""
    random = np.random.default_rng(seed)
    share = 1.0 / np.bincount(kind)[kind]
    count = rounds * max(1, len(kind) // BATCH)
    return [random.choice(len(kind), min(BATCH, len(kind)), p=share / share.sum()) for _ in range(count)]


def _flat(g: StepBuilder, a: Wire) -> Wire:
    return g.reshape(a, (a.shape[0],))


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise EnvironmentFailed("torch is not installed", do="pip install 'lineshaft[torch]'") from None
    torch.set_num_threads(1)
    return torch
