"""What every way into a plant offers, and what it says of itself before its code is imported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag


@dataclass(frozen=True, slots=True)
class ConnectorManifest:
    """``connect/<name>/manifest.toml``: read by discovery before any import of the connector.

    ``schemes`` are the URI schemes it answers to, ``suffixes`` the file endings, ``extra`` the pip extra that
    brings its libraries; the rest is what it can do.
    """

    name: str
    title: str
    schemes: tuple[str, ...]
    suffixes: tuple[str, ...] = ()
    extra: str = ""
    licence: str = ""
    browse: bool = True
    subscribe: bool = True
    write: bool = False
    description: str = ""


class Connector(Protocol):
    """One connection to one source. Errors are ``EnvironmentFailed`` or ``UsageError``, never the library's."""

    async def open(self) -> None:
        """Connect; raises when the first try fails (later losses heal unaided)."""

    async def browse(self, root: str | None = None) -> list[Tag]:
        """Every variable below ``root``, with unit and range where the source knows them."""

    async def read(self, tags: Sequence[Tag]) -> Samples:
        """The current value of every tag in one batch; a value that can't be had comes with a bad quality."""

    def subscribe(self, tags: Sequence[Tag], period_ns: int) -> AsyncIterator[Samples]:
        """Changes as they come, until closed. A lost link is one batch of BAD_NO_COMMUNICATION for all tags.

        What the source states to be in another unit than the tag's comes as BAD_CONFIGURATION_ERROR.
        """

    async def write(self, tag: Tag, value: float) -> None:
        """Write through the guard; raises ``Refused`` with the reason where it says no (the default)."""

    async def close(self) -> None:
        """Let go of the source; safe to call twice."""
