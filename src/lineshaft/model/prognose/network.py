"""A small temporal network (extra ``torch``): convolutions over the newest wear, joined with its trend.

Bai, Kolter and Koltun, "An empirical evaluation of generic convolutional and recurrent networks for sequence modeling",
2018 (convolutions in place of recurrence). Several seeds are averaged. Torch learns the weights; the graph holds them
as its own operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import EnvironmentFailed
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.path import Recent
from lineshaft.model.examples import Examples
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.prognosis import Settings, with_head
from lineshaft.model.supervised import Candidate, Matrix

LENGTH, CHANNELS, KERNEL, STRIDE = 48, 8, 6, 3
WIDTH, SECOND = 32, 16
FARTHEST = 5.0  # deviations of a feature: beyond it the network has seen nothing
BATCH, RATE, DECAY, DROPOUT = 256, 4e-3, 1e-2, 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Weights of one network: two convolutions, three dense layers; each a pair (weights, bias) of arrays."""

    convolutions: tuple[tuple[Matrix, Matrix], ...]
    dense: tuple[tuple[Matrix, Matrix], ...]


class Network:
    """Wire ``value`` [1]: the mean of a few networks, in periods."""

    reads: tuple[str, ...] = ("recent", "features", "target")

    def __init__(self, settings: Settings) -> None:
        self.seeds = tuple(settings.seed * settings.networks + i for i in range(settings.networks))
        self.steps = settings.steps
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.unit = 1.0
        self.networks: tuple[Layers, ...] = ()

    def fit(self, seen: Seen) -> None:
        features, target = np.asarray(seen["features"], np.float64), np.asarray(seen["target"], np.float64)[:, :1]
        self.centre, self.scale = standard_scale(features)
        self.unit = max(float(target.max()), 1.0)
        z = np.clip((features - self.centre) / self.scale, -FARTHEST, FARTHEST).astype(np.float32)
        windows = np.asarray(seen["recent"], np.float32)
        wanted = (target / self.unit).astype(np.float32)
        self.networks = tuple(_trained(windows, z, wanted, self.steps, seed) for seed in self.seeds)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = g.clip(scaled(g, wires["features"], self.centre, self.scale), -FARTHEST, FARTHEST)
        said = [_forward(g, wires["recent"], z, layers) for layers in self.networks]
        whole = said[0] if len(said) == 1 else g.sum(g.concat(said))
        return {"value": g.multiply(whole, self.unit / len(said))}


def _forward(g: StepBuilder, window: Wire, z: Wire, layers: Layers) -> Wire:
    for weights, bias in layers.convolutions:
        window = g.relu(g.conv(window, weights, bias, strides=(STRIDE,)))
    hidden = g.concat([g.reshape(window, (window.shape[0] * window.shape[1],)), z])
    *inner, (last, offset) = layers.dense
    for weights, bias in inner:
        hidden = g.relu(g.add(g.project(hidden, weights.T), bias))
    return g.add(g.project(hidden, last.T), offset)


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise EnvironmentFailed("PyTorch is not installed", do="pip install 'lineshaft[torch]'") from None
    return torch


def _trained(windows: NDArray[np.float32], z: NDArray[np.float32], target: NDArray[np.float32], steps: int, seed: int
             ) -> Layers:
    """Weights by AdamW with one cycle of the rate; every batch drawn anew."""
    torch = _torch()
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    conv, dense = _layers(torch, windows.shape[1], z.shape[1])
    steered = torch.optim.AdamW([p for layer in (*conv, *dense) for p in layer.parameters()], lr=RATE,
                                weight_decay=DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(steered, RATE, total_steps=steps)
    random = np.random.default_rng(seed)
    given = [torch.from_numpy(np.ascontiguousarray(a)) for a in (windows, z, target)]
    for _ in range(steps):
        rows = torch.from_numpy(random.integers(0, len(z), BATCH))
        window, features, wanted = (a[rows] for a in given)
        steered.zero_grad()
        ((_through(torch, conv, dense, window, features) - wanted) ** 2).mean().backward()
        steered.step()
        rate.step()
    return Layers(tuple(_arrays(layer) for layer in conv), tuple(_arrays(layer) for layer in dense))


def _layers(torch: Any, lines: int, features: int) -> tuple[list[Any], list[Any]]:
    """Convolutions and dense layers with their first weights."""
    nn = torch.nn
    conv = [nn.Conv1d(lines, CHANNELS, KERNEL, STRIDE), nn.Conv1d(CHANNELS, CHANNELS, KERNEL, STRIDE)]
    left = ((LENGTH - KERNEL) // STRIDE + 1 - KERNEL) // STRIDE + 1
    sizes = (CHANNELS * left + features, WIDTH, SECOND, 1)
    return conv, [nn.Linear(a, b) for a, b in pairwise(sizes)]


def _through(torch: Any, conv: Sequence[Any], dense: Sequence[Any], window: Any, features: Any) -> Any:
    """The same as ``_forward``, with the dropout of training."""
    for layer in conv:
        window = torch.relu(layer(window))
    hidden = torch.nn.functional.dropout(torch.cat([window.flatten(1), features], 1), DROPOUT)
    for layer in dense[:-1]:
        hidden = torch.relu(layer(hidden))
    return dense[-1](hidden)


def _arrays(layer: Any) -> tuple[Matrix, Matrix]:
    return layer.weight.detach().numpy().astype(np.float64), layer.bias.detach().numpy().astype(np.float64)


class Temporal:
    """Networks of a few seeds, averaged."""

    name: ClassVar[str] = "network"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        return (with_head("network", examples, settings, lambda: Network(settings), (Recent(LENGTH),),
                          {"networks": settings.networks, "steps": settings.steps}),)


LEARNER = Temporal
