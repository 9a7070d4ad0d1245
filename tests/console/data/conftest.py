"""A project with a real history of some minutes, in which several things went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from lineshaft.app.config import FILE
from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor
from lineshaft.app.console.server import make_app
from lineshaft.app.template import template
from lineshaft.core.clock import SECOND
from lineshaft.core.quality import BAD_NO_COMMUNICATION
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.historian.store import EmbeddedHistorian, open_historian

START, ROWS = 1_700_000_000 * SECOND, 1200
TAGS = (Tag("works/P1/flow", unit="L/min", low=0.0, high=10.0, period_ns=SECOND, address="f"),
        Tag("works/P1/pressure", low=0.0, high=10.0, period_ns=SECOND, address="p"),
        Tag("works/P1/running", unit="1", kind="bool", period_ns=SECOND, address="r"))
FLOW, PRESSURE, RUNNING = (tag.path for tag in TAGS)


def history() -> Samples:
    """Twenty minutes, a row a second: the link is lost at 600 s for ten seconds; flow leaves its range from 900 s to
    909 s; pressure is silent from 200 s to 299 s; running is 0.5 once.
    """
    times = START + np.arange(ROWS, dtype=np.int64) * SECOND
    rng = np.random.default_rng(4)
    values = np.column_stack([rng.normal(5, 0.3, ROWS), rng.normal(6, 0.3, ROWS), np.arange(ROWS) // 300 % 2])
    values[900:910, 0], values[500, 2] = 12.0, 0.5
    quality = np.zeros((ROWS, 3), np.uint32)
    quality[600], values[600] = BAD_NO_COMMUNICATION, np.nan
    there = np.ones((ROWS, 3), np.bool_)
    there[601:610], there[200:300, 1] = False, False
    row, column = np.nonzero(there)
    return Samples(tuple(tag.path for tag in TAGS), column.astype(np.int32), times[row], values[there], quality[there])


@pytest.fixture
def historian(tmp_path: Path) -> Iterator[EmbeddedHistorian]:
    (tmp_path / FILE).write_text(template("opc.tcp://127.0.0.1:4840/plant", name="works"), "utf-8")
    with open_historian(tmp_path / "history") as historian:
        historian.register(TAGS)
        historian.append(history())
        yield historian


@pytest.fixture
def console(tmp_path: Path, historian: EmbeddedHistorian) -> Console:
    return Console(tmp_path, OpenDoor())


@pytest.fixture
def client(console: Console) -> Iterator[TestClient]:
    with TestClient(make_app(console), base_url="http://127.0.0.1") as client:
        yield client
