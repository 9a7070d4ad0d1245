"""The demo plant as a simulator of scarce faults."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lineshaft.connect.plant.faults import FAULTS
from lineshaft.connect.plant.plant import Plant
from lineshaft.connect.plant.tags import PERIOD_NS
from lineshaft.core.dataset import Dataset
from lineshaft.core.quality import usable

HEALTHY = "normal"


@dataclass(frozen=True, slots=True)
class DemoSimulator:
    """Runs of ``ticks`` rows that begin once a fault is fully there; its severity is drawn between two ends.

    ``lead`` rows are played with the fault on before the first that is given; ``speed`` is the plant's own.

    >>> made = DemoSimulator(ticks=20, lead=5).runs("pump-wear", seed=3)
    >>> len(made), made.tags == DemoSimulator(ticks=20, lead=5).runs("normal", seed=4).tags
    (20, True)
    """

    ticks: int = 120
    lead: int = 60
    severity: tuple[float, float] = (0.4, 1.0)
    speed: float = 10.0

    @property
    def faults(self) -> tuple[str, ...]:
        """All that ``lineshaft plant faults`` lists, and normal operation."""
        return (HEALTHY, *FAULTS)

    def runs(self, fault: str, seed: int) -> Dataset:
        """Every 100 ms a row of all tags of the plant."""
        plant, random = Plant(seed, speed=self.speed), np.random.default_rng(seed)
        plant.record(int(random.integers(0, 300)))  # into any mode and any moment of it
        if fault != HEALTHY:
            plant.inject(fault, severity=float(random.uniform(*self.severity)), ramp=0.0)
        plant.record(self.lead)
        times, values, quality = plant.record(self.ticks)
        made = Dataset.of(values, plant.tags(), period_ns=PERIOD_NS, start=int(times[0]))
        return replace(made, good=made.good & usable(quality))
