"""A small fleet that wears out: five tags at two operating conditions, damage that grows faster the more there is."""

from __future__ import annotations

import numpy as np

from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.model.examples import Examples

TAGS = tuple(Tag(name) for name in ("load", "speed", "pressure", "vibration", "temperature", "spare"))


def fleet(machines: int = 24, seed: int = 0, conditions: int = 2) -> Examples:
    """Machines run to failure in 60 to 120 ticks; the first tag says the condition, the last never moves."""
    random = np.random.default_rng(seed)
    parts, life, run = [], [], []
    for machine in range(machines):
        length = int(random.integers(60, 120))
        left = np.arange(length)[::-1].astype(np.float64)
        damage = np.exp(-left / 20.0)
        load = random.integers(0, conditions, length).astype(np.float64)
        noise = 0.08 * random.normal(size=(length, 4))
        slopes = np.array([-1.0, 0.5, 2.0, 1.0])
        tags = 10.0 * load[:, None] * np.array([3.0, 1.0, 0.2, 2.0]) + damage[:, None] * slopes + noise
        parts.append(np.column_stack([load, tags, np.full(length, 7.0)]))
        life.append(left)
        run.append(np.full(length, machine, np.int32))
    runs = np.concatenate(run)
    dataset = Dataset.of(np.vstack(parts), TAGS, run=runs)
    return Examples(dataset, np.concatenate(life)[:, None], runs, ("remaining life",))
