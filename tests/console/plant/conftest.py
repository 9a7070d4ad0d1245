"""A project with a real history, and its console asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from lineshaft.app.config import FILE
from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor
from lineshaft.app.console.server import make_app
from lineshaft.app.template import template
from lineshaft.core.tag import Tag
from lineshaft.historian.store import EmbeddedHistorian, open_historian

TAGS = tuple(Tag(f"works/{place}", unit="bar", low=0.0, high=10.0, address=place) for place in
             ("hall1/P10/flow", "hall1/P10/pressure", "hall1/P9/flow", "hall2/T1/level"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / FILE).write_text(template(name="works"), "utf-8")
    return tmp_path


@pytest.fixture
def historian(folder: Path) -> Iterator[EmbeddedHistorian]:
    """Another process's view of the same history."""
    with open_historian(folder / "history") as historian:
        historian.register(TAGS)
        yield historian


@pytest.fixture
def console(folder: Path) -> Console:
    return Console(folder, OpenDoor())


@pytest.fixture
def client(console: Console) -> Iterator[TestClient]:
    with TestClient(make_app(console), base_url="http://127.0.0.1") as client:
        yield client
