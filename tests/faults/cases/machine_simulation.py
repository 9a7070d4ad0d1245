"""The node's logic in simulated worlds, a hundred a seed: see ``tests/faults/simulation``."""

from __future__ import annotations

from tests.faults.case import Injection, Outcome, case
from tests.faults.simulation.simulation import simulate

from lineshaft.core.clock import SECOND

WORLDS = 100


@case(1, 2, 3, 4, 5, 6, 7, 8, times=100, quick=2)
def a_hundred_simulated_worlds(at: Injection) -> Outcome:
    """1 to 6 faults at random in each of 100 simulated worlds: plant, clocks, disk, processor, engine, bundles,
    network to the centre, kills at any point; recovery in simulated time."""
    faults, recovered = 0, []
    for seed in range(at.seed * WORLDS, (at.seed + 1) * WORLDS):
        found = simulate(seed)
        assert not found.broken, (f"{found.broken[0]}; again, with its story: "
                                  f"python -m tests.faults.simulation --seed {seed} --story")
        faults += found.faults
        recovered.append(found.recovery_ns / SECOND)
    return Outcome(injected=faults, recovery_s=tuple(recovered))
