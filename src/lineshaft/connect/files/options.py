"""What a person can fix by hand where the reader would otherwise work it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lineshaft.core.clock import SECOND

Arrangement = Literal["auto", "concat", "join", "runs"]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Every field left alone is decided from the data, and the decision is said in ``Table.findings``.

    ``time``: the time column's name. ``timezone``: IANA name or offset of times that carry none (else UTC).
    ``day_first``: how 03/04/2024 reads. ``period_ns``: the step of rows without a time column (1 s if not
    given). ``start_ns``: the time of their first row. ``cycle_ns``: each row is one cycle of so long,
    its cells are samples within it. ``header``: whether the first row names the columns. ``tags``: keep
    only these columns. ``labels`` / ``inputs``: columns that are labels / are not, whatever they are called.
    ``unit_column``: the column that tells runs or assets apart. ``transpose``: rows are tags.
    ``files``: how several files belong together. ``prefix``: put before every tag path (``site/area/asset``).
    """

    time: str | None = None
    timezone: str = ""
    day_first: bool | None = None
    period_ns: int | None = None
    start_ns: int = 0
    cycle_ns: int | None = None
    encoding: str = ""
    delimiter: str = ""
    decimal: Literal["", ".", ","] = ""
    header: bool | None = None
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    unit_column: str | None = None
    transpose: bool | None = None
    files: Arrangement = "auto"
    prefix: str = ""

    @property
    def row_period_ns(self) -> int:
        """The step between rows that carry no time."""
        return self.period_ns or SECOND
