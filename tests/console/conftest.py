"""The console's application over a folder in which nothing is set up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor
from lineshaft.app.console.server import make_app


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return make_app(Console(tmp_path, OpenDoor()))


@pytest.fixture
def contract(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    return app.openapi()
