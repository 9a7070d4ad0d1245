"""Fixtures for every test: seeded randomness, and the shared data where it lies."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lineshaft.core.clock import ManualClock

BROWSER = "tests/browser/"
WIDE = re.compile(r'scope="(module|package|session)"|^@(lru_)?cache\b', re.MULTILINE)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests that share something go to one worker, so that it is made once; the others wherever there is room.

    Those of the pages share a system of six processes, those of a file what it keeps for all of them (``_shares``).
    Not by ``--dist loadgroup``: xdist 3.8 writes a group behind an item's name, which pytest 9.2 no longer reads.
    """
    from xdist.scheduler import LoadScopeScheduling

    @cache
    def together(file: str) -> bool:
        return _shares(config.rootpath / file)

    class ByWhatIsShared(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(BROWSER):
                return BROWSER
            file = nodeid.partition("::")[0]
            return file if together(file) else nodeid

    return ByWhatIsShared(config, log)


def _shares(file: Path) -> bool:
    """Whether the tests of a file use a fixture wider than one test, of its own or of its folder, or keep results."""
    near = (one for one in (file, file.with_name("conftest.py")) if one.is_file())
    return file.name.startswith("test_") and any(WIDE.search(one.read_text("utf-8")) for one in near)


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
