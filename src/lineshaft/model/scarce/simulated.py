"""A simulator as a source of scarce faults: its runs teach beside the real ones, and never judge."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag
from lineshaft.model.evaluate.splits import Rows
from lineshaft.model.examples import Examples
from lineshaft.model.scarce.augment import behind


class Simulator(Protocol):
    """Whatever can play a plant's faults: a process model, a digital twin, a rig that may be broken on purpose."""

    @property
    def faults(self) -> tuple[str, ...]:
        """Classes that it can play, by the names that the examples give them; normal operation may be one."""

    def runs(self, fault: str, seed: int) -> Dataset:
        """One run in every row of which the fault is on. Equal arguments give equal runs, other seeds other ones."""


def simulated(examples: Examples, fit: Rows, simulator: Simulator, *, copies: int = 4, seed: int = 0, cold: int = 0
              ) -> tuple[Examples, Rows]:
    """The examples with ``copies`` runs of the simulator behind them for each class that it can play, and the rows
    [N + made] that teach.

    Classes that it can't play keep what they have. The real rows are not changed, and outside of ``fit`` not looked at.
    Raises ``UsageError`` where it plays none of the classes, lacks a tag, or has another period.
    """
    known = [(number, name) for number, name in enumerate(examples.names) if name in simulator.faults]
    if not known:
        raise UsageError(f"it plays none of the classes {', '.join(examples.names)}", where="simulator",
                         do=f"name the classes as it does: {', '.join(simulator.faults)}")
    random = np.random.default_rng(seed)
    runs = [(number, simulator.runs(name, int(random.integers(2**31)))) for number, name in known
            for _ in range(copies)]
    return behind(examples, fit, [(number, _laid_out(run, examples.dataset)) for number, run in runs], cold)


def _laid_out(made: Dataset, real: Dataset) -> NDArray[np.float64]:
    """The made values [T, C] in the order of the real tags, NaN where a value is not good."""
    if made.period_ns != real.period_ns:
        raise UsageError(f"its period is {made.period_ns} ns, that of the examples {real.period_ns} ns",
                         where="simulator", do="let it give rows as often as the plant does")
    place = {tag.path: column for column, tag in enumerate(made.tags)}
    _present(real.tags, place)
    columns = [place[tag.path] for tag in real.tags]
    return np.where(made.good[:, columns], made.values[:, columns], np.nan)


def _present(tags: tuple[Tag, ...], place: dict[str, int]) -> None:
    lacking = [tag.path for tag in tags if tag.path not in place]
    if lacking:
        raise UsageError(f"it has no tag {lacking[0]!r}" + (f" and {len(lacking) - 1} more" if lacking[1:] else ""),
                         where="simulator", do="learn from tags that it has, or call them alike")
