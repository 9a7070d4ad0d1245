"""Ways to look at a row: its columns as they are, and with features made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lineshaft.model.blocks.engineered import Engineered
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.history import Now
from lineshaft.model.blocks.impute import Impute
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.head import Kind
from lineshaft.model.pipeline import Block

Front = Callable[[], Sequence[Block]]


def fronts(columns: int, kind: Kind, seed: int = 0) -> Mapping[str, Front]:
    """Fronts up to ``features`` for rows of so many columns, by name, the one worth trying first before the other."""

    def scaled(scale: Standardise) -> tuple[Block, ...]:
        return Guard(), Modes(), scale, Impute(columns)

    def engineered() -> tuple[Block, ...]:
        scale = Standardise(columns)
        return (*scaled(scale), Engineered(scale, kind, seed=seed))

    return {"engineered": engineered, "columns": lambda: (*scaled(Standardise(columns)), Now())}
