"""The few operations of which the networks are made, on tensors that are trained and on wires of the graph.

A network is written once, over ``Ops``; what is trained and what is emitted can't differ.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder

EPSILON = 1e-5


class Ops(Protocol):
    """Over values of shape [rows, ..., n]: rows are windows in training, tags in the graph."""

    def project(self, a: Any, weights: Any) -> Any:
        """The last axis times [n, m]."""

    def constant(self, value: NDArray[np.float32]) -> Any:
        """A matrix that is not learnt."""

    def matmul(self, a: Any, b: Any) -> Any: ...

    def add(self, a: Any, b: Any) -> Any: ...

    def scale(self, a: Any, by: float) -> Any: ...

    def relu(self, a: Any) -> Any: ...

    def softmax(self, a: Any) -> Any: ...

    def swap(self, a: Any) -> Any:
        """The last two axes exchanged."""

    def patches(self, a: Any, length: int) -> Any:
        """[rows, n] as [rows, n / length, length]."""

    def flat(self, a: Any) -> Any:
        """[rows, n, m] as [rows, n m]."""

    def heads(self, a: Any, count: int) -> Any:
        """[rows, n, count m] as [rows, count, n, m]."""

    def joined(self, a: Any) -> Any:
        """The reverse."""

    def centred(self, a: Any) -> tuple[Any, Any, Any]:
        """The last axis with zero mean and unit variance, and the mean and deviation that it had."""

    def back(self, a: Any, mean: Any, deviation: Any) -> Any:
        """The reverse."""

    def drop(self, a: Any, rate: float) -> Any:
        """Some of it forgotten, in training only."""


class GraphOps:
    """Operators of a step graph."""

    def __init__(self, g: StepBuilder) -> None:
        self.g = g
        self.project, self.matmul, self.add, self.scale = g.project, g.matmul, g.add, g.multiply
        self.relu, self.softmax = g.relu, g.softmax

    def constant(self, value: NDArray[np.float32]) -> Any:
        return value

    def swap(self, a: Any) -> Any:
        axes = list(range(len(a.shape)))
        return self.g.transpose(a, [*axes[:-2], axes[-1], axes[-2]])

    def patches(self, a: Any, length: int) -> Any:
        rows, size = a.shape
        return self.g.reshape(a, (rows, size // length, length))

    def flat(self, a: Any) -> Any:
        rows, n, m = a.shape
        return self.g.reshape(a, (rows, n * m))

    def heads(self, a: Any, count: int) -> Any:
        rows, n, m = a.shape
        return self.g.transpose(self.g.reshape(a, (rows, n, count, m // count)), (0, 2, 1, 3))

    def joined(self, a: Any) -> Any:
        rows, count, n, m = a.shape
        return self.g.reshape(self.g.transpose(a, (0, 2, 1, 3)), (rows, n, count * m))

    def centred(self, a: Any) -> tuple[Any, Any, Any]:
        g = self.g
        mean = g.mean(a)
        moved = g.subtract(a, mean)
        deviation = g.sqrt(g.add(g.mean(g.square(moved)), EPSILON))
        return g.divide(moved, deviation), mean, deviation

    def back(self, a: Any, mean: Any, deviation: Any) -> Any:
        return self.g.add(self.g.multiply(a, deviation), mean)

    def drop(self, a: Any, rate: float) -> Any:
        return a


class TorchOps:
    """The same in PyTorch."""

    def __init__(self, torch: Any) -> None:
        self.torch, self.training = torch, False

    def project(self, a: Any, weights: Any) -> Any:
        return a @ weights

    def constant(self, value: NDArray[np.float32]) -> Any:
        return self.torch.from_numpy(value)

    def matmul(self, a: Any, b: Any) -> Any:
        return a @ b

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def scale(self, a: Any, by: float) -> Any:
        return a * by

    def relu(self, a: Any) -> Any:
        return self.torch.relu(a)

    def softmax(self, a: Any) -> Any:
        return self.torch.softmax(a, -1)

    def swap(self, a: Any) -> Any:
        return a.transpose(-1, -2)

    def patches(self, a: Any, length: int) -> Any:
        return a.reshape(len(a), -1, length)

    def flat(self, a: Any) -> Any:
        return a.reshape(len(a), -1)

    def heads(self, a: Any, count: int) -> Any:
        return a.reshape(*a.shape[:2], count, -1).transpose(1, 2)

    def joined(self, a: Any) -> Any:
        return a.transpose(1, 2).reshape(len(a), a.shape[2], -1)

    def centred(self, a: Any) -> tuple[Any, Any, Any]:
        mean = a.mean(-1, keepdim=True)
        deviation = (a.var(-1, keepdim=True, unbiased=False) + EPSILON).sqrt()
        return (a - mean) / deviation, mean, deviation

    def back(self, a: Any, mean: Any, deviation: Any) -> Any:
        return a * deviation + mean

    def drop(self, a: Any, rate: float) -> Any:
        return self.torch.nn.functional.dropout(a, rate, self.training)
