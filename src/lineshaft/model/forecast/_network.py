"""What the small networks share: windows of each tag alone, instance normalisation, early stop, several seeds.

Instance normalisation: Kim et al., ICLR 2022 (RevIN), without its learnt scale.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.forecast._ops import GraphOps, Ops, TorchOps
from lineshaft.model.forecaster import Forecaster, Plan, Series, Single
from lineshaft.model.head import Settings
from lineshaft.model.pipeline import Wires

Weights = dict[str, NDArray[np.float32]]
CYCLES, NO_CYCLE = 14, 4  # look-back in seasons; periods that count as a season where there is none
MOST_PAIRS, MOST_JUDGED, FEWEST = 20_000, 6_000, 60
EPOCHS, PATIENCE, BATCH = 15, 3, 128
HALVING = 0.7  # of the rate, every epoch


class Network(Forecaster):
    """A network of one tag's window, the same for all tags; the mean of ``members``, each from its own seed.

    Trained on the first four fifths of the rows, stopped where the error on the last fifth was least.
    """

    rate = 1e-3

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        self.cycle = plan.season if plan.season > 1 else NO_CYCLE
        self.memory = int(self.settings.get("cycles", CYCLES)) * self.cycle
        self.patch = self.cycle // 2 if self.cycle % 2 == 0 else self.cycle
        self.members: list[Weights] = []

    @classmethod
    def choices(cls, plan: Plan) -> Sequence[Settings]:
        return ({}, {"cycles": 7})

    @abstractmethod
    def start(self, random: np.random.Generator) -> Weights:
        """Weights before training."""

    @abstractmethod
    def run(self, ops: Ops, weights: Any, window: Any) -> Any:
        """From normalised windows [rows, memory] to their continuation [rows, H]."""

    def learn(self, series: Series) -> None:
        early, late = series.parted(self.memory, 0.8)
        if min(part.count(self.memory, self.plan.reach) for part in (early, late)) * len(self.plan.targets) < FEWEST:
            raise UsageError(f"{series.longest} rows without a gap are too few to train a network with windows of "
                             f"{self.memory} and leads up to {self.plan.reach}", where="history",
                             do="give a longer history")
        taught, judged = self._pairs(early, MOST_PAIRS), self._pairs(late, MOST_JUDGED)
        self.members = [self._trained(taught, judged, self.seed + member)
                        for member in range(int(self.settings.get("members", 2)))]

    def forecast(self, g: StepBuilder, wires: Wires) -> Wire:
        past = wires["past"]
        newest = g.slice(past, past.shape[0] - self.memory, past.shape[0])
        ops = GraphOps(g)
        window, mean, deviation = ops.centred(g.transpose(newest, (1, 0)))
        said = [self.run(ops, weights, window) for weights in self.members]
        total = said[0]
        for one in said[1:]:
            total = g.add(total, one)
        return g.transpose(ops.back(g.multiply(total, np.float32(1.0 / len(said))), mean, deviation), (1, 0))

    def _pairs(self, series: Series, most: int) -> tuple[Single, Single]:
        """Windows of single tags and what follows them, [n, memory] and [n, H]."""
        step = max(1, series.count(self.memory, self.plan.reach) * len(self.plan.targets) // most)
        while step > 1 and np.gcd(step, self.plan.season) > 1:
            step += 1
        past, future = series.pairs(self.memory, self.plan, step)
        return past.reshape(-1, self.memory), future.reshape(-1, len(self.plan.ahead))

    def _trained(self, taught: tuple[Single, Single], judged: tuple[Single, Single], seed: int) -> Weights:
        torch = _torch()
        random = np.random.default_rng(seed)
        torch.manual_seed(seed)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the same sums in the same order on every machine
        try:
            data = [torch.tensor(np.ascontiguousarray(part)) for part in (*taught, *judged)]
            return self._epochs(torch, data, random)
        finally:
            torch.set_num_threads(threads)

    def _epochs(self, torch: Any, data: Sequence[Any], random: np.random.Generator) -> Weights:
        past, future, late_past, late_future = data
        ops = TorchOps(torch)
        weights = {name: torch.tensor(w, requires_grad=True) for name, w in self.start(random).items()}
        optimiser = torch.optim.AdamW(weights.values(), lr=self.rate, weight_decay=1e-4)
        best, least, waited = _copied(weights), float("inf"), 0
        for _ in range(EPOCHS):
            ops.training = True
            for batch in np.array_split(random.permutation(len(past)), max(len(past) // BATCH, 1)):
                loss = self._loss(ops, weights, past[batch], future[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            ops.training = False
            with torch.no_grad():
                error = float(self._loss(ops, weights, late_past, late_future))
            waited = 0 if error < least else waited + 1
            if error < least:
                best, least = _copied(weights), error
            if waited == PATIENCE:
                break
            for group in optimiser.param_groups:
                group["lr"] *= HALVING
        return best

    def _loss(self, ops: TorchOps, weights: Any, past: Any, future: Any) -> Any:
        window, mean, deviation = ops.centred(past)
        return ((ops.back(self.run(ops, weights, window), mean, deviation) - future) ** 2).mean()


def drawn(random: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Weights [..., n, m] that keep the size of what passes."""
    return np.asarray(random.normal(size=shape) / np.sqrt(shape[-2]), np.float32)


def _copied(weights: dict[str, Any]) -> Weights:
    return {name: w.detach().numpy().copy() for name, w in weights.items()}


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise EnvironmentFailed("PyTorch is not installed", do="pip install 'lineshaft[torch]'") from None
    return torch
