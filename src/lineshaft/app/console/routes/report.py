"""The report of a stretch of history: one HTML file, shown in the page or saved."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from lineshaft.app.console.context import Console, Here, Viewer
from lineshaft.app.console.reports.make import pages
from lineshaft.app.console.security.headers import REPORT_POLICY
from lineshaft.app.console.works import Work
from lineshaft.app.report import in_theme
from lineshaft.core.errors import UsageError

router = APIRouter(prefix="/api/v1/report", tags=["report"])
MS = 1_000_000
LATEST, LONGEST_S = 9_000_000_000_000, 600
Start = Annotated[int, Query(ge=0, le=LATEST, description="ms")]
End = Annotated[int, Query(ge=0, le=LATEST, description="ms")]


class Making(BaseModel):
    """A report on its way; ask again until it is done."""

    state: str = Field(description="running or done")
    done: int
    total: int = Field(description="0 where it is not known")


@router.get("")
def making(here: Here, _: Viewer, start: Start, end: End) -> Making:
    """How far the report of a stretch is; begun by the first who asks, and kept a while."""
    work = _work(here, start, end)
    return Making(state=work.state, done=work.done, total=work.total)


@router.get("/page", response_class=Response,
            responses={200: {"description": "the report", "content": {"text/html": {}}}})
def page(here: Here, _: Viewer, start: Start, end: End, lang: Literal["en", "zh"] = "en",
         theme: Literal["auto", "light", "dark"] = "auto",
         save: Annotated[bool, Query(description="as a file to keep")] = False) -> Response:
    """The report as one HTML document, once it is made."""
    work = _work(here, start, end)
    work.ended.wait(LONGEST_S)
    if work.error is not None:
        raise work.error
    headers = {"Content-Security-Policy": REPORT_POLICY, "Cache-Control": "no-store"}
    if save:
        since = str(np.datetime64(start, "ms").astype("datetime64[s]")).replace("-", "").replace(":", "")
        headers["Content-Disposition"] = f'attachment; filename="report-{since}Z.html"'
    return HTMLResponse(in_theme(work.result[lang], theme), headers=headers)


def _work(here: Console, start: int, end: int) -> Work:
    if end <= start:
        raise UsageError("this stretch is empty", where="end", do="choose an end after the start")
    project, historian = here.existing(), here.historian
    work = here.works.ask(("report", historian.folder, start, end), lambda progress: pages(
        project, historian, here.bands, start * MS, end * MS, progress))
    if work.error is not None:
        raise work.error
    return work
