"""How a candidate of a monitor does in validation: faults injected into held-out normal operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft.core.step import Executor
from lineshaft.graph.replay import Replay
from lineshaft.model.calibrate import Calibrated, Normal
from lineshaft.model.learner import Settings
from lineshaft.model.pipeline import Pipeline, longest, replay, step_inputs
from lineshaft.model.synthetic import injected, injections

TRIAL_TICKS, FEWEST_TICKS = 600, 200


@dataclass(frozen=True, slots=True)
class Trial:
    """How a learner did in validation; ``reason`` says why it was not tried, empty when it was.

    ``power`` is the share of ticks that alarmed after the onset of synthetic faults, ``false_alarms`` the share
    on the same held-out ticks without a fault, ``merit`` what the choice maximises. ``by_mode``: it was learnt for each
    operating mode by itself.
    """

    learner: str
    merit: float = 0.0
    power: float = 0.0
    false_alarms: float = 0.0
    reason: str = ""
    by_mode: bool = False


Stretch = tuple[int, int]


def stretches(prefix: Pipeline, modes: int, roles: Normal, execute: Executor) -> list[Stretch]:
    """``(start, stop)`` of the longest held-out stretch, or of the longest in each mode."""
    if modes == 1:
        return [_at_most(longest(roles.held_out, roles.dataset.run), TRIAL_TICKS)]
    mode = replay(prefix, roles.dataset, ("mode",), execute)["mode"].argmax(axis=1)
    most = max(TRIAL_TICKS // modes, FEWEST_TICKS)
    own = [roles.held_out & (mode == k) for k in range(modes)]
    return [_at_most(longest(rows, roles.dataset.run), most) for rows in own if rows.any()]


def _at_most(stretch: Stretch, ticks: int) -> Stretch:
    return stretch[0], min(stretch[1], stretch[0] + ticks)


def trial(candidate: Calibrated, where: Sequence[Stretch], roles: Normal, settings: Settings, execute: Executor
          ) -> Trial:
    """The mean over the stretches, each counted by its ticks."""
    ticks = np.array([stop - start for start, stop in where])
    through = Replay(candidate.pipeline.graph(("alarm",)), execute)
    found = np.array([_on(through, start, stop, roles, settings) for start, stop in where])
    power, false_alarms = (float(v) for v in ticks @ found / ticks.sum())
    return Trial(candidate.name, power - false_alarms, power, false_alarms, by_mode=candidate.by_mode)


def _on(through: Replay, start: int, stop: int, roles: Normal, settings: Settings) -> tuple[float, float]:
    """Power and false alarms on one stretch; all faults are one batch of assets."""
    random = np.random.default_rng(settings.seed)
    x, quality = step_inputs(roles.dataset)
    lead = max(start - settings.window - roles.settle, int(np.argmax(roles.dataset.run == roles.dataset.run[start])))
    onset = start - lead + (stop - start) // 3
    faults = injections(x.shape[1], random)
    copies = injected(x[lead:stop], faults, onset, random)
    clean = x[lead:stop, None]
    batch = np.concatenate([clean, copies], axis=1)
    alarm = through(batch, np.repeat(quality[lead:stop, None], batch.shape[1], axis=1))["alarm"][..., 0]
    kinds = [fault.kind for fault in faults]
    hits = alarm[onset:, 1:].mean(axis=0)
    power = float(np.mean([hits[[k == kind for k in kinds]].mean() for kind in dict.fromkeys(kinds)]))
    return power, float(alarm[start - lead:, 0].mean())
