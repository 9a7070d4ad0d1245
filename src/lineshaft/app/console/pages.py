"""The page itself: its frame, its style in one piece, its words, and which pages there are."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from lineshaft.app import look
from lineshaft.core.errors import UsageError

HERE = Path(str(resources.files("lineshaft.app.console")))
STATIC, LOCALE = HERE / "static", HERE / "locale"


def index(request: Request) -> Response:
    """The frame; everything else is asked for by its script."""
    return _file((STATIC / "index.html").read_bytes(), "text/html; charset=utf-8", request)


def style(request: Request) -> Response:
    """All style sheets as one: tokens first, then what stands beside each part and page."""
    return _file(_style(), "text/css; charset=utf-8", request)


def names() -> list[str]:
    """The pages, as their files say."""
    return sorted(path.stem for path in (STATIC / "pages").glob("*.js"))


def languages() -> list[str]:
    """The languages, English first."""
    return sorted((path.name for path in LOCALE.iterdir() if path.is_dir()), key=lambda one: (one != "en", one))


@cache
def words(lang: str) -> dict[str, str]:
    """Every word of a language by ``file.key``; keys of tables inside a file are joined with dots.

    The empty key is the word of the table itself: ``[export]`` with ``"" = "Export"`` is ``export``.
    What the report says too is in ``look.``.
    """
    if lang not in languages():
        raise UsageError(f"there are no words in {lang!r}", where="lang", do=f"use one of: {', '.join(languages())}")
    found = _flat("look", look.words(lang))
    for path in sorted((LOCALE / lang).glob("*.toml")):
        found |= _flat(path.stem, tomllib.loads(path.read_text("utf-8")))
    return found


def _flat(prefix: str, table: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in table.items():
        name = f"{prefix}.{key}" if key else prefix
        found |= _flat(name, value) if isinstance(value, dict) else {name: str(value)}
    return found


@cache
def _style() -> bytes:
    sheets = [STATIC / "vendor" / "uplot.css", STATIC / "shell.css",
              *sorted((STATIC / "parts").glob("*.css")), *sorted((STATIC / "pages").glob("*.css"))]
    return b"\n".join([look.style().encode(), *(path.read_bytes() for path in sheets)])


def _file(content: bytes, kind: str, request: Request) -> Response:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)
