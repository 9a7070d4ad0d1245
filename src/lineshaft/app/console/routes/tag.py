"""The signals there are."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from lineshaft.app.console.context import Here, Viewer
from lineshaft.app.training import OWN
from lineshaft.core.tag import Tag as Signal

router = APIRouter(prefix="/api/v1/tag", tags=["tag"])


class Tag(BaseModel):
    """One signal of the plant, or one that the console keeps itself."""

    path: str = Field(description="site/area/line/cell/asset/tag")
    unit: str = Field(description="UCUM")
    low: float | None = Field(description="of the instrument range")
    high: float | None = Field(description="of the instrument range")
    period_ms: float | None = Field(description="between two values, where the source promises one")
    kind: str = Field(description="float, int, bool or text")
    description: str
    own: bool = Field(description="whether Lineshaft wrote it: decisions, verdicts, counters")


@router.get("")
def tags(here: Here, _: Viewer) -> list[Tag]:
    """Every tag in history, by path."""
    return [_told(one) for one in here.historian.tags()]


def _told(one: Signal) -> Tag:
    own = not one.address and one.path.startswith(OWN)
    return Tag(path=one.path, unit=one.unit, low=one.low, high=one.high, kind=one.kind, description=one.description,
               period_ms=None if one.period_ns is None else one.period_ns / 1e6, own=own)
