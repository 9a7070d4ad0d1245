"""Fixtures for every test: seeded randomness, and the shared data where it lies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lineshaft.core.clock import ManualClock

BROWSER = "tests/browser/"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of the pages share a system of six processes and go to one worker; the others wherever there is room.

    Not by ``--dist loadgroup``: xdist 3.8 writes a group behind an item's name, which pytest 9.2 no longer reads.
    """
    from xdist.scheduler import LoadScopeScheduling

    class OneSystem(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return BROWSER if nodeid.startswith(BROWSER) else nodeid

    return OneSystem(config, log)



@pytest.fixture
def rng() -> np.random.Generator:
    """Randomness that is the same in every run."""
    return np.random.default_rng(20260101)


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates of this process find that a step takes no time: a busy machine refuses none."""
    _take_no_time(monkeypatch)


@pytest.fixture(scope="module")
def untimed_module() -> Iterator[None]:
    """The same for fixtures that many tests of a module share."""
    with pytest.MonkeyPatch.context() as patch:
        _take_no_time(patch)
        yield


def _take_no_time(patch: pytest.MonkeyPatch) -> None:
    from lineshaft.bundle.certify import certify

    patch.setattr("lineshaft.app.lowering.certify", partial(certify, clock=ManualClock()))


@pytest.fixture
def shared_data() -> Path:
    """The folder of real industrial data; skips where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LINESHAFT_DATA", beside))
    if not folder.is_dir():
        pytest.skip("the shared data folder is absent; set LINESHAFT_DATA to where it lies")
    return folder
