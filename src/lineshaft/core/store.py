"""What the rest asks of a historian."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from lineshaft.core.columns import Columns
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag
from lineshaft.core.tail import TAIL_ROWS, Tail


class Historian(Protocol):
    """Keeps samples; every version of it can be read again exactly."""

    def register(self, tags: Sequence[Tag]) -> None:
        """Remember or update what is known of these tags."""

    def tags(self) -> tuple[Tag, ...]:
        """All tags ever registered or appended, by path."""

    def append(self, samples: Samples, *, key: str | None = None) -> bool:
        """Durable when it returns, also after ``kill -9``.

        ``key`` names the batch: a repeated key is dropped whole and gives False.
        """

    def read(self, tags: Sequence[str], start: int, end: int,
             *, version: str | None = None) -> Mapping[str, Series]:
        """Samples with ``start <= source time < end`` of each tag (empty where there are none)."""

    def columns(self, tags: Sequence[str], start: int, end: int, count: int) -> Mapping[str, Columns]:
        """About ``count`` columns (three quarters to one and a half) of each tag over ``start <= time < end``.

        For charts of any length: the answer covers whole columns, and so a little more than was asked.
        """

    def as_of(self, tags: Sequence[str], time: int, *, version: str | None = None) -> Mapping[str, Sample]:
        """The newest sample at or before ``time`` of each tag that has one."""

    def arrived(self) -> int:
        """How many samples have arrived so far, and the number of the last one."""

    def since(self, arrival: int, *, limit: int = TAIL_ROWS) -> Tail:
        """At most ``limit`` samples that arrived after number ``arrival``, in order of arrival.

        Cheap when nothing has: made to be asked many times a second, also beside a process that appends.
        """

    def version(self) -> str:
        """A name of exactly what is stored now; ``read(version=...)`` gives it again for ever."""

    def compact(self) -> None:
        """Merge small files; changes no answer, and no named version."""

    def close(self) -> None:
        """Release files; everything acknowledged is already safe."""
