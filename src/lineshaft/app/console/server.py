"""The application: every router of ``routes/``, errors as sentences, and the files of the page itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from lineshaft import __version__
from lineshaft.app.console import routes
from lineshaft.app.console.context import Console, NotFound
from lineshaft.app.console.door import NotAllowed, NotLoggedIn
from lineshaft.app.console.pages import STATIC, index, style
from lineshaft.app.console.security.errors import MustWait, NoSuchAccount
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, Refused, UsageError

_STATUS: dict[type[LineshaftError], int] = {NotLoggedIn: 401, NotAllowed: 403, NotFound: 404,
                                            NoSuchAccount: 404, Refused: 409, MustWait: 429, UsageError: 400,
                                            EnvironmentFailed: 503}


class Failure(BaseModel):
    """What went wrong, for a person."""

    error: str = Field(description="the whole sentence")
    what: str = Field(description="the fact")
    where: str = Field("", description="file, key, tag or page")
    do: str = Field("", description="the next step")


def make_app(console: Console) -> FastAPI:
    """The console of one project folder."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await console.open()
        try:
            yield
        finally:
            await console.close()

    app = FastAPI(title="Lineshaft console", version=__version__, lifespan=life, docs_url=None, redoc_url=None,
                  openapi_url="/api/v1/openapi.json",
                  middleware=console.door.middleware(), description="What the console itself uses. Times are UTC "
                  "milliseconds since 1970; errors are sentences.")
    app.state.console = console
    failures: dict[int | str, dict[str, object]] = {code: {"model": Failure} for code in _STATUS.values()}
    failures["4XX"] = {"model": Failure}
    for router in routers():
        app.include_router(router, responses=failures)
    app.add_exception_handler(LineshaftError, _sentence)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http)
    app.add_api_route("/", index, include_in_schema=False)
    app.add_api_route("/static/console.css", style, include_in_schema=False)
    app.mount("/static", Static(directory=STATIC), name="static")
    return app


def routers() -> Iterator[APIRouter]:
    """One a file of ``routes/``."""
    for module in sorted(pkgutil.iter_modules(routes.__path__), key=lambda one: one.name):
        yield importlib.import_module(f"{routes.__name__}.{module.name}").router


class Static(StaticFiles):
    """Files of the page; a browser asks each time whether they changed, and mostly they did not."""

    def file_response(self, full_path: str | Path, *words: object, **named: object) -> Response:  # type: ignore[override]
        answer = super().file_response(full_path, *words, **named)  # type: ignore[arg-type]
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def status_of(error: LineshaftError) -> int:
    """The HTTP status of an error, by the nearest class that has one."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def _answer(status: int, what: str, where: str = "", do: str = "", error: str = "") -> JSONResponse:
    return JSONResponse({"error": error or what, "what": what, "where": where, "do": do}, status,
                        headers={"Cache-Control": "no-store"})


async def _sentence(_: Request, error: Exception) -> Response:
    assert isinstance(error, LineshaftError)
    answer = _answer(status_of(error), error.what, error.where, error.do, str(error))
    if isinstance(error, MustWait):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


async def _not_understood(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    told = UsageError(f"the request is not understood: {first['msg'][:1].lower()}{first['msg'][1:]}", where=where,
                      do="see /api/v1/openapi.json")
    return _answer(400, told.what, told.where, told.do, str(told))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {404: ("there is nothing here", "see /api/v1/openapi.json"),
             405: (f"{request.method} is not possible here", "see /api/v1/openapi.json")}
    what, do = known.get(error.status_code, (str(error.detail), ""))
    told = UsageError(what, where=request.url.path, do=do)
    answer = _answer(error.status_code, told.what, told.where, told.do, str(told))
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        answer.headers["Allow"] = ", ".join(sorted(_allowed(request.url.path)))
    return answer


def _allowed(path: str) -> set[str]:
    """The methods of all routes of a path; the framework names those of the first one only.

    A path that is written out goes before one whose parameter it could be as well.
    """
    found = [route for router in routers() for route in router.routes
             if isinstance(route, APIRoute) and route.path_regex.match(path)]
    least = min((len(route.param_convertors) for route in found), default=0)
    return {method for route in found if len(route.param_convertors) == least for method in route.methods or ()}
