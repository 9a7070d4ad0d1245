"""The audit log: look, prove, take along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from lineshaft.app.console.context import Engineer
from lineshaft.app.console.routes.session import Guarded
from lineshaft.app.console.security.audit import Filter

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])
_MS = 1_000_000
_BOM = "\ufeff"
Text = Annotated[str, Query(max_length=256)]
Moment = Annotated[int | None, Query(ge=0, lt=2**43, description="ms")]


class Line(BaseModel):
    """One act."""

    sequence: int = Field(description="from 1, without gaps")
    time: int = Field(description="ms")
    person: str
    role: str
    address: str = Field(description="where the request came from, empty for this machine's command line")
    act: str = Field(description="such as 'logged in' or 'role changed'")
    what: str = Field(description="to what it was done")
    detail: str = Field(description="JSON")
    outcome: str = Field(description="done, refused or failed")
    digest: str = Field(description="of this line and the one before")


class Lines(BaseModel):
    """The newest first."""

    lines: list[Line]
    more: bool = Field(description="whether there are older ones; ask with before = the last sequence here")
    acts: list[str] = Field(description="every kind of act there is a line of")


class Verified(BaseModel):
    """Whether the log is as it was written."""

    lines: int
    head: str = Field(description="the newest digest; noted elsewhere, it proves later that nothing was made anew")
    broken: int = Field(description="the first line that is not as it was written, 0 where none is")
    why: str = Field(description="what is wrong, empty where nothing is")


def chosen(person: Text = "", act: Text = "", outcome: Literal["", "done", "refused", "failed"] = "", find: Text = "",
           start: Moment = None, end: Moment = None) -> Filter:
    """Which lines a query asks for."""
    since, until = (None if one is None else one * _MS for one in (start, end))
    return Filter(person, act, outcome, find, since, until)


Chosen = Annotated[Filter, Depends(chosen)]


@router.get("")
def lines(door: Guarded, _: Engineer, which: Chosen,
          before: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
          limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Lines:
    """Acts, page by page."""
    audit = door.people.audit
    found = audit.lines(which, before=before, limit=limit + 1)
    return Lines(lines=[Line(**{**asdict(one), "time": one.time // _MS}) for one in found[:limit]],
                 more=len(found) > limit, acts=audit.acts())


@router.get("/verify")
def verify(door: Guarded, _: Engineer, anchor: Annotated[str, Query(
        max_length=64, pattern="^[0-9a-f]*$", description="a digest that was noted earlier")] = "") -> Verified:
    """Read the whole log again, and tell the first line that was changed or removed."""
    return Verified(**asdict(door.people.audit.verify(anchor=anchor)))


@router.get("/export", response_class=StreamingResponse,
            responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}})
def export(door: Guarded, person: Engineer, which: Chosen) -> StreamingResponse:
    """The chosen lines as CSV, oldest first; that it was taken along is in the log, too."""
    audit = door.people.audit
    audit.note(person, "audit log exported", "", {key: value for key, value in asdict(which).items() if value})

    def pieces() -> Iterator[str]:
        yield _BOM  # spreadsheets take it for UTF-8 then
        yield from audit.export(which)

    return StreamingResponse(pieces(), media_type="text/csv; charset=utf-8",
                             headers={"Content-Disposition": 'attachment; filename="lineshaft-audit.csv"'})
