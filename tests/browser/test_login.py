"""A console with accounts: nobody in without a name, each role as far as it goes, every act with its person."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.browser.screen import Screen
from tests.browser.test_access import RULES, heavy
from tests.e2e.conftest import Process, settle

from lineshaft.app.console.pages import words

SAID = words("en")
FIRST, SECOND = "a long first password", "quite another sentence"
NOT_IN = r"401 \(Unauthorized\)"
NO_NODE = r"503 \(Service Unavailable\)"


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


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_label(SAID["login.name"], exact=True).fill(name)
    page.get_by_label(SAID["login.password"], exact=True).fill(password)
    page.get_by_role("button", name=SAID["login.enter"], exact=True).click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_way_in_has_no_serious_finding(theme: str, guarded: str, windows: Callable[..., Screen]) -> None:
    page = windows(guarded, theme=theme).open()
    assert heavy(Axe().run(page, options=RULES)) == []


def test_nothing_is_shown_to_somebody_who_is_not_logged_in(guarded: str, windows: Callable[..., Screen]) -> None:
    screen = windows(guarded)
    page = screen.open("alarm")
    expect(page.get_by_label(SAID["login.name"], exact=True)).to_be_focused()
    with screen.forgiving(NOT_IN):
        log_in(page, "anna", "wrong, and long enough")
        expect(page.get_by_role("alert")).to_contain_text(SAID["login.wrong"])
    expect(page.get_by_label(SAID["login.password"], exact=True)).to_have_value("")
    expect(page.locator("nav.rail")).to_have_count(0)
    assert not [url for url in screen.urls if "/api/" in url and "/shell" not in url and "/session" not in url]


def test_an_administrator_lets_somebody_in_who_gets_as_far_as_the_role_allows(
        guarded: str, windows: Callable[..., Screen]) -> None:
    """One story, since each step needs the one before."""
    admin = windows(guarded)
    page = admin.open("account")
    log_in(page, "anna", FIRST)
    page.locator("nav.rail").get_by_text(SAID["account.nav"]).click()
    page.get_by_role("button", name=SAID["account.add"]).first.click()
    asked = page.get_by_role("dialog")
    asked.get_by_label(SAID["login.name"], exact=True).fill("ben")
    asked.get_by_label(SAID["account.roles.operator"]).check()
    given = asked.get_by_label(SAID["account.initial"], exact=True).input_value()
    assert len(given) >= 16
    asked.locator("button.primary").click()
    expect(asked).to_have_count(0)
    expect(page.get_by_role("row", name="ben")).to_contain_text(SAID["account.state.must_change"])

    screen = windows(guarded, lang="zh")
    page = screen.open("alarm")
    page.get_by_role("button", name="English").click()
    log_in(page, "ben", given)
    with screen.forgiving(NOT_IN, NO_NODE):  # ben is turned out later, and nothing runs behind this console
        page.get_by_label(SAID["login.old"], exact=True).fill(given)
        for label in ("login.new", "login.again"):
            page.get_by_label(SAID[label], exact=True).fill(SECOND)
        page.get_by_role("button", name=SAID["login.choose"], exact=True).click()
        expect(page.locator("nav.rail")).to_be_visible()
        expect(page.locator("header.top")).to_contain_text("ben")
        expect(page.locator("nav.rail").get_by_text(SAID["account.nav"])).to_have_count(0)
        expect(page.locator("nav.rail").get_by_text(SAID["audit.nav"])).to_have_count(0)
        kept = {cookie["name"]: cookie for cookie in screen.context.cookies()}
        assert all(cookie["httpOnly"] and cookie["sameSite"] == "Strict" for cookie in kept.values()) and kept
        assert SECOND not in str(screen.page.evaluate("() => JSON.stringify([localStorage, sessionStorage])"))

        page = admin.page
        page.get_by_role("button", name=SAID["account.keep_out_of"].format(name="ben")).click()
        page.get_by_role("dialog").locator("button.danger").click()
        expect(page.get_by_role("row", name="ben")).to_contain_text(SAID["account.state.out"])
        expect(screen.page.get_by_label(SAID["login.name"], exact=True)).to_be_visible(timeout=20_000)

        page.locator("nav.rail").get_by_text(SAID["audit.nav"]).click()
        log = page.locator("table.audit tbody")
        for person in ("anna", "ben"):
            expect(log.get_by_text(person, exact=True).first).to_be_visible()
        page.locator("header.top").get_by_text("anna").click()
        page.get_by_role("button", name=SAID["login.leave"], exact=True).click()
        expect(page.get_by_label(SAID["login.name"], exact=True)).to_be_visible()
