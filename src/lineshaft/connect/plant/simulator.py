"""What the shared connector tests run against: the plant needs no server, so this only names one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from lineshaft.connect.plant.tags import TAGS
from lineshaft.core.tag import Tag


@contextlib.asynccontextmanager
async def sources(folder: Path) -> AsyncIterator[tuple[str, tuple[Tag, ...]]]:
    """The URI of a plant and a few of its tags, the reactor's level set-point first."""
    wanted = ("LIC103/setpoint", "P101/flow", "R101/temperature", "R101/level")
    by_address = {tag.address: tag for tag in TAGS}
    yield "plant:?seed=7", tuple(by_address[name] for name in wanted)
