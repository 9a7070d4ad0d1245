"""People at the console: logging in, being turned away, keeping accounts, and reading what everybody did."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.screen import Screen

from lineshaft.app.console.door import Person, Role
from lineshaft.app.console.pages import languages, words
from lineshaft.app.console.security.passwords import Passwords
from lineshaft.app.console.security.people import People
from lineshaft.app.template import template

PASSWORD, OWN = "correct horse battery", "a password of my own"
REFUSED = (r"status of 4\d\d",)  # a browser calls every refusal an error
Windows = Callable[..., Screen]
EN = words("en")


@dataclass(frozen=True, slots=True)
class Guarded:
    """A console with accounts over a project that nothing runs in."""

    url: str
    people: People


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("people")
    (folder / "lineshaft.toml").write_text(f"{template()}\n[console]\nusers = true\n", "utf-8")
    people = People(folder, passwords=Passwords(passes=1, memory_kib=64))
    for role in Role:
        people.accounts.add(Person("root", Role.ADMIN), role.word, role, PASSWORD.upper(), must_change=False)
    with subprocess.Popen([sys.executable, "-m", "lineshaft", "console", "serve", "--project", str(folder), "--port",
                           "0"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield Guarded(json.loads(server.stdout.readline())["url"], people)
        finally:
            server.terminate()
            people.close()


def log_in(page: Page, name: str, password: str = PASSWORD.upper(), lang: str = "en") -> None:
    told = words(lang)
    page.get_by_label(told["login.name"], exact=True).fill(name)
    page.get_by_label(told["login.password"], exact=True).fill(password)
    page.get_by_role("button", name=told["login.enter"], exact=True).click()


@pytest.fixture
def opened(windows: Windows, guarded: Guarded) -> Callable[..., tuple[Screen, Page]]:
    """A window where that person is logged in, on that page."""

    def begin(name: str, view: str = "account", **look: str) -> tuple[Screen, Page]:
        screen = windows(guarded.url, **look)
        page = screen.open(view, ready="form.entry")
        log_in(page, name, lang=look.get("lang", "en"))
        expect(page.locator("main h1").first).to_be_visible()
        return screen, page

    return begin


@pytest.mark.parametrize("lang", languages())
def test_who_is_not_logged_in_sees_nothing_but_the_login(windows: Windows, guarded: Guarded, lang: str) -> None:
    screen = windows(guarded.url, lang=lang)
    page = screen.open("audit", ready="form.entry")
    expect(page.get_by_label(words(lang)["login.name"], exact=True)).to_be_focused()
    assert page.locator("nav.rail").count() == 0
    assert "hall1" not in screen.text()
    assert not any("/api/v1/live" in url for url in screen.urls)


def test_a_wrong_password_is_said_and_the_wait_counts_down(windows: Windows, guarded: Guarded) -> None:
    screen = windows(guarded.url)
    page = screen.open(ready="form.entry")
    said = page.locator(".said")
    button = page.get_by_role("button", name=EN["login.enter"], exact=True)
    with screen.forgiving(*REFUSED):
        for _ in range(12):  # on a slow machine a short wait is over before the next attempt; each is longer
            log_in(page, "somebody", "a guess")
            expect(page.get_by_label(EN["login.password"], exact=True)).to_have_value("")
            expect(said).not_to_be_empty()
            if "Try again in" in said.inner_text():
                break
        else:
            pytest.fail("nobody had to wait")
        expect(button).to_be_disabled()
        expect(button).to_be_enabled()


def test_logging_in_leads_where_one_wanted_to_go(opened: Callable[..., tuple[Screen, Page]]) -> None:
    screen, page = opened("engineer", "audit")
    expect(page.locator("main h1").first).to_have_text(EN["audit.nav"])
    expect(page.locator("header.top")).to_contain_text("engineer")
    page.locator("header.top").get_by_role("link", name="engineer").click()
    page.get_by_role("button", name=EN["login.leave"]).click()
    expect(page.locator("form.entry")).to_be_visible()
    assert any("/api/v1/live" in url for url in screen.urls)


@pytest.mark.parametrize("role", list(Role))
def test_pages_that_one_may_not_use_are_not_offered(opened: Callable[..., tuple[Screen, Page]], role: Role) -> None:
    _, page = opened(role.word)
    rail = page.locator("nav.rail")
    expect(rail.get_by_text(EN["account.nav"])).to_have_count(1 if role is Role.ADMIN else 0)
    expect(rail.get_by_text(EN["audit.nav"])).to_have_count(1 if role >= Role.ENGINEER else 0)
    expect(page.locator("table.accounts")).to_have_count(1 if role is Role.ADMIN else 0)


def test_a_new_person_gets_an_account_chooses_a_password_and_is_kept_out_at_once(
        opened: Callable[..., tuple[Screen, Page]], windows: Windows, guarded: Guarded) -> None:
    _, admin = opened("admin")
    admin.get_by_role("button", name=EN["account.add"]).click()
    dialog = admin.locator("dialog[open]")
    expect(dialog.get_by_label(EN["login.name"], exact=True)).to_be_focused()
    dialog.get_by_label(EN["login.name"], exact=True).fill("ben")
    dialog.get_by_label(EN["account.roles.operator"]).check()
    first = dialog.get_by_label(EN["account.initial"]).input_value()
    assert re.fullmatch(r"(\w{4}-){3}\w{4}", first)
    dialog.get_by_role("button", name=EN["account.add"]).click()
    row = admin.locator("table.accounts tr", has_text="ben")
    expect(row).to_contain_text(EN["account.state.must_change"])

    screen = windows(guarded.url)
    ben = screen.open(ready="form.entry")
    log_in(ben, "ben", first)
    expect(ben.get_by_label(EN["login.old"])).to_be_visible()
    assert ben.locator("nav.rail").count() == 0
    ben.get_by_label(EN["login.old"]).fill(first)
    ben.get_by_label(EN["login.new"], exact=True).fill("short")
    ben.get_by_label(EN["login.again"]).fill("short")
    ben.get_by_role("button", name=EN["login.choose"]).click()
    expect(ben.get_by_role("alert")).to_contain_text("fewer than 10")
    ben.get_by_label(EN["login.new"], exact=True).fill(OWN)
    ben.get_by_label(EN["login.again"]).fill(OWN)
    ben.get_by_role("button", name=EN["login.choose"]).click()
    expect(ben.locator("nav.rail")).to_be_visible()

    with screen.forgiving(*REFUSED):
        admin.get_by_role("button", name=EN["account.keep_out_of"].replace("{name}", "ben")).click()
        admin.locator("dialog[open]").get_by_role("button", name=EN["account.keep_out"], exact=True).click()
        expect(row).to_contain_text(EN["account.state.out"])
        expect(ben.locator("form.entry")).to_be_visible()
        log_in(ben, "ben", OWN)
        expect(ben.get_by_role("alert")).to_contain_text("this account is disabled")


def test_the_last_administrator_is_told_why_not(opened: Callable[..., tuple[Screen, Page]]) -> None:
    screen, page = opened("admin")
    page.get_by_role("button", name=EN["account.role_of"].replace("{name}", "admin")).click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label(EN["account.roles.viewer"]).check()
    with screen.forgiving(*REFUSED):
        dialog.get_by_role("button", name=EN["common.save"]).click()
        expect(dialog.get_by_role("alert")).to_contain_text("admin is the last administrator")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_log_is_searched_proved_and_taken_along(opened: Callable[..., tuple[Screen, Page]], tmp_path: Path) -> None:
    _, page = opened("engineer", "audit")
    rows = page.locator("table.audit tbody tr")
    expect(rows.first).to_contain_text("engineer")
    page.get_by_label(EN["common.search"]).fill("viewer")
    expect(rows.first).to_contain_text("viewer")
    expect(page).to_have_url(re.compile("find=viewer"))
    page.reload()
    expect(rows.first).to_contain_text("viewer")
    page.get_by_label(EN["common.search"]).fill("nothing like this")
    expect(page.locator(".empty")).to_contain_text(EN["audit.none"])
    page.get_by_role("button", name=EN["audit.all"]).click()
    expect(page.get_by_label(EN["common.search"])).to_have_value("")
    page.get_by_role("button", name=EN["audit.prove"]).click()
    expect(page.locator(".proof")).to_contain_text("as they were written")
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    taken.value.save_as(tmp_path / "audit.csv")
    assert "account added" in (tmp_path / "audit.csv").read_text("utf-8-sig")
