"""Training of the convolutional autoencoder in PyTorch: whole stretches at once, denoising, one-cycle rate, seed 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.step import Array
from pipelines.cnn import BATCH, DECAY, LAYERS, LINEAR, NOISE, RATE, STEPS, STRETCH, WINDOW
from pipelines.pipeline import Absent


def train(runs: Sequence[NDArray[np.float64]], shapes: Sequence[tuple[int, int, int]]) -> list[tuple[Array, Array]]:
    """Weights and bias of each layer, from standardised runs [T, C]. Raises ``Absent`` without PyTorch."""
    try:
        import torch
    except ImportError:
        raise Absent("the Python package torch is not installed") from None
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    network = _network(shapes)
    series = [torch.tensor(run.T[None].copy(), dtype=torch.float32) for run in runs]
    sizes = np.array([s.shape[2] for s in series], np.float64)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for _ in range(STEPS):
        chosen = [series[i] for i in random.choice(len(series), BATCH, p=sizes / sizes.sum())]
        starts = [int(random.integers(0, s.shape[2] - STRETCH + 1)) for s in chosen]
        x = torch.cat([s[:, :, a:a + STRETCH] for s, a in zip(chosen, starts, strict=True)])
        loss = ((network(x + NOISE * torch.randn_like(x)) - x[:, :, WINDOW - 1:]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
    return [(layer.weight.detach().numpy(), layer.bias.detach().numpy())
            for layer in network if isinstance(layer, torch.nn.Conv1d)]


def _network(shapes: Sequence[tuple[int, int, int]]) -> Any:
    import torch

    layers: list[Any] = []
    for i, ((out, into, kernel), (_, dilation)) in enumerate(zip(shapes, LAYERS, strict=True)):
        layers.append(torch.nn.Conv1d(into, out, kernel, dilation=dilation))
        if i not in LINEAR:
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)
