"""What stands around every page: where one goes, what is said when the server is lost, languages, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.browser.screen import Screen
from tests.browser.system import System
from tests.processes import until

from lineshaft.app.console.pages import languages, names, words

LOST = (r"ERR_CONNECTION_REFUSED", r"WebSocket connection to", r"ERR_CONNECTION_RESET", r"ERR_EMPTY_RESPONSE",
        r"ERR_SOCKET_NOT_CONNECTED")


def test_every_page_opens_and_asks_nobody_but_this_machine(screen: Screen) -> None:
    for name in names():
        screen.open(name)
    assert len(screen.urls) > len(names())
    assert any(url.startswith("ws://127.0.0.1:") for url in screen.urls)
    assert not screen.strangers()


def test_the_rail_leads_to_every_page_and_says_where_one_is(screen: Screen) -> None:
    page = screen.open()
    links = page.locator("nav.rail a")
    for place in range(links.count()):
        links.nth(place).click()
        expect(links.nth(place)).to_have_attribute("aria-current", "page")
        expect(page.locator("main h1").first).to_be_visible()
        expect(page).to_have_title(re.compile(re.escape(links.nth(place).locator("span").first.inner_text())))


@pytest.mark.parametrize("lang", languages())
def test_the_language_is_the_browsers_until_somebody_chooses(
        lang: str, windows: Callable[..., Screen], system: System) -> None:
    other = next(one for one in languages() if one != lang)
    screen = windows(system.url, lang=lang)
    page = screen.open("trend")
    expect(page.locator("main h1").first).to_have_text(words(lang)["trend.title"])
    page.locator("header.top").get_by_role("button", name="English" if other == "en" else "中文").click()
    expect(page.locator("main h1").first).to_have_text(words(other)["trend.title"])
    page.reload()
    expect(page.locator("main h1").first).to_have_text(words(other)["trend.title"])
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if other == "zh" else other)


def test_the_theme_is_the_systems_until_somebody_chooses(screen: Screen) -> None:
    page = screen.open()
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    choice = page.get_by_label(words("en")["common.theme.label"])
    choice.select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(paper) != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(choice).to_have_value("dark")
    choice.select_option("auto")
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")
    assert page.evaluate(paper) == light


def test_a_console_that_was_killed_is_said_to_be_lost_and_heals_by_itself(screen: Screen, system: System) -> None:
    page = screen.open("plant")
    health = page.locator("header.top .state")
    fresh, old = page.locator("li.tagrow:not(.stale)"), page.locator("li.tagrow.stale")
    expect(health).to_have_class(re.compile(r"\bok\b"))
    expect(fresh.first).to_be_visible()
    lost = page.locator(".bannerline.lost")
    page.evaluate("document.documentElement.dataset.same = 'window'")
    with screen.forgiving(*LOST):
        system.console().kill()
        expect(lost).to_be_visible()
        expect(health).not_to_have_class(re.compile(r"\bok\b"))
        expect(fresh).to_have_count(0)
        expect(old.first).to_be_visible()
        system.answering()
        expect(lost).to_have_count(0)
        expect(health).to_have_class(re.compile(r"\bok\b"))
        expect(fresh.first).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-same", "window")


def test_a_console_that_hangs_is_said_to_be_lost_too(screen: Screen, system: System) -> None:
    page = screen.open()
    lost = page.locator(".bannerline.lost")
    expect(page.locator("header.top .state.ok")).to_be_visible()
    with screen.forgiving(*LOST):
        console = system.console()
        console.suspend()
        try:
            expect(lost).to_be_visible()
        finally:
            console.resume()
        expect(lost).to_have_count(0)


def test_a_node_that_stops_is_said_to_be_gone(screen: Screen, system: System) -> None:
    page = screen.open()
    health = page.locator("header.top .state")
    expect(health).to_have_class(re.compile(r"\bok\b"))
    [node] = system.run.nodes()
    node.kill()
    expect(health).not_to_have_class(re.compile(r"\bok\b"))
    until(lambda: [one for one in system.run.nodes() if one.pid != node.pid], "second node")
    expect(health).to_have_class(re.compile(r"\bok\b"))
