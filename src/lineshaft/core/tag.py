"""Tag: one signal of an asset."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lineshaft.core.errors import UsageError

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Tag:
    """One signal: ISA-95 path ``site/area/line/cell/asset/tag``, as many levels as the plant has.

    ``unit`` is UCUM (``Cel``, ``bar``, ``L/min``), ``low`` and ``high`` the instrument range in that unit,
    ``period_ns`` the time between two values where the source promises one, ``deadband`` the change below
    which the source stays silent, ``address`` what the connector calls it (an OPC UA NodeId, a column).

    >>> Tag("works/hall1/cell2/P101/flow", unit="L/min").name
    'flow'
    """

    path: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    period_ns: int | None = None
    deadband: float = 0.0
    kind: str = "float"
    description: str = ""
    address: str = ""
    writable: bool = False

    def __post_init__(self) -> None:
        if not self.path.strip() or _CONTROL.search(self.path):
            raise UsageError(f"{self.path!r} is not a tag path", do="use site/area/line/cell/asset/tag")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise UsageError(f"range {self.low}..{self.high} is empty", where=self.path,
                             do="give low < high")

    @property
    def name(self) -> str:
        """The last level of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def asset(self) -> str:
        """The path without the tag's own name; empty for a bare name."""
        return self.path.rpartition("/")[0]
