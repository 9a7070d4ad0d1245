"""What stands before every learner of a monitor: modes, scaling, imputation, and how long a change of mode takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.model.blocks.features import Level
from lineshaft.model.blocks.found_modes import middle_of_stays
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.impute import Impute
from lineshaft.model.blocks.modes import OfModes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.blocks.told_mode import ToldMode
from lineshaft.model.calibrate import FEWEST, Normal, Rows
from lineshaft.model.learner import Settings, robust_scale
from lineshaft.model.pipeline import Pipeline, extend, replay

MOST_SETTLING = 10  # windows


def prefix(roles: Normal, modes: OfModes, settings: Settings, execute: Executor) -> tuple[Pipeline, Normal]:
    """Modes, scaling and imputation; where there are modes, learnt without the rows that lie near a change of mode."""
    blocks = (Guard(), *modes.front, modes)
    first = extend(Pipeline(len(roles.dataset.tags), ()), blocks, roles.dataset, roles.fit, execute)
    if modes.count == 1:
        one = first if modes.at_once else Pipeline(first.channels, (blocks[0], modes))
        return _scaled(one, roles.dataset, roles.fit, execute), roles
    moves = _Moves(first, roles, modes.at_once, settings, execute)
    settle, late = moves.settling(), 0 if modes.at_once else moves.lateness()
    settled = moves.far_from(settle, late)
    rows = replace(roles, fit=roles.fit & settled, held_out=roles.held_out & settled, settle=settle + late, late=late)
    enough(rows, f" that lie {settle} ticks or more after a change of mode")
    scaled = _scaled(first, roles.dataset, rows.fit, execute)
    return Pipeline(scaled.channels, (*scaled.blocks, ToldMode(modes.numbers))), rows


def enough(roles: Normal, which: str = "") -> None:
    """Raises ``UsageError`` where the rows of normal operation are too few for what they have to do."""
    fit, held = int(roles.fit.sum()), int(roles.held_out.sum())
    if fit < FEWEST or held < FEWEST:
        raise UsageError(f"{fit} rows to learn from and {held} to set limits on{which} are too few",
                         where="normal stretch", do=f"give at least {4 * FEWEST} rows of normal operation")
    if not roles.dataset.good[roles.fit].any():
        raise UsageError("no tag has a usable value in the rows to learn from", where="normal stretch",
                         do="give a stretch in which the tags were read")


def _scaled(modes: Pipeline, dataset: Dataset, rows: Rows, execute: Executor) -> Pipeline:
    spans = [0.0 if tag.low is None or tag.high is None else tag.high - tag.low for tag in dataset.tags]
    return extend(modes, (Standardise(len(spans), spans, totals=False), Impute(len(spans))), dataset, rows, execute)


class _Moves:
    """Changes of mode in history, and how far the farthest tag's level is from its usual place around them.

    What is usual is seen late in a mode: after half of the ticks that the plant spends in it, and in the middle of each
    stay where a change is told only after it happened.
    """

    def __init__(self, modes: Pipeline, roles: Normal, at_once: bool, settings: Settings, execute: Executor) -> None:
        self.roles, self.window = roles, settings.window
        seen = replay(modes, roles.dataset, ("mode", "since_mode"), execute)
        self.since, self.mode, self.age = seen["since_mode"][:, 0], seen["mode"], seen.age
        label = self.mode.argmax(axis=1)
        late = self._late(label) if at_once else roles.fit & middle_of_stays(label, roles.dataset.run)
        whole = _scaled(modes, roles.dataset, late, execute)
        whole = extend(whole, (Level(self.window),), roles.dataset, late, execute)
        levels = replay(whole, roles.dataset, ("features",), execute)["features"].astype(np.float64)
        middle, scale = robust_scale(levels[late], levels[late])
        self.farthest = (np.abs(levels - middle) / scale).max(axis=1)
        self.usual = float(np.quantile(self.farthest[late], 0.95))

    def settling(self) -> int:
        """Ticks after a change of mode until the farthest tag is as near as long after one.

        At least one window, since until then the level still holds the old mode; at most ten.
        """
        for windows in range(1, MOST_SETTLING):
            early = self.roles.fit & (self.since // self.window == windows)
            if early.any() and np.quantile(self.farthest[early], 0.9) <= self.usual:
                return windows * self.window
        return MOST_SETTLING * self.window

    def lateness(self) -> int:
        """Ticks before a change is told for which the plant was on its way already, in the slowest change."""
        most, found = MOST_SETTLING * self.window, [0]
        for row in np.flatnonzero(self._changed() & self.roles.fit):
            before = self.farthest[row - min(most, int(self.age[row])):row] <= self.usual
            found.append(int(np.argmax(before[::-1])) if before.any() else len(before))
        return min(max(found), most)

    def far_from(self, settle: int, late: int) -> NDArray[np.bool_]:
        """Rows so many ticks after a change of mode and so many before the next."""
        far = self.since >= settle
        for row in np.flatnonzero(self._changed()):
            far[max(row - late, row - int(self.age[row])):row] = False
        return far

    def _changed(self) -> NDArray[np.bool_]:
        """Rows at which another mode begins than that of the row before in the same run."""
        before = np.vstack([self.mode[:1], self.mode[:-1]])
        return np.asarray((self.age > 0) & (before.max(axis=1) > 0) & (before != self.mode).any(axis=1))

    def _late(self, mode: NDArray[np.intp]) -> NDArray[np.bool_]:
        late = np.zeros(len(mode), np.bool_)
        for k in np.unique(mode[self.roles.fit]):
            inside = self.roles.fit & (mode == k)
            late |= inside & (self.since >= np.median(self.since[inside]))
        return late
