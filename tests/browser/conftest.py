"""One system for all tests of the pages, and a browser. They stay on one worker, since each system is six processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.browser.screen import CHROMIUM, FLAGS, Screen
from tests.browser.system import System


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, chromium_there: None) -> Iterator[System]:
    """A plant, a run that decides, a console; whoever changes it leaves it as it was found."""
    with System(tmp_path_factory.mktemp("system")) as found:
        yield found


@pytest.fixture(scope="session")
def chromium_there() -> None:
    """CI has it (.ci/run installs it); a person without it loses these tests, and is told."""
    if not Path(CHROMIUM).exists():
        assert "CI" not in os.environ, f"{CHROMIUM} is missing; .ci/run installs it"
        pytest.skip(f"{CHROMIUM} is missing; on Debian: apt install chromium fonts-noto-cjk")


@pytest.fixture(scope="module")
def browser(chromium_there: None) -> Iterator[Browser]:
    """A module's browser: its event loop must be gone before tests that have one of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def windows(browser: Browser) -> Iterator[Callable[..., Screen]]:
    """Open windows, of any console; all are closed with the test, and complain then."""
    opened: list[Screen] = []

    def begin(url: str, **look: Any) -> Screen:
        opened.append(Screen(browser, url, **look))
        return opened[-1]

    yield begin
    for screen in opened:
        screen.close()


@pytest.fixture
def screen(windows: Callable[..., Screen], system: System) -> Screen:
    """A window on the system: English, light, 1366 x 768."""
    return windows(system.url)
