"""The way into a console with accounts can be used by everybody; what lies behind it is in test_people.py."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.browser.screen import Screen
from tests.browser.test_access import RULES, heavy
from tests.e2e.conftest import settle
from tests.processes import Process

FIRST = "a long first password"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The console of a project with users on and one administrator; nothing runs behind it."""
    place = tmp_path_factory.mktemp("guarded")
    folder = place / "project"
    settle(folder, "opc.tcp://127.0.0.1:1/")
    file = folder / "lineshaft.toml"
    file.write_text(file.read_text("utf-8").replace("[console]\nport = 0\n", "[console]\nport = 0\nusers = true\n"),
                    "utf-8")
    add_admin(folder)
    console = Process(["console", "serve", "--project", str(folder), "--port", "0"], place / "console.log")
    yield str(console.first_line()["url"])
    console.close()


def add_admin(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "lineshaft", "console", "user", "add", "anna", "--role", "admin", "--project",
                    str(folder)], input=f"{FIRST}\n", text=True, check=True, capture_output=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_way_in_has_no_serious_finding(theme: str, guarded: str, windows: Callable[..., Screen]) -> None:
    page = windows(guarded, theme=theme).open()
    assert heavy(Axe().run(page, options=RULES)) == []
